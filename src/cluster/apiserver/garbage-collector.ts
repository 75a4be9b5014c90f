// Deletes what its owners have left behind. An owner is told by uid, so one that was deleted and
// made anew under the same name does not count; nor does one of another namespace, or one that the
// reference misnames. An object goes when all of its owners are gone.
import type { KubeObject, OwnerReference } from "../../resources/object.ts";
import { ChangeWorker, type FollowUpOptions } from "./change-worker.ts";
import { foregroundFinalizer } from "./deletion.ts";
import { quietly, type Registry } from "./registry.ts";
import type { ResourceCatalog } from "../resource-catalog.ts";
import type { Change, Location, Store } from "./store.ts";

export class GarbageCollector {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #worker: ChangeWorker;
  #unsubscribe = (): void => {};

  constructor(options: FollowUpOptions) {
    this.#store = options.store;
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#worker = new ChangeWorker({
      name: "garbage collector",
      run: (uid) => {
        this.#reviewOwner(uid);
        this.#reviewDependent(uid);
      },
      log: options.log,
    });
  }

  /** Also looks at everything stored: the last process may have ended between two deletions. */
  start(): void {
    this.#unsubscribe = this.#store.onAnyChange((change) => this.#notice(change));
    for (const uid of this.#store.ownerUids()) this.#worker.add(uid);
  }

  idle(): Promise<void> {
    return this.#worker.idle();
  }

  close(): void {
    this.#unsubscribe();
    this.#worker.close();
  }

  #notice({ type, object, old }: Change): void {
    const { uid, deletionTimestamp, ownerReferences = [] } = object.metadata;
    if (uid !== undefined && (type === "DELETED" || deletionTimestamp !== undefined))
      this.#worker.add(uid);
    if (type === "MODIFIED" && ownerReferences === old?.metadata.ownerReferences) return;
    for (const owner of ownerReferences) this.#worker.add(owner.uid);
    const isMisled = ownerReferences.some(
      (reference) => this.#find(reference.uid) && !this.#ownerOf(object, reference),
    );
    if (isMisled && uid !== undefined) this.#worker.add(uid);
  }

  #reviewOwner(uid: string): void {
    const owner = this.#find(uid);
    if (!owner) for (const dependent of this.#store.dependentsOf(uid)) this.#release(dependent);
    else if (isBeingDeletedInForeground(owner)) this.#deleteInForeground(owner);
  }

  #reviewDependent(uid: string): void {
    const location = this.#store.locate(uid);
    const { ownerReferences = [] } = this.#find(uid)?.metadata ?? {};
    if (location && ownerReferences.length > 0) this.#release(location);
  }

  /** Owners that are gone or about to go are taken out of what has others; what has none is deleted. */
  #release(location: Location): void {
    const object = this.#store.get(location.storageId, location.key);
    if (!object) return;
    const { ownerReferences = [], deletionTimestamp, namespace, name, uid = "" } = object.metadata;
    const staysOwner = (reference: OwnerReference): boolean => {
      const owner = this.#ownerOf(object, reference);
      return owner !== undefined && !isBeingDeletedInForeground(owner);
    };
    if (ownerReferences.some(staysOwner)) return this.#registry.keepOwners(location, staysOwner);
    const resource = this.#catalog.stored(location.storageId);
    if (!resource || deletionTimestamp !== undefined) return;
    const isWaitedFor = ownerReferences.some((owner) => this.#ownerOf(object, owner));
    const hasDependents = this.#store.dependentsOf(uid).length > 0;
    this.#registry.delete(
      { resource, namespace, name },
      isWaitedFor && hasDependents ? { propagationPolicy: "Foreground" } : {},
    );
  }

  /** The owner stays until every dependent that blocks it is gone. */
  #deleteInForeground(owner: KubeObject): void {
    const uid = owner.metadata.uid ?? "";
    for (const dependent of this.#store.dependentsOf(uid)) this.#release(dependent);
    const isBlocked = this.#dependents(uid).some((dependent) =>
      dependent.metadata.ownerReferences?.some(
        (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
      ),
    );
    if (!isBlocked) this.#removeFinalizer(owner);
  }

  #removeFinalizer(owner: KubeObject): void {
    const { namespace, name, uid } = owner.metadata;
    const storageId = this.#store.locate(uid ?? "")?.storageId;
    const resource = storageId === undefined ? undefined : this.#catalog.stored(storageId);
    if (!resource) return;
    this.#registry.update(
      { resource, namespace, name },
      "main",
      (object) => ({
        ...object,
        metadata: {
          ...object.metadata,
          finalizers: (object.metadata.finalizers ?? []).filter(
            (finalizer) => finalizer !== foregroundFinalizer,
          ),
        },
      }),
      quietly,
    );
  }

  #ownerOf({ metadata }: KubeObject, reference: OwnerReference): KubeObject | undefined {
    const owner = this.#find(reference.uid);
    if (!owner || owner.kind !== reference.kind || owner.metadata.name !== reference.name)
      return undefined;
    const { namespace } = owner.metadata;
    // As upstream: what is in no namespace is not deleted for want of an owner in one.
    const isNear = namespace === undefined || [namespace, undefined].includes(metadata.namespace);
    return isNear ? owner : undefined;
  }

  #find(uid: string): KubeObject | undefined {
    const location = this.#store.locate(uid);
    return location && this.#store.get(location.storageId, location.key);
  }

  #dependents(uid: string): readonly KubeObject[] {
    return this.#store
      .dependentsOf(uid)
      .map(({ storageId, key }) => this.#store.get(storageId, key))
      .filter((object) => object !== undefined);
  }
}

function isBeingDeletedInForeground({ metadata }: KubeObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).includes(foregroundFinalizer)
  );
}
