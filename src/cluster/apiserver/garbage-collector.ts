// Deletes what its owners have left behind. An owner is told by uid, so one that was deleted and
// made anew under the same name does not count. An object goes when all of its owners are gone.
import type { KubeObject } from "../../resources/object.ts";
import { ChangeWorker, type FollowUpOptions } from "./change-worker.ts";
import { foregroundFinalizer } from "./deletion.ts";
import { quietly, type Registry } from "./registry.ts";
import type { ResourceCatalog } from "../resource-catalog.ts";
import type { Change, Store } from "./store.ts";

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
      run: (uid) => this.#reviewOwner(uid),
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
  }

  #reviewOwner(uid: string): void {
    const location = this.#store.locate(uid);
    const owner = location && this.#store.get(location.storageId, location.key);
    if (!owner) {
      for (const dependent of this.#dependents(uid)) this.#deleteUnlessOwned(dependent);
      return;
    }
    if (isBeingDeletedInForeground(owner)) this.#deleteInForeground(owner);
  }

  #deleteUnlessOwned(object: KubeObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.some((owner) => this.#store.locate(owner.uid) !== undefined)) return;
    this.#delete(object, "Background");
  }

  /** The owner stays until every dependent that blocks it is gone. */
  #deleteInForeground(owner: KubeObject): void {
    const uid = owner.metadata.uid ?? "";
    for (const dependent of this.#dependents(uid))
      if (dependent.metadata.deletionTimestamp === undefined) this.#delete(dependent, "Foreground");
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

  #delete(object: KubeObject, propagationPolicy: "Background" | "Foreground"): void {
    const { namespace, name, uid } = object.metadata;
    const location = this.#store.locate(uid ?? "");
    const resource = location && this.#catalog.stored(location.storageId);
    if (resource) this.#registry.delete({ resource, namespace, name }, { propagationPolicy });
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
