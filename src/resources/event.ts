// Event: what happened to an object, for people to read.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type ObjectReference = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
};

export type EventType = "Normal" | "Warning";

export type Event = KubeObject & {
  readonly involvedObject: ObjectReference;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly count?: number;
};

export const eventKind: Kind<Event> = {
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
