// A queue of keys that never holds a key twice and never hands one out while it is being worked on.
// A key that is added meanwhile comes again afterwards.
import type { CancelTimer, Clock } from "../lib/clock.ts";

const firstBackOffMs = 20;
const longestBackOffMs = 60_000;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, { readonly atMs: number; readonly cancel: CancelTimer }>();
  readonly #failures = new Map<string, number>();
  #sleepers: (() => void)[] = [];
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.add(key);
    this.#wakeAll();
  }

  /** Adds the key after a while. Of several delays for one key the shortest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    const atMs = this.#clock.nowMs() + delayMs;
    const pending = this.#timers.get(key);
    if (pending && pending.atMs <= atMs) return;
    pending?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { atMs, cancel });
  }

  /** Adds the key after a delay that doubles with each failure in a row. Returns the delay in ms. */
  addAfterFailure(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.min(firstBackOffMs * 2 ** failures, longestBackOffMs);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  forgetFailures(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, marked as being worked on; undefined once the queue is closed. */
  async take(): Promise<string | undefined> {
    while (!this.#closed) {
      const [key] = this.#waiting;
      if (key !== undefined) {
        this.#waiting.delete(key);
        this.#working.add(key);
        return key;
      }
      await new Promise<void>((resolve) => this.#sleepers.push(resolve));
    }
    return undefined;
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#waiting.clear();
    this.#wakeAll();
  }

  #wakeAll(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}
