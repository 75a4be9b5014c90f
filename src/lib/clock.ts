// The clock port: everything that waits or asks for the time does so through a Clock, so that the
// same code runs on the wall clock and, in tests and simulations, on a virtual one.

/** Stops a pending timer; calling it after the timer fired does nothing. */
export type CancelTimer = () => void;

export type Clock = {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `run` once, `delayMs` from now (at once when it is not positive), never synchronously. */
  after(delayMs: number, run: () => void): CancelTimer;
};

/** Resolves `delayMs` from now, or as soon as `signal` aborts; it never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      cancel();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const cancel = clock.after(delayMs, wake);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
