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
  #cancel: CancelTimer = () => {};

  constructor(options: { readonly store: Store; readonly clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  start(): void {
    this.#cancel = this.#clock.after(checkIntervalMs, () => {
      const oldestMs = this.#clock.nowMs() - eventLifetimeMs;
      for (const event of this.#store.list("events"))
        if (lastSeenMs(event) < oldestMs) this.#store.remove("events", keyOf(event));
      this.start();
    });
  }

  close(): void {
    this.#cancel();
  }
}

function lastSeenMs(event: KubeObject): number {
  const { lastTimestamp } = event as { readonly lastTimestamp?: string };
  const text = lastTimestamp ?? event.metadata.creationTimestamp ?? "";
  return parseTimestamp(text) ?? Infinity;
}
