// The pieces that the printed tables of built-in kinds share: the name and age columns, and cells of
// things that may be absent.
import { formatAge } from "../lib/duration.ts";
import { parseTimestamp } from "../lib/timestamp.ts";
import type { Column, ColumnType } from "./kind.ts";

export const nameColumn: Column = {
  name: "Name",
  type: "string",
  description: "The name of the object, unique within its namespace.",
};

export const ageColumn: Column = {
  name: "Age",
  type: "string",
  description: "How long ago the object was created.",
};

/** A column that always prints. */
export function column(name: string, description: string, type: ColumnType = "string"): Column {
  return { name, type, description };
}

/** A column that prints with `-o wide` only. */
export function wideColumn(name: string, description: string): Column {
  return { name, type: "string", description, priority: 1 };
}

/** How long ago an RFC 3339 time was, as kubectl prints it; `<unknown>` where there is none. */
export function ageCell(timestamp: string | undefined, nowMs: number): string {
  const timeMs = timestamp === undefined ? undefined : parseTimestamp(timestamp);
  return timeMs === undefined ? "<unknown>" : formatAge(nowMs - timeMs);
}

/** At most three items, and how many more there are. */
export function shortListCell(items: readonly string[], empty: string): string {
  if (items.length === 0) return empty;
  const shown = items.slice(0, 3).join(",");
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown;
}

/** kubectl's word for what is not there. */
export const none = "<none>";

export function listCell(items: readonly string[] | undefined): string {
  return items === undefined || items.length === 0 ? none : items.join(",");
}
