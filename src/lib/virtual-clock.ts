// A clock that moves only when told to. Timers fire in order of their time, then of their making,
// so that a run is the same every time.
import type { CancelTimer, Clock } from "./clock.ts";

type Timer = { readonly atMs: number; readonly run: () => void };

export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #timers: Timer[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), run };
    const later = this.#timers.findIndex((other) => other.atMs > timer.atMs);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /**
   * Moves the time forward by `durationMs` and fires what falls due on the way, each timer at its
   * own time. Between two timers pending promises get a turn, so that what a timer set going can
   * set the next one.
   */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (;;) {
      const next = this.#timers[0];
      if (!next || next.atMs > endMs) break;
      this.#timers.shift();
      this.#nowMs = next.atMs;
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Lets promise chains of ordinary depth run to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
