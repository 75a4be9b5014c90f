// Who owns what after a create, a PUT or a patch: the fields that changed pass to the writer. Objects
// that nobody tracked when they were created stay untracked until somebody applies to them.
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Resource } from "../resource-catalog.ts";
import { objectSchema } from "../schema/object-schema.ts";
import { differenceOf } from "./field-difference.ts";
import { difference, isEmptySet, union } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import {
  cappedEntries,
  entryOf,
  isReset,
  isSameManager,
  readEntries,
  sortedEntries,
  withFields,
} from "./managed-fields.ts";
import type { Entries, EntryIdentity } from "./managed-fields.ts";
import { ownableFields } from "./ownable-fields.ts";

export type Update = {
  readonly resource: Resource;
  readonly manager: string;
  readonly subresource: string | undefined;
  readonly nowMs: number;
};

/**
 * The entries after `next` has replaced `old`. `given` is what the client sent as managedFields: it
 * may mend them, but what is missing or broken leaves the stored ones as they are.
 */
export function trackUpdate(
  old: KubeObject | undefined,
  next: KubeObject,
  given: unknown,
  update: Update,
): Entries {
  const base = baseEntries(old?.metadata.managedFields ?? [], given, update);
  if (old && base.length === 0) return base;
  const identity: EntryIdentity = {
    manager: update.manager,
    operation: "Update",
    apiVersion: apiVersionOf(update.resource.kind),
    ...(update.subresource !== undefined && { subresource: update.subresource }),
  };
  return updatedEntries(base, old ?? newObject(update.resource), next, identity, update);
}

/** The entries once everything that differs between the two states belongs to one manager. */
export function updatedEntries(
  entries: Entries,
  old: unknown,
  next: KubeObject,
  identity: EntryIdentity,
  { resource, nowMs }: Pick<Update, "resource" | "nowMs">,
): Entries {
  const { changed, removed } = differenceOf(objectSchema(resource), old, next);
  if (isEmptySet(changed) && isEmptySet(removed)) return entries;
  const taken = ownableFields(changed, resource, identity.subresource);
  const isOwn = (entry: EntryIdentity): boolean => isSameManager(entry, identity);
  const previous = entries.find(isOwn);
  const lost = (fields: FieldSet): FieldSet => difference(difference(fields, removed), changed);
  const left = withFields(entries, (fields, entry) =>
    isOwn(entry) ? difference(fields, removed) : lost(fields),
  );
  if (isEmptySet(taken)) return left;
  const fields = union(difference(previous?.fieldsV1 ?? {}, removed), taken);
  const own = entryOf(identity, fields, formatTimestamp(nowMs));
  const others = left.filter((entry) => !isOwn(entry));
  return sortedEntries(cappedEntries([...others, own]));
}

function baseEntries(stored: Entries, given: unknown, { subresource }: Update): Entries {
  // By way of a subresource nobody can mend them.
  if (subresource !== undefined || given === undefined || jsonEqual(given, stored)) return stored;
  if (isReset(given)) return [];
  const read = readEntries(given);
  return read && read.length > 0 ? read : stored;
}

/**
 * What a new object is compared with. The structs that Go holds by value are in every object from the
 * start, so that nobody owns them as such.
 */
export function newObject({ custom }: Resource): object {
  return custom ? { metadata: {} } : emptyBuiltin;
}

const emptyBuiltin = {
  metadata: {},
  spec: {
    containers: null,
    strategy: {},
    template: { metadata: {}, spec: { containers: null } },
  },
  status: {},
};
