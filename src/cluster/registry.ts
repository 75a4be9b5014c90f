// The verbs on stored objects: create, update, delete, with everything that Kubernetes promises of
// them (unique names, optimistic locking, generations, finalizers, graceful deletion of pods).
// All of it is synchronous, so a verb sees one moment and no other can come in between.
import { isJsonObject, jsonEqual } from "../lib/json.ts";
import type { Clock } from "../lib/clock.ts";
import { randomSuffix } from "../lib/random.ts";
import type { Random } from "../lib/random.ts";
import { formatTimestamp } from "../lib/timestamp.ts";
import type { AdmissionRule, AdmissionSnapshot } from "../resources/admission.ts";
import { validateMetadata } from "../resources/metadata-validation.ts";
import type { KubeObject, ObjectMeta } from "../resources/object.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbiddenWrite,
  invalidObject,
  notFound,
  staleWrite,
} from "./api-status.ts";
import { applyDefaults } from "./schema-defaults.ts";
import { validateSchema } from "./schema-validate.ts";
import { withInitialState } from "./initial-state.ts";
import { objectSchema } from "./object-schema.ts";
import type { ResourceCatalog, Resource } from "./resource-catalog.ts";
import { planDeletion } from "./deletion.ts";
import type { DeleteOptions } from "./deletion.ts";
import type { Store } from "./store.ts";

export type Target = {
  readonly resource: Resource;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
};

export type WriteOptions = { readonly dryRun: boolean; readonly warn: (text: string) => void };

/** What an update may change: all but the status, or the status alone. */
export type WritePart = "main" | "status";

export type Deletion = { readonly object: KubeObject; readonly gone: boolean };

export class Registry {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #newUid: () => string;
  readonly #admission: readonly AdmissionRule[];

  constructor(options: {
    readonly store: Store;
    readonly catalog: ResourceCatalog;
    readonly clock: Clock;
    readonly random: Random;
    readonly newUid: () => string;
    readonly admission: readonly AdmissionRule[];
  }) {
    this.#store = options.store;
    this.#catalog = options.catalog;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#newUid = options.newUid;
    this.#admission = options.admission;
  }

  /** Throws 404 when there is no such object. */
  read({ resource, namespace, name }: Target): KubeObject {
    const stored = this.#store.get(resource.storageId, keyFor(namespace, name));
    if (!stored) throw notFound(resource.kind, name);
    return inVersion(resource, stored);
  }

  list(resource: Resource, namespace?: string): readonly KubeObject[] {
    return this.#store
      .list(resource.storageId, namespace)
      .map((object) => inVersion(resource, object));
  }

  /** The object is decoded already; its name and namespace are checked here. */
  create(
    resource: Resource,
    namespace: string | undefined,
    object: KubeObject,
    options: WriteOptions,
  ): KubeObject {
    const meta = object.metadata;
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== "")
      throw badRequest("resourceVersion should not be set on objects to be created");
    const name = meta.name || this.#generatedName(meta.generateName);
    if (namespace !== undefined) this.#requireNamespace(resource, namespace, name);
    const key = keyFor(namespace, name);
    if (this.#store.get(resource.storageId, key)) throw alreadyExists(resource.kind, name);
    const metadata = present<ObjectMeta>({
      ...meta,
      name,
      namespace,
      uid: this.#newUid(),
      creationTimestamp: formatTimestamp(this.#clock.nowMs()),
      generation: hasGeneration(resource, object) ? 1 : undefined,
      resourceVersion: undefined,
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined,
    });
    const bare = withoutStatus(resource, { ...object, metadata });
    const checked = this.#prepare(resource, bare, undefined, "main", options);
    const ready = withInitialState(resource, checked, metadata.creationTimestamp ?? "");
    if (options.dryRun) return ready;
    return inVersion(resource, this.#store.put(resource.storageId, ready));
  }

  /**
   * Replaces the object by what `change` makes of it. Throws 409 when the result names another
   * resourceVersion than the stored one; without one it is unconditional.
   */
  update(
    target: Target,
    part: WritePart,
    change: (old: KubeObject) => KubeObject,
    options: WriteOptions,
  ): KubeObject {
    const { resource, namespace, name } = target;
    const old = this.read(target);
    const wanted = change(old);
    requireSameIdentity(target, old, wanted);
    const next =
      part === "status"
        ? withStatus(old, wanted)
        : { ...withStatus(wanted, keepsStatusApart(resource) ? old : wanted) };
    const metadata = part === "status" ? old.metadata : carriedOver(old.metadata, wanted.metadata);
    const ready = this.#prepare(resource, { ...next, metadata }, old, part, options);
    if (jsonEqual(ready, old)) return old;
    const final = hasGeneration(resource, ready) ? withNextGeneration(ready, old) : ready;
    if (options.dryRun) return final;
    if (isReadyToGo(final) && resource.storageId !== "namespaces") {
      this.#store.remove(resource.storageId, keyFor(namespace, name));
      return final;
    }
    return inVersion(resource, this.#store.put(resource.storageId, final));
  }

  /** Removes the object, or marks it as being deleted where finalizers or a grace period hold it. */
  delete(target: Target, options: DeleteOptions): Deletion {
    const { resource, namespace, name } = target;
    const old = this.read(target);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== old.metadata.uid)
      throw conflict(
        resource.kind,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
      );
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      throw conflict(
        resource.kind,
        name,
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`,
      );
    const plan = planDeletion(resource, old, options, this.#clock.nowMs());
    if (options.dryRun) return { object: old, gone: plan.kind === "remove" };
    switch (plan.kind) {
      case "keep":
        return { object: old, gone: false };
      case "mark":
        return { object: this.#store.put(resource.storageId, plan.object), gone: false };
      case "remove":
        if (options.propagationPolicy === "Orphan") this.#orphanDependents(old);
        return {
          object: this.#store.remove(resource.storageId, keyFor(namespace, name)),
          gone: true,
        };
    }
  }

  /** Takes the reference to `owner` out of everything that has it. */
  #orphanDependents(owner: KubeObject): void {
    const uid = owner.metadata.uid ?? "";
    for (const { storageId, key } of this.#store.dependentsOf(uid)) {
      const dependent = this.#store.get(storageId, key);
      if (!dependent) continue;
      const ownerReferences = (dependent.metadata.ownerReferences ?? []).filter(
        (reference) => reference.uid !== uid,
      );
      const metadata = { ...dependent.metadata, ownerReferences };
      this.#store.put(storageId, { ...dependent, metadata });
    }
  }

  /**
   * Defaults, admission and validation, in the order of upstream. A status is checked against the
   * schema only: an object that has become invalid must still be able to say so.
   */
  #prepare(
    resource: Resource,
    object: KubeObject,
    old: KubeObject | undefined,
    part: WritePart,
    options: WriteOptions,
  ): KubeObject {
    const { kind } = resource;
    const schema = objectSchema(resource);
    const { name } = object.metadata;
    let next = applyDefaults(schema, object) as KubeObject;
    const misfits = [...validateMetadata(kind, next.metadata), ...validateSchema(schema, next)];
    if (misfits.length > 0) throw invalidObject(kind, name, misfits);
    next = kind.withDefaults?.(next) ?? next;
    if (part === "status") return next;
    next = this.#admit(resource, next, old, options);
    const causes = kind.validate?.(next, old) ?? [];
    if (causes.length > 0) throw invalidObject(kind, name, causes);
    return next;
  }

  #admit(
    { kind }: Resource,
    object: KubeObject,
    old: KubeObject | undefined,
    options: WriteOptions,
  ): KubeObject {
    const rules = this.#admission.filter(
      (rule) => rule.kind.group === kind.group && rule.kind.plural === kind.plural,
    );
    return rules.reduce((current, rule) => {
      const verdict = rule.admit(current, old, this.#snapshot());
      if (verdict.kind === "denied")
        throw invalidObject(kind, object.metadata.name, verdict.causes);
      verdict.warnings.forEach(options.warn);
      return verdict.object;
    }, object);
  }

  #snapshot(): AdmissionSnapshot {
    const store = this.#store;
    return {
      list: (kind, namespace) => {
        const resource = this.#catalog.find(kind.group, kind.version, kind.plural);
        // What is stored under a kind was checked against it.
        return (resource ? store.list(resource.storageId, namespace) : []) as readonly never[];
      },
    };
  }

  #generatedName(prefix: string | undefined): string {
    if (prefix === undefined || prefix === "") return "";
    return prefix.slice(0, 58) + randomSuffix(this.#random);
  }

  #requireNamespace(resource: Resource, namespace: string, name: string): void {
    const found = this.#store.get("namespaces", namespace);
    if (!found) throw notFound({ group: "", plural: "namespaces" }, namespace);
    if (found.metadata.deletionTimestamp !== undefined)
      throw forbiddenWrite(
        resource.kind,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        [
          {
            reason: "NamespaceTerminating",
            field: "metadata.namespace",
            message: `namespace ${namespace} is being terminated`,
          },
        ],
      );
  }
}

export function keyFor(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** All versions of a kind hold the same fields; only the apiVersion tells them apart. */
export function inVersion({ kind }: Resource, object: KubeObject): KubeObject {
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

function requireSameIdentity(target: Target, old: KubeObject, wanted: KubeObject): void {
  const { resource, namespace, name } = target;
  const meta = wanted.metadata;
  if (meta.name !== name)
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${name})`,
    );
  if (meta.namespace !== undefined && meta.namespace !== "" && meta.namespace !== namespace)
    throw badRequest(
      `the namespace of the object (${meta.namespace}) does not match the namespace on the URL (${namespace ?? ""})`,
    );
  if (meta.uid !== undefined && meta.uid !== "" && meta.uid !== old.metadata.uid)
    throw conflict(
      resource.kind,
      name,
      `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  const version = meta.resourceVersion;
  if (version !== undefined && version !== "" && version !== old.metadata.resourceVersion)
    throw staleWrite(resource.kind, name);
}

/** The metadata that a client may change, over what only the server sets. */
function carriedOver(old: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  return present<ObjectMeta>({
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

/** `main` with the status of `source`, or without one where `source` has none. */
function withStatus(main: KubeObject, source: KubeObject): KubeObject {
  const { status: _status, ...rest } = main as KubeObject & { readonly status?: unknown };
  const { status } = source as { readonly status?: unknown };
  const joined = { ...rest, status };
  return status === undefined ? rest : joined;
}

/** A new object starts without a status where the status is a subresource. */
function withoutStatus(resource: Resource, object: KubeObject): KubeObject {
  if (!keepsStatusApart(resource)) return object;
  const { status: _status, ...rest } = object as KubeObject & { readonly status?: unknown };
  return rest;
}

/** The older core kinds have no generation; nobody would know what it counts. */
function hasGeneration({ kind, custom }: Resource, object: KubeObject): boolean {
  return custom || (kind.group !== "" && isJsonObject((object as { spec?: unknown }).spec));
}

function withNextGeneration(next: KubeObject, old: KubeObject): KubeObject {
  const wanted = ({
    metadata: _metadata,
    status: _status,
    ...rest
  }: Readonly<Record<string, unknown>>): unknown => rest;
  if (jsonEqual(wanted(next), wanted(old))) return next;
  const metadata = { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 };
  return { ...next, metadata };
}

/** A deletion was asked for, and nothing holds the object any more. */
function isReadyToGo({ metadata }: KubeObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0
  );
}

/** Leaves out the keys whose value is undefined. */
function present<T extends object>(object: { readonly [key in keyof T]: T[key] | undefined }): T {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}
