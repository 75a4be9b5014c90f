// Records what happened to an object as Kubernetes events. The same thing happening again raises the
// count of the event that is there. Losing an event loses nothing else, so nobody waits for one.
import { randomInt } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import { formatTimestamp } from "../lib/timestamp.ts";
import { eventKind, type Event, type EventType, type ObjectReference } from "../resources/event.ts";
import { keyOf, type KubeObject } from "../resources/object.ts";
import { isNamespaceTerminating, isNotFound, type KubeClient, type ObjectKey } from "./client.ts";
import { EventCorrelator, remember } from "./event-correlator.ts";

export type EventRecorderOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Who reports: the name in `kubectl describe`'s From column. */
  readonly component: string;
  readonly log: (line: string) => void;
};

/** One event as it stands here; what the server has of it may be older. */
type Entry = {
  /** Who it is about. The object itself is not held: it would stay in memory as it was. */
  readonly about: ObjectReference & { readonly name: string };
  readonly type: EventType;
  readonly reason: string;
  message: string;
  count: number;
  firstMs: number;
  lastMs: number;
  /** Where it stands on the server. */
  written: ObjectKey | undefined;
  /** Whether a write is still to come; it then takes what was added meanwhile. */
  isQueued: boolean;
};

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #entries = new Map<string, Entry>();
  #writes: Promise<void> = Promise.resolve();
  /** Begins anywhere, so that two recorders in one millisecond do not choose the same names. */
  #serial = randomInt(500_000);

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once; the write follows, unless too much has been told of the object lately. */
  record(object: KubeObject, type: EventType, reason: string, message: string): void {
    const nowMs = this.#options.clock.nowMs();
    const occurrence = {
      object: `${object.kind} ${keyOf(object)} ${object.metadata.uid}`,
      reason: `${type} ${reason}`,
      message,
    };
    const { identity, message: told, isTold } = this.#correlator.correlate(occurrence, nowMs);
    const entry = this.#entries.get(identity) ?? {
      about: referenceTo(object),
      type,
      reason,
      message: told,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      written: undefined,
      isQueued: false,
    };
    entry.count++;
    entry.lastMs = nowMs;
    entry.message = told;
    remember(this.#entries, identity, entry);
    if (!isTold || entry.isQueued) return;
    entry.isQueued = true;
    this.#writes = this.#writes
      .then(() => this.#write(entry))
      .catch((error: unknown) => {
        // What ends with its namespace has nobody left to tell.
        if (isNamespaceTerminating(error) || isNotFound(error)) return;
        this.#options.log(`event ${reason} not written: ${String(error)}`);
      });
  }

  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void> {
    return this.#writes;
  }

  async #write(entry: Entry): Promise<void> {
    const { client } = this.#options;
    entry.isQueued = false;
    if (entry.written) {
      const { count, message, lastMs } = entry;
      const patch = { count, message, lastTimestamp: formatTimestamp(lastMs) };
      try {
        await client.patch(eventKind, entry.written, patch);
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // Expired or deleted meanwhile: it starts anew.
        entry.count = 1;
        entry.firstMs = entry.lastMs;
      }
    }
    const { metadata } = await client.create(eventKind, this.#eventOf(entry));
    const { namespace = "default", name } = metadata;
    entry.written = { namespace, name };
  }

  #eventOf({ about, type, reason, message, count, firstMs, lastMs }: Entry): Event {
    const { clock, component } = this.#options;
    // Unique among the events of this recorder, and over restarts because time has gone on.
    const suffix = (BigInt(clock.nowMs()) * 1_000_000n + BigInt(this.#serial++)).toString(16);
    return {
      apiVersion: "v1",
      kind: "Event",
      // Events of what has no namespace stand in `default`.
      metadata: { name: `${about.name}.${suffix}`, namespace: about.namespace ?? "default" },
      involvedObject: about,
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
      firstTimestamp: formatTimestamp(firstMs),
      lastTimestamp: formatTimestamp(lastMs),
      count,
    };
  }
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): Entry["about"] {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    ...(namespace !== undefined && { namespace }),
    name,
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
