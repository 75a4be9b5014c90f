// The verbs on stored objects: create, update, delete, with everything that Kubernetes promises of
// them (unique names, optimistic locking, generations, finalizers, graceful deletion of pods).
// All of it is synchronous: a verb sees one moment, and no other comes in between. Requests, which may
// have to wait for webhooks, take the way of admitted-writes.ts, in two such moments.
import { jsonEqual } from "../../lib/json.ts";
import type { Clock } from "../../lib/clock.ts";
import { randomSuffix } from "../../lib/random.ts";
import type { Random } from "../../lib/random.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { AdmissionRule, AdmissionSnapshot } from "../../resources/admission.ts";
import { validateMetadata } from "../../resources/metadata-validation.ts";
import type { KubeObject, ObjectMeta, OwnerReference } from "../../resources/object.ts";
import {
  ApiProblem,
  alreadyExists,
  badRequest,
  forbiddenWrite,
  invalidObject,
  notFound,
  preconditionFailed,
  staleWrite,
} from "../api-status.ts";
import { isSameOwnership } from "../patch/managed-fields.ts";
import { trackUpdate } from "../patch/track-update.ts";
import { applyDefaults } from "../schema/schema-defaults.ts";
import { validateSchema } from "../schema/schema-validate.ts";
import { customObjectInVersion } from "./custom-version.ts";
import { withInitialState } from "./initial-state.ts";
import { objectSchema } from "../schema/object-schema.ts";
import type { ResourceCatalog, Resource } from "../resource-catalog.ts";
import {
  changedMain,
  changedStatus,
  hasGeneration,
  isReadyToGo,
  requireSameObject,
  withManagedFields,
  withNextGeneration,
  withoutStatus,
  withoutUndefined,
} from "./object-change.ts";
import { planDeletion, propagationOf } from "./deletion.ts";
import type { DeleteOptions } from "./deletion.ts";
import type { Location, Store } from "./store.ts";

export type Target = {
  readonly resource: Resource;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
};

export type WriteOptions = {
  readonly dryRun: boolean;
  readonly warn: (text: string) => void;
  /** Through which one it is written; absent for the object itself. */
  readonly subresource?: string | undefined;
  /** Who writes, for managedFields; absent where nobody is named, and then nothing is tracked. */
  readonly manager?: string | undefined;
  /** Whether the object comes out of a server-side apply, with its managedFields as they are then. */
  readonly isApplied?: boolean;
  /** How a subresource shows the object to webhooks, and what their change of that means for it. */
  readonly view?: {
    readonly show: (object: KubeObject) => object;
    readonly apply: (object: KubeObject, shown: object) => KubeObject;
  };
};

/** For writes that the cluster makes by itself: nobody is there to be warned. */
export const quietly: WriteOptions = { dryRun: false, warn: () => {} };

/** What an update may change: all but the status, or the status alone. */
export type WritePart = "main" | "status";

/** As often as upstream tries. */
const generatedNamesMax = 8;
/** As upstream: what everybody expects to be there. */
const immortalNamespaces: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

/**
 * A write on its way: checked against the object of one moment, not stored yet. Between draft and
 * commit webhooks may be asked, which takes time.
 */
export type Draft = {
  readonly resource: Resource;
  readonly key: string;
  readonly part: WritePart;
  /** What the store held; undefined for a create. */
  readonly stored: KubeObject | undefined;
  /** The same, in the version of the request. */
  readonly old: KubeObject | undefined;
  readonly next: KubeObject;
};

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

  has({ resource, namespace, name }: Target): boolean {
    return this.#store.get(resource.storageId, keyFor(namespace, name)) !== undefined;
  }

  list(resource: Resource, namespace?: string): readonly KubeObject[] {
    return this.#store
      .list(resource.storageId, namespace)
      .map((object) => inVersion(resource, object));
  }

  /** A create in one moment, for writes that the cluster makes by itself: no webhook sees it. */
  create(
    resource: Resource,
    namespace: string | undefined,
    object: KubeObject,
    options: WriteOptions,
  ): KubeObject {
    return this.commit(
      this.validated(this.draftCreate(resource, namespace, object, options)),
      options,
    );
  }

  /** An update in one moment, as `create`. */
  update(
    target: Target,
    part: WritePart,
    change: (old: KubeObject) => KubeObject,
    options: WriteOptions,
  ): KubeObject {
    return this.commit(this.validated(this.draftUpdate(target, part, change, options)), options);
  }

  /** The object is decoded already; its name and namespace are checked here. */
  draftCreate(
    resource: Resource,
    namespace: string | undefined,
    object: KubeObject,
    options: WriteOptions,
  ): Draft {
    if (resource.isTerminating)
      throw new ApiProblem(
        405,
        "MethodNotAllowed",
        "create not allowed while custom resource definition is terminating",
      );
    const meta = object.metadata;
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== "")
      throw badRequest("resourceVersion should not be set on objects to be created");
    const isFree = (name: string): boolean =>
      this.#store.get(resource.storageId, keyFor(namespace, name)) === undefined;
    const name = meta.name || this.#generatedName(meta.generateName, isFree);
    if (namespace !== undefined) this.#requireNamespace(resource, namespace, name);
    const key = keyFor(namespace, name);
    if (this.#store.get(resource.storageId, key)) throw alreadyExists(resource.kind, name);
    const { managedFields, ...rest } = meta;
    const metadata = withoutUndefined<ObjectMeta>({
      ...rest,
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
    const draft = { resource, key, stored: undefined, old: undefined, part: "main" } as const;
    const next = this.#tracked(draft, this.#shaped(draft, bare), managedFields, options);
    return this.#admitted({ ...draft, next }, options);
  }

  /**
   * Replaces the object by what `change` makes of it. Throws 409 when the result names another
   * resourceVersion than the stored one; without one it is unconditional.
   */
  draftUpdate(
    target: Target,
    part: WritePart,
    change: (old: KubeObject) => KubeObject,
    options: WriteOptions,
  ): Draft {
    const { resource, namespace, name } = target;
    const key = keyFor(namespace, name);
    const stored = this.#store.get(resource.storageId, key);
    if (!stored) throw notFound(resource.kind, name);
    const old = inVersion(resource, stored);
    const wanted = change(old);
    requireSameObject(resource, old, wanted);
    const changed =
      part === "status" ? changedStatus(old, wanted) : changedMain(resource, old, wanted);
    const draft = { resource, key, stored, old, part };
    const { managedFields } = wanted.metadata;
    const next = this.#tracked(draft, this.#shaped(draft, changed), managedFields, options);
    return this.#admitted({ ...draft, next }, options);
  }

  /** The draft with another object in it, which a webhook returned: what only the server sets stays. */
  redraft(draft: Draft, changed: KubeObject): Draft {
    const { resource, next, part } = draft;
    requireSameObject(resource, next, changed);
    const kept =
      part === "status" ? changedStatus(next, changed) : changedMain(resource, next, changed);
    // What webhooks change belongs to nobody, as upstream.
    const tracked = withManagedFields(this.#shaped(draft, kept), next.metadata.managedFields);
    return { ...draft, next: tracked };
  }

  /** Throws 422 when the fields that have the right shape mean something impossible. */
  validated(draft: Draft): Draft {
    const { resource, next, old, part } = draft;
    // An object that has become invalid must still be able to say so.
    const { validate, validateStatus } = resource.kind;
    const causes = (part === "status" ? validateStatus : validate)?.(next, old) ?? [];
    if (causes.length > 0) throw invalidObject(resource.kind, next.metadata.name, causes);
    return draft;
  }

  /**
   * Stores the draft. Throws 409 when the object has changed since it was drafted, which only those
   * can see who waited in between.
   */
  commit({ resource, key, stored, old, next }: Draft, { dryRun }: WriteOptions): KubeObject {
    const { storageId, kind } = resource;
    if (this.#store.get(storageId, key) !== stored)
      throw stored ? staleWrite(kind, next.metadata.name) : alreadyExists(kind, next.metadata.name);
    if (!old) {
      const { namespace, name } = next.metadata;
      // It may have begun to go while webhooks were asked.
      if (namespace !== undefined) this.#requireNamespace(resource, namespace, name);
      const ready = withInitialState(resource, next);
      return dryRun ? ready : inVersion(resource, this.#store.put(storageId, ready));
    }
    if (jsonEqual(next, old)) return old;
    const final = withNextGeneration(resource, next, old);
    if (dryRun) return final;
    if (isReadyToGo(resource, final)) {
      this.#store.remove(storageId, key);
      return final;
    }
    return inVersion(resource, this.#store.put(storageId, final));
  }

  /** Removes the object, or marks it as being deleted where finalizers or a grace period hold it. */
  delete(target: Target, options: DeleteOptions): Deletion {
    const { resource, namespace, name } = target;
    const old = this.read(target);
    requirePreconditions(resource, old, options);
    if (resource.storageId === "namespaces" && immortalNamespaces.has(name))
      throw forbiddenWrite(resource.kind, name, "this namespace may not be deleted");
    const plan = planDeletion(resource, old, options, this.#clock.nowMs());
    if (options.dryRun) return { object: old, gone: plan.kind === "remove" };
    if (propagationOf(old, options) === "Orphan") this.#orphanDependents(old);
    switch (plan.kind) {
      case "keep":
        return { object: old, gone: false };
      case "mark":
        return {
          object: inVersion(resource, this.#store.put(resource.storageId, plan.object)),
          gone: false,
        };
      case "remove":
        return {
          object: inVersion(
            resource,
            this.#store.remove(resource.storageId, keyFor(namespace, name)),
          ),
          gone: true,
        };
    }
  }

  /** Takes the owners that are not to stay out of the stored object, whatever else is wrong with it. */
  keepOwners({ storageId, key }: Location, staysOwner: (owner: OwnerReference) => boolean): void {
    const object = this.#store.get(storageId, key);
    if (!object) return;
    const { ownerReferences = [], ...rest } = object.metadata;
    const kept = ownerReferences.filter(staysOwner);
    if (kept.length === ownerReferences.length) return;
    const metadata = { ...rest, ...(kept.length > 0 && { ownerReferences: kept }) };
    this.#store.put(storageId, { ...object, metadata });
  }

  #orphanDependents(owner: KubeObject): void {
    const uid = owner.metadata.uid ?? "";
    for (const location of this.#store.dependentsOf(uid))
      this.keepOwners(location, (reference) => reference.uid !== uid);
  }

  /**
   * The object with its defaults, once its fields have the right shape. Of a status only the status
   * is checked: an object that has become invalid must still be able to say so.
   */
  #shaped(
    { resource, part, old }: Pick<Draft, "resource" | "part" | "old">,
    object: KubeObject,
  ): KubeObject {
    const { kind } = resource;
    const schema = objectSchema(resource);
    const next = applyDefaults(schema, object) as KubeObject;
    // The schema of a custom kind may have become stricter; of what is unchanged nothing is said then.
    const found = validateSchema(schema, next, resource.custom ? { old } : {});
    // What may not occur twice in a built-in kind its own validation knows: variables, for one, may.
    const shape = resource.custom
      ? found
      : found.filter(({ reason }) => reason !== "FieldValueDuplicate");
    // Rules about the meaning of fields are not asked about fields of a wrong shape.
    const isShapeless = shape.some(({ field }) => field.startsWith("metadata"));
    const meaning = isShapeless ? [] : validateMetadata(kind, next.metadata, old?.metadata);
    const misfits = [...meaning, ...shape].filter(
      ({ field }) => part === "main" || field.startsWith("status"),
    );
    if (misfits.length > 0) throw invalidObject(kind, object.metadata.name, misfits);
    return kind.withDefaults?.(next) ?? next;
  }

  /** The object with the managedFields that it has after this write. */
  #tracked(
    { resource, old }: Pick<Draft, "resource" | "old">,
    next: KubeObject,
    given: ObjectMeta["managedFields"],
    { manager, isApplied, subresource }: WriteOptions,
  ): KubeObject {
    if (isApplied) return withAppliedFields(old, next, given ?? []);
    if (manager === undefined) return withManagedFields(next, old?.metadata.managedFields);
    const nowMs = this.#clock.nowMs();
    const update = { resource, manager, subresource, nowMs };
    return withManagedFields(next, trackUpdate(old, next, given, update));
  }

  /** As the admission rules leave it. A status is nobody's wish, so no rule is asked about it. */
  #admitted(draft: Draft, options: WriteOptions): Draft {
    if (draft.part === "status") return draft;
    return { ...draft, next: this.#admit(draft.resource, draft.next, draft.old, options) };
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

  /** A name that is free, unless chance gives a taken one again and again. */
  #generatedName(prefix: string | undefined, isFree: (name: string) => boolean): string {
    if (prefix === undefined || prefix === "") return "";
    for (let attempt = 1; ; attempt++) {
      const name = prefix.slice(0, 58) + randomSuffix(this.#random);
      if (attempt === generatedNamesMax || isFree(name)) return name;
    }
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

/**
 * An apply may seem to change what defaults and canonical forms then make the same again (`null`, a
 * quantity of 1000m); that leaves the object as it was, times included.
 */
function withAppliedFields(
  old: KubeObject | undefined,
  next: KubeObject,
  entries: NonNullable<ObjectMeta["managedFields"]>,
): KubeObject {
  const before = old?.metadata.managedFields;
  if (!before || before === entries) return withManagedFields(next, entries);
  const unchanged = withManagedFields(next, before);
  return isSameOwnership(before, entries) && jsonEqual(unchanged, old)
    ? unchanged
    : withManagedFields(next, entries);
}

function keyFor(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Of built-in kinds all versions hold the same fields; only the apiVersion tells them apart. */
export function inVersion(resource: Resource, object: KubeObject): KubeObject {
  if (resource.custom) return customObjectInVersion(resource, object);
  const { kind } = resource;
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

function requirePreconditions(
  { kind }: Resource,
  { metadata }: KubeObject,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions ?? {};
  if (uid !== undefined && uid !== metadata.uid)
    throw preconditionFailed(kind, metadata.name, "UID", uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw preconditionFailed(
      kind,
      metadata.name,
      "ResourceVersion",
      resourceVersion,
      metadata.resourceVersion,
    );
}
