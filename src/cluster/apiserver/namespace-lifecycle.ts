// Namespaces from start to end: the ones that every cluster has, the default ServiceAccount in each,
// and, once a namespace is to be deleted, the emptying of it before it goes.
import type { KubeObject } from "../../resources/object.ts";
import { ChangeWorker, type FollowUpOptions } from "./change-worker.ts";
import { quietly, type Registry } from "./registry.ts";
import type { ResourceCatalog, Resource } from "../resource-catalog.ts";
import type { Store } from "./store.ts";

const initialNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];
export class NamespaceLifecycle {
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
      name: "namespaces",
      run: (name) => this.#review(name),
      log: options.log,
    });
  }

  start(): void {
    const namespaces = this.#catalog.stored("namespaces");
    if (!namespaces) return;
    this.#unsubscribe = this.#store.onAnyChange(({ type, storageId, object }) => {
      const { name, namespace } = object.metadata;
      if (storageId === "namespaces") this.#worker.add(name);
      else if (type === "DELETED" && namespace !== undefined) this.#worker.add(namespace);
    });
    for (const name of initialNamespaces)
      if (!this.#store.get("namespaces", name))
        this.#registry.create(namespaces, undefined, namespaceNamed(name), quietly);
    for (const { metadata } of this.#store.list("namespaces")) this.#review(metadata.name);
  }

  idle(): Promise<void> {
    return this.#worker.idle();
  }

  close(): void {
    this.#unsubscribe();
    this.#worker.close();
  }

  #review(name: string): void {
    const namespace = this.#store.get("namespaces", name);
    if (!namespace) return;
    if (namespace.metadata.deletionTimestamp === undefined) this.#ensureServiceAccount(name);
    else this.#empty(namespace);
  }

  #ensureServiceAccount(namespace: string): void {
    const resource = this.#catalog.stored("serviceaccounts");
    if (!resource || this.#store.get(resource.storageId, `${namespace}/default`)) return;
    const account = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace },
    };
    this.#registry.create(resource, namespace, account, quietly);
  }

  /** Deletes what is left; what is held (pods that are stopping) brings this back when it goes. */
  #empty(namespace: KubeObject): void {
    const { name } = namespace.metadata;
    const left = this.#contents(name);
    for (const { resource, object } of left)
      if (object.metadata.deletionTimestamp === undefined)
        this.#registry.delete({ resource, namespace: name, name: object.metadata.name }, {});
    const isEmpty = this.#contents(name).length === 0;
    const isHeld = (namespace.metadata.finalizers ?? []).length > 0;
    if (isEmpty && !isHeld && this.#store.get("namespaces", name))
      this.#store.remove("namespaces", name);
  }

  #contents(
    namespace: string,
  ): readonly { readonly resource: Resource; readonly object: KubeObject }[] {
    return this.#catalog
      .distinct()
      .filter(({ kind }) => kind.namespaced)
      .flatMap((resource) =>
        this.#store.list(resource.storageId, namespace).map((object) => ({ resource, object })),
      );
  }
}

function namespaceNamed(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
