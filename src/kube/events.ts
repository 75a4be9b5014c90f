// Records what happened to an object as Kubernetes events. The same thing happening again raises
// the count of the event that is there. Losing an event loses nothing else, so nobody waits for one.
import { randomInt } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import { formatTimestamp } from "../lib/timestamp.ts";
import { eventKind, type Event, type EventType } from "../resources/event.ts";
import type { KubeObject } from "../resources/object.ts";
import { isNotFound, type KubeClient } from "./client.ts";

export type EventRecorderOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Who reports: the name in `kubectl describe`'s From column. */
  readonly component: string;
  readonly log: (line: string) => void;
};

/** Distinct events remembered for counting; the oldest are forgotten first. */
const rememberedMax = 2_000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #counted = new Map<string, { readonly event: Event; readonly count: number }>();
  #writes: Promise<void> = Promise.resolve();
  /** Begins anywhere, so that two recorders in one millisecond do not choose the same names. */
  #serial = randomInt(500_000);

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once; the write follows. */
  record(object: KubeObject, type: EventType, reason: string, message: string): void {
    this.#writes = this.#writes
      .then(() => this.#write(object, type, reason, message))
      .catch((error: unknown) =>
        this.#options.log(`event ${reason} not written: ${String(error)}`),
      );
  }

  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void> {
    return this.#writes;
  }

  async #write(
    object: KubeObject,
    type: EventType,
    reason: string,
    message: string,
  ): Promise<void> {
    const { client, clock } = this.#options;
    const identity = JSON.stringify([object.kind, object.metadata.uid, type, reason, message]);
    const lastTimestamp = formatTimestamp(clock.nowMs());
    const counted = this.#counted.get(identity);
    if (counted) {
      const count = counted.count + 1;
      try {
        await client.patch(eventKind, counted.event.metadata, { count, lastTimestamp });
        this.#remember(identity, { event: counted.event, count });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error; // Expired or deleted meanwhile: it starts anew below.
      }
    }
    const event = await client.create(eventKind, this.#eventOf(object, type, reason, message));
    this.#remember(identity, { event, count: 1 });
  }

  #eventOf(object: KubeObject, type: EventType, reason: string, message: string): Event {
    const { clock, component } = this.#options;
    const { name, namespace = "default", uid, resourceVersion } = object.metadata;
    const now = formatTimestamp(clock.nowMs());
    // Unique among the events of this recorder, and over restarts because time has gone on.
    const suffix = (BigInt(clock.nowMs()) * 1_000_000n + BigInt(this.#serial++)).toString(16);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${suffix}`, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        namespace,
        name,
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
      },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
  }

  #remember(identity: string, entry: { readonly event: Event; readonly count: number }): void {
    this.#counted.delete(identity);
    this.#counted.set(identity, entry);
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > rememberedMax && oldest !== undefined) this.#counted.delete(oldest);
  }
}
