// Writes the newest state of one thing, one write at a time: states that are overtaken while a write
// is under way are never written. A failed write is tried again with growing pauses.
import { sleep, type Clock } from "../../lib/clock.ts";

export type LatestWriterOptions = {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Writes the state as it is now. */
  readonly write: () => Promise<void>;
};

const firstRetryMs = 50;
const longestRetryMs = 5_000;

export class LatestWriter {
  readonly #options: LatestWriterOptions;
  readonly #closed = new AbortController();
  #changed = false;
  #writing: Promise<void> | undefined;

  constructor(options: LatestWriterOptions) {
    this.#options = options;
  }

  /** Says that the state has changed; returns at once. */
  poke(): void {
    if (this.#closed.signal.aborted) return;
    this.#changed = true;
    this.#writing ??= this.#drain();
  }

  /** Resolves when the state as of now is written, or the writer was closed. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** From now on nothing is written, and nothing is tried again. */
  close(): void {
    this.#closed.abort();
  }

  async #drain(): Promise<void> {
    const { clock, log, write } = this.#options;
    let retryMs = firstRetryMs;
    while (this.#changed && !this.#closed.signal.aborted) {
      this.#changed = false;
      try {
        await write();
        retryMs = firstRetryMs;
      } catch (error) {
        if (this.#closed.signal.aborted) break;
        log(`${String(error)}; trying again in ${retryMs} ms`);
        this.#changed = true;
        await sleep(clock, retryMs, this.#closed.signal);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
    }
    // In one step with the last look at the flag, or a change in between would be lost.
    this.#writing = undefined;
  }
}
