// Carries what an engine generates to the one that reads it. The engine pushes and never waits:
// an answer's length is bounded, and so is what can pile up here.
import type { Generation } from "./engine.ts";

export class GenerationQueue implements AsyncIterable<Generation> {
  readonly #items: Generation[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  push(item: Generation): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** No more will come; what was pushed can still be read. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Generation> {
    for (;;) {
      const item = this.#items.shift();
      if (item) yield item;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
