// How the next state of an object follows from the stored one and from what a client wants: which
// fields the client decides on, which the server keeps, and what a change counts as.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import type { KubeObject, ObjectMeta } from "../../resources/object.ts";
import { badRequest, preconditionFailed, staleWrite } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";

type MaybeWithStatus = KubeObject & { readonly status?: unknown };

/** Throws 400 or 409 when `wanted` is about another object than the stored one, or an older state. */
export function requireSameObject(resource: Resource, old: KubeObject, wanted: KubeObject): void {
  const { name, namespace, uid, resourceVersion } = wanted.metadata;
  if (name !== old.metadata.name)
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${old.metadata.name})`,
    );
  if (namespace && namespace !== old.metadata.namespace)
    throw badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the URL (${old.metadata.namespace ?? ""})`,
    );
  if (uid && uid !== old.metadata.uid)
    throw preconditionFailed(resource.kind, name, "UID", uid, old.metadata.uid);
  if (!isUnconditional(resourceVersion) && resourceVersion !== old.metadata.resourceVersion)
    throw staleWrite(resource.kind, name);
}

/** As upstream, `0` says as little about the state that a client has seen as none at all. */
export function isUnconditional(resourceVersion: string | undefined): boolean {
  return resourceVersion === undefined || resourceVersion === "" || resourceVersion === "0";
}

/** Everything but the status is the client's, where the status is a subresource. */
export function changedMain(resource: Resource, old: KubeObject, wanted: KubeObject): KubeObject {
  const main = keepsStatusApart(resource) ? withStatusOf(wanted, old) : wanted;
  return { ...main, metadata: carriedOver(old.metadata, wanted.metadata) };
}

export function changedStatus(old: KubeObject, wanted: KubeObject): KubeObject {
  return withStatusOf(old, wanted);
}

/** A new object starts without a status where the status is a subresource. */
export function withoutStatus(resource: Resource, object: MaybeWithStatus): KubeObject {
  if (!keepsStatusApart(resource)) return object;
  const { status: _status, ...rest } = object;
  return rest;
}

/**
 * As upstream: the older core kinds and Leases have no generation; of the others those have one that
 * say what is wanted, in a spec or as webhooks.
 */
export function hasGeneration({ kind, custom }: Resource, object: KubeObject): boolean {
  if (custom || kind.group === "admissionregistration.k8s.io") return true;
  if (kind.group === "" || kind.group === "coordination.k8s.io") return false;
  return isJsonObject((object as { spec?: unknown }).spec);
}

/** The object with these entries and no others; an object without any has no such field. */
export function withManagedFields(
  object: KubeObject,
  entries: ObjectMeta["managedFields"] = [],
): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  if (managedFields === entries) return object;
  if (entries.length === 0) return managedFields ? { ...object, metadata } : object;
  return { ...object, metadata: { ...metadata, managedFields: entries } };
}

/** Counts one up when anything but metadata and status differs. */
export function withNextGeneration(
  resource: Resource,
  next: KubeObject,
  old: KubeObject,
): KubeObject {
  if (!hasGeneration(resource, next) || jsonEqual(wantedPart(next), wantedPart(old))) return next;
  const generation = (old.metadata.generation ?? 0) + 1;
  return { ...next, metadata: { ...next.metadata, generation } };
}

/** A deletion was asked for, and nothing holds the object any more. */
export function isReadyToGo({ storageId }: Resource, { metadata }: KubeObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
    // What is in a namespace holds it.
    storageId !== "namespaces"
  );
}

/** Leaves out the keys whose value is undefined. */
export function withoutUndefined<T extends object>(object: {
  readonly [key in keyof T]: T[key] | undefined;
}): T {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}

/** The metadata that a client may change, over what only the server sets. */
function carriedOver(old: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  return withoutUndefined<ObjectMeta>({
    ...wanted,
    namespace: old.namespace,
    generateName: old.generateName,
    uid: old.uid,
    resourceVersion: old.resourceVersion,
    generation: old.generation,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp,
    deletionGracePeriodSeconds: old.deletionGracePeriodSeconds,
  });
}

function keepsStatusApart({ kind }: Resource): boolean {
  return kind.subresources?.status === true;
}

function withStatusOf(main: MaybeWithStatus, { status }: MaybeWithStatus): KubeObject {
  const { status: _status, ...rest } = main;
  const joined = { ...rest, status };
  return status === undefined ? rest : joined;
}

function wantedPart(object: MaybeWithStatus): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}
