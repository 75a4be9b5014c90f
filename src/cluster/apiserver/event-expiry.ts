// Events are news: an hour after an event last happened it is removed, as upstream does, so that a
// cluster that runs for weeks does not fill up with them.
import type { CancelTimer, Clock } from "../../lib/clock.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import { keyOf } from "../../resources/object.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Store } from "./store.ts";

const eventLifetimeMs = 3_600_000;
const checkIntervalMs = 60_000;

export class EventExpiry {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  #cancel: CancelTimer = () => {};

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly log: (line: string) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  start(): void {
    this.#cancel = this.#clock.after(checkIntervalMs, () => {
      this.#removeOld();
      this.start();
    });
  }

  close(): void {
    this.#cancel();
  }

  /** A full disk, on which nothing can be removed either, must not end the cluster. */
  #removeOld(): void {
    const oldestMs = this.#clock.nowMs() - eventLifetimeMs;
    try {
      for (const event of this.#store.list("events"))
        if (lastSeenMs(event) < oldestMs) this.#store.remove("events", keyOf(event));
    } catch (error) {
      this.#log(`old events are kept: ${String(error)}`);
    }
  }
}

function lastSeenMs(event: KubeObject): number {
  const { lastTimestamp } = event as { readonly lastTimestamp?: string };
  const text = lastTimestamp ?? event.metadata.creationTimestamp ?? "";
  return parseTimestamp(text) ?? Infinity;
}
