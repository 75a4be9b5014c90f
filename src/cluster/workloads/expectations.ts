// What a loop has done and not yet seen. Between a write and its echo through the watch, a cache is
// old; a loop that counted then would make too many pods or delete too many. So it waits until every
// write of its own has come back, or has been overdue for so long that the echo is lost for good.
import type { Clock } from "../../lib/clock.ts";

/**
 * A write comes back within milliseconds. One that has not after this long was undone before the
 * watch saw it (created and deleted while the watch was being re-established).
 */
const overdueMs = 30_000;

export class Expectations {
  readonly #clock: Clock;
  /** By owner: the keys of the objects written to, and when. */
  readonly #awaited = new Map<string, Map<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called before the write, because its echo may overtake its answer. */
  expect(owner: string, key: string): void {
    const keys = this.#awaited.get(owner) ?? new Map<string, number>();
    this.#awaited.set(owner, keys.set(key, this.#clock.nowMs()));
  }

  /** The echo came, or the write failed. */
  settle(owner: string, key: string): void {
    const keys = this.#awaited.get(owner);
    if (keys?.delete(key) && keys.size === 0) this.#awaited.delete(owner);
  }

  /** How long the owner has to wait at most before it may count again: 0 when nothing is awaited. */
  waitMs(owner: string): number {
    const keys = this.#awaited.get(owner);
    if (!keys) return 0;
    const nowMs = this.#clock.nowMs();
    for (const [key, sinceMs] of keys) if (nowMs - sinceMs >= overdueMs) this.settle(owner, key);
    return Math.max(0, ...[...keys.values()].map((sinceMs) => sinceMs + overdueMs - nowMs));
  }
}
