// metadata.managedFields: which manager set which fields, one entry for each manager, operation and
// subresource (and version, for updates). How entries are told apart, read, ordered and kept few.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import type { ManagedFieldsEntry } from "../../resources/object.ts";
import { asMember, emptySet, isEmptySet, keyElement, union, valueElement } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";

export type Entries = readonly ManagedFieldsEntry[];

export type EntryIdentity = Pick<
  ManagedFieldsEntry,
  "manager" | "operation" | "apiVersion" | "subresource"
>;

/** Owns what was there before the first apply to an object whose fields nobody had tracked. */
export const beforeFirstApply = "before-first-apply";
/** Upstream's limit; the oldest updates beyond it are joined into one entry. */
const updateEntriesMax = 10;
const joinedUpdates = "ancient-changes";

/** An applier stays the same whatever version it applies in. */
export function isSameManager(left: EntryIdentity, right: EntryIdentity): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.subresource === right.subresource &&
    (left.operation === "Apply" || left.apiVersion === right.apiVersion)
  );
}

export function entryOf(
  identity: EntryIdentity,
  fieldsV1: FieldSet,
  time: string | undefined,
): ManagedFieldsEntry {
  const { manager, operation, apiVersion, subresource } = identity;
  return {
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1,
    ...(subresource !== undefined && { subresource }),
  };
}

/** The entries with their sets changed; those that own nothing any more are gone. */
export function withFields(
  entries: Entries,
  change: (fields: FieldSet, entry: ManagedFieldsEntry) => FieldSet,
): Entries {
  let changed = false;
  const next = entries.flatMap((entry) => {
    const fieldsV1 = change(entry.fieldsV1, entry);
    if (fieldsV1 === entry.fieldsV1) return [entry];
    changed = true;
    return isEmptySet(fieldsV1) ? [] : [{ ...entry, fieldsV1 }];
  });
  return changed ? next : entries;
}

/** Whether nobody owns anything else than before, whenever it was written. */
export function isSameOwnership(left: Entries, right: Entries): boolean {
  const timeless = (entries: Entries): Entries => entries.map(({ time: _time, ...entry }) => entry);
  return left === right || jsonEqual(timeless(left), timeless(right));
}

/** Applies before updates, then by time, as upstream stores them. */
export function sortedEntries(entries: Entries): Entries {
  return entries.toSorted(
    (left, right) =>
      compareText(left.operation, right.operation) ||
      compareText(left.time ?? "", right.time ?? "") ||
      compareText(left.manager, right.manager) ||
      compareText(left.apiVersion, right.apiVersion) ||
      compareText(left.subresource ?? "", right.subresource ?? ""),
  );
}

/** Joins the oldest updates of each version until there are no more than the limit. */
export function cappedEntries(entries: Entries): Entries {
  const updates = entries
    .filter(({ operation }) => operation === "Update")
    .toSorted(
      (left, right) =>
        compareText(left.time ?? "", right.time ?? "") || compareText(left.manager, right.manager),
    );
  let surplus = updates.length - updateEntriesMax;
  if (surplus <= 0) return entries;
  const kept = new Set(entries);
  const oldest = new Map<string, ManagedFieldsEntry>();
  for (const entry of updates) {
    if (surplus <= 0) break;
    const { apiVersion, time } = entry;
    const first = oldest.get(apiVersion);
    const bucket = { manager: joinedUpdates, operation: "Update", apiVersion } as const;
    if (first) {
      kept.delete(first);
      kept.delete(entry);
      const joined = entryOf(bucket, union(first.fieldsV1, entry.fieldsV1), time);
      kept.add(joined);
      oldest.set(apiVersion, joined);
      surplus--;
    } else oldest.set(apiVersion, entry);
  }
  return [...kept];
}

/**
 * The entries as a client sends them, who has read them before or mends them on purpose (kubectl
 * does, when it moves from client-side to server-side apply). Undefined when one of them is none:
 * upstream then keeps the stored ones, for tracking must not make writes fail.
 */
export function readEntries(given: unknown): Entries | undefined {
  if (!Array.isArray(given)) return undefined;
  const entries = (given as readonly unknown[]).map((entry) => readEntry(entry));
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

/** An empty list, or one of one empty entry, asks for tracking to begin anew. */
export function isReset(given: unknown): boolean {
  return Array.isArray(given) && (given.length === 0 || jsonEqual(given, [{}]));
}

function readEntry(given: unknown): ManagedFieldsEntry | undefined {
  if (!isJsonObject(given)) return undefined;
  const { manager = "", operation, apiVersion, time, fieldsType, fieldsV1, subresource } = given;
  if (operation !== "Apply" && operation !== "Update") return undefined;
  if (typeof manager !== "string" || typeof apiVersion !== "string" || apiVersion === "")
    return undefined;
  if (fieldsType !== "FieldsV1") return undefined;
  if (subresource !== undefined && typeof subresource !== "string") return undefined;
  if (time !== undefined && time !== null && typeof time !== "string") return undefined;
  const fields = readFields(fieldsV1 ?? {});
  if (!fields) return undefined;
  const identity = { manager, operation, apiVersion, ...(subresource && { subresource }) } as const;
  return entryOf(identity, fields, time ?? undefined);
}

/** A set with its elements in the one form that we compare; undefined when it is no FieldsV1. */
function readFields(given: unknown): FieldSet | undefined {
  if (!isJsonObject(given)) return undefined;
  const read: Record<string, FieldSet> = {};
  for (const [element, below] of Object.entries(given)) {
    const name = readElement(element);
    const node = readFields(below);
    if (name === undefined || node === undefined) return undefined;
    if (name !== ".") read[name] = node;
  }
  if (isEmptySet(read)) return emptySet;
  return Object.hasOwn(given, ".") ? asMember(read) : read;
}

function readElement(element: string): string | undefined {
  if (element === "." || element.startsWith("f:")) return element;
  const text = element.slice(2);
  try {
    const value: unknown = JSON.parse(text);
    if (element.startsWith("v:")) return valueElement(value);
    if (element.startsWith("i:")) return Number.isInteger(value) ? element : undefined;
    if (!element.startsWith("k:") || !isJsonObject(value)) return undefined;
    const names = Object.keys(value).sort();
    return keyElement(
      names,
      names.map((name) => value[name]),
    );
  } catch {
    return undefined;
  }
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
