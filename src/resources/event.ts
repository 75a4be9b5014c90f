// Event: what happened to an object, for people to read.
import { invalid } from "./cause.ts";
import { ageCell, column, wideColumn } from "./columns.ts";
import type { Cell, Kind } from "./kind.ts";
import { objectReferenceSchema } from "./object-meta-schema.ts";
import type { KubeObject } from "./object.ts";
import { described, int32, object, string, time } from "./schema.ts";

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
  readonly eventTime?: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly action?: string;
  readonly count?: number;
};

export const eventKind: Kind<Event> = {
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  namespaced: true,
  shortNames: ["ev"],
  schema: described(
    "What happened to an object, for people to read.",
    object(
      {
        involvedObject: objectReferenceSchema,
        type: string,
        reason: string,
        message: string,
        action: string,
        source: object({ component: string, host: string }),
        reportingComponent: string,
        reportingInstance: string,
        firstTimestamp: { ...time, nullable: true },
        lastTimestamp: { ...time, nullable: true },
        eventTime: { ...time, nullable: true },
        count: int32,
        series: object({ count: int32, lastObservedTime: time }),
        related: objectReferenceSchema,
      },
      "involvedObject",
    ),
  ),
  columns: [
    column("Last Seen", "How long ago it happened last."),
    column("Type", "Normal or Warning."),
    column("Reason", "What happened, in one word for programs."),
    column("Object", "What it happened to."),
    wideColumn("Subobject", "Which part of that object."),
    wideColumn("Source", "Who says so."),
    column("Message", "What happened, for people."),
    wideColumn("First Seen", "How long ago it happened first."),
    wideColumn("Count", "How often it happened."),
    wideColumn("Name", "The name of the event."),
  ],
  cells: eventCells,
  validate: ({ metadata, involvedObject }) => {
    // Events of what has no namespace stand in `default`, or where their reporter is.
    const { namespace = "" } = involvedObject;
    return namespace === "" || namespace === metadata.namespace
      ? []
      : [invalid("involvedObject.namespace", namespace, "does not match event.namespace")];
  },
};

function eventCells(event: Event, nowMs: number): readonly Cell[] {
  const { involvedObject, source, series } = event;
  const first = event.firstTimestamp ?? event.eventTime;
  const last = series?.lastObservedTime ?? event.lastTimestamp ?? first;
  const kind = (involvedObject.kind ?? "").toLowerCase();
  const component = source?.component || (event.reportingComponent ?? "");
  const instance = source?.host || (event.reportingInstance ?? "");
  return [
    ageCell(last, nowMs),
    event.type ?? "",
    event.reason ?? "",
    involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject.fieldPath ?? "",
    instance === "" ? component : `${component}, ${instance}`,
    (event.message ?? "").trim(),
    ageCell(first, nowMs),
    `${series?.count ?? (event.count || 1)}`,
    event.metadata.name,
  ];
}
