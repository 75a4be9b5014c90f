// Server-side apply: the object that follows from a live one and from what a manager wants of it.
// Fields that others own and that would change are conflicts, unless the manager insists; fields that
// it applied before and leaves out now go, unless somebody else wants them.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import { badRequest, unknownUid } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";
import { objectSchema } from "../schema/object-schema.ts";
import { misfitsOf } from "./apply-check.ts";
import { conflictProblem } from "./apply-conflict.ts";
import type { Conflict } from "./apply-conflict.ts";
import { withoutDropped } from "./apply-drop.ts";
import { mergeApplied } from "./apply-merge.ts";
import { differenceOf, fieldsOf } from "./field-difference.ts";
import { difference, intersection, isEmptySet } from "./field-set.ts";
import { fieldsOfLastApplied, withLastApplied } from "./last-applied.ts";
import {
  beforeFirstApply,
  entryOf,
  isSameManager,
  sortedEntries,
  withFields,
} from "./managed-fields.ts";
import type { Entries, EntryIdentity } from "./managed-fields.ts";
import { ownableFields } from "./ownable-fields.ts";
import { newObject, updatedEntries } from "./track-update.ts";

export type Apply = {
  readonly resource: Resource;
  readonly manager: string;
  readonly subresource: string | undefined;
  /** The name in the URL. */
  readonly name: string;
  /** Whether fields that others own are taken from them. */
  readonly force: boolean;
  readonly nowMs: number;
};

/** The manager of `kubectl apply`, which knows the annotation of client-side apply. */
const kubectl = "kubectl";

/**
 * The live object with the configuration applied, and with its managedFields as they are then; for an
 * object that does not exist yet, the configuration itself. Throws 409 for conflicts. The
 * configuration has passed `readConfiguration`.
 */
export function apply(
  live: KubeObject | undefined,
  applied: KubeObject,
  options: Apply,
): KubeObject {
  const { resource, manager, subresource, nowMs } = options;
  const schema = objectSchema(resource);
  if (!live) requireNew(applied, options);
  const identity: EntryIdentity = {
    manager,
    operation: "Apply",
    apiVersion: apiVersionOf(resource.kind),
    ...(subresource !== undefined && { subresource }),
  };
  const entries = live ? trackedEntries(live, identity, options) : [];
  const others = entries.filter((entry) => !isSameManager(entry, identity));
  const previous = entries.find((entry) => isSameManager(entry, identity));
  const named = ownableFields(fieldsOf(schema, applied), resource, subresource);
  // The usual case: only values differ, and nothing can be left out.
  const isSameSet = previous !== undefined && jsonEqual(previous.fieldsV1, named);
  const wanted = isSameSet ? previous.fieldsV1 : named;

  const merged = live ? mergeApplied(schema, live, applied) : applied;
  const kept = [wanted, ...others.map(({ fieldsV1 }) => fieldsV1)];
  const next =
    previous && !isSameSet ? withoutDropped(schema, merged, previous.fieldsV1, kept) : merged;

  const found = differenceOf(schema, live ?? newObject(resource), next);
  const changed = ownableFields(found.changed, resource, subresource);
  const removed = ownableFields(found.removed, resource, subresource);
  const conflicts = others
    .map((entry) => ({ entry, fields: intersection(entry.fieldsV1, changed) }))
    .filter(({ fields }) => !isEmptySet(fields));
  if (conflicts.length > 0 && !options.force) requireNoConflict(conflicts, live, options);

  const left = withFields(others, (fields) => difference(difference(fields, changed), removed));
  const isUnchanged = isSameSet && isEmptySet(changed) && isEmptySet(removed);
  const own =
    isUnchanged && previous.apiVersion === identity.apiVersion
      ? previous
      : entryOf(identity, wanted, formatTimestamp(nowMs));
  const managedFields = sortedEntries(isEmptySet(wanted) ? left : [...left, own]);
  // The configuration named the object, and nothing takes its name away.
  const object = next as KubeObject;
  const final = manager === kubectl && live ? withLastApplied(object, applied) : object;
  return { ...final, metadata: { ...final.metadata, managedFields } };
}

/** Throws 400 for another version or kind, for managedFields, and for every field that does not fit. */
export function readConfiguration(value: unknown, resource: Resource): KubeObject {
  if (!isJsonObject(value)) throw badRequest("error decoding YAML: the body is not an object");
  const expected = { apiVersion: apiVersionOf(resource.kind), kind: resource.kind.kind };
  const { apiVersion, kind, metadata } = value;
  if (apiVersion !== expected.apiVersion)
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${textOf(apiVersion)}, expected: ${expected.apiVersion}`,
    );
  if (kind !== expected.kind)
    throw badRequest(
      `the kind in the data (${JSON.stringify(textOf(kind))}) does not match the expected kind (${expected.kind})`,
    );
  if (isJsonObject(metadata) && (metadata["managedFields"] ?? null) !== null)
    throw badRequest("metadata.managedFields must be nil");
  requireFit(resource, value);
  return { ...value, metadata: metadata ?? {} } as unknown as KubeObject;
}

/** The words name the object as upstream does: `(default/web; apps/v1, Kind=Deployment)`. */
function requireFit(resource: Resource, value: JsonObject): void {
  const misfits = misfitsOf(objectSchema(resource), value);
  if (misfits.length === 0) return;
  const metadata = isJsonObject(value["metadata"]) ? value["metadata"] : {};
  const key = [metadata["namespace"], metadata["name"]].map(textOf).filter(Boolean).join("/");
  const list = misfits.length === 1 ? misfits[0] : `errors:\n  ${misfits.join("\n  ")}`;
  const { kind } = resource;
  // Upstream answers 500 here; the fault is the client's all the same.
  throw badRequest(
    `failed to create typed patch object (${key}; ${apiVersionOf(kind)}, Kind=${kind.kind}): ${list}`,
  );
}

/** Throws 400 or 409 unless the configuration can become an object of its own. */
function requireNew({ metadata }: KubeObject, { resource, name }: Apply): void {
  const { uid } = metadata;
  if (uid) throw unknownUid(resource.kind, name, uid);
  if (!metadata.name)
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  if (metadata.name !== name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Where nobody was tracked, all that is there counts as set by an unknown manager before. */
function trackedEntries(live: KubeObject, identity: EntryIdentity, options: Apply): Entries {
  const { managedFields = [] } = live.metadata;
  if (managedFields.length > 0) return managedFields;
  const unknown = { ...identity, manager: beforeFirstApply, operation: "Update" } as const;
  return updatedEntries([], newObject(options.resource), live, unknown, options);
}

/** What client-side apply set and nobody changed since is no conflict for `kubectl apply`. */
function requireNoConflict(
  conflicts: readonly Conflict[],
  live: KubeObject | undefined,
  { resource, manager }: Apply,
): void {
  const own =
    manager === kubectl && live ? fieldsOfLastApplied(objectSchema(resource), resource, live) : {};
  const real = conflicts
    .map(({ entry, fields }) => ({ entry, fields: difference(fields, own) }))
    .filter(({ fields }) => !isEmptySet(fields));
  if (real.length > 0) throw conflictProblem(real);
}
