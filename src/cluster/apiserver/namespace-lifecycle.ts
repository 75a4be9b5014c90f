// Namespaces from start to end: the ones that every cluster has, the default ServiceAccount in each,
// and, once a namespace is to be deleted, the emptying of it before it goes.
import type { Clock } from "../../lib/clock.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { Namespace } from "../../resources/namespace.ts";
import type { Condition, KubeObject } from "../../resources/object.ts";
import { ChangeWorker, type FollowUpOptions } from "./change-worker.ts";
import { quietly, type Registry } from "./registry.ts";
import type { ResourceCatalog, Resource } from "../resource-catalog.ts";
import type { Store } from "./store.ts";

type Content = { readonly resource: Resource; readonly object: KubeObject };

const initialNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];
export class NamespaceLifecycle {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #worker: ChangeWorker;
  #unsubscribe = (): void => {};

  constructor(options: FollowUpOptions & { readonly clock: Clock }) {
    this.#clock = options.clock;
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
    const remaining = this.#contents(name);
    const isHeld = (namespace.metadata.finalizers ?? []).length > 0;
    if (remaining.length > 0) this.#report(name, remaining);
    else if (!isHeld && this.#store.get("namespaces", name)) this.#store.remove("namespaces", name);
  }

  /** Says in the status what is left, so that nobody has to guess what a namespace waits for. */
  #report(name: string, remaining: readonly Content[]): void {
    const resource = this.#catalog.stored("namespaces");
    const stored = this.#store.get("namespaces", name) as Namespace | undefined;
    if (!resource || !stored) return;
    const nowMs = this.#clock.nowMs();
    const conditions = terminationConditions(remaining, stored.status?.conditions ?? [], nowMs);
    const change = (old: KubeObject): KubeObject =>
      ({ ...old, status: { ...stored.status, conditions } }) as KubeObject;
    this.#registry.update({ resource, name }, "status", change, quietly);
  }

  #contents(namespace: string): readonly Content[] {
    return this.#catalog
      .distinct()
      .filter(({ kind }) => kind.namespaced)
      .flatMap((resource) =>
        this.#store.list(resource.storageId, namespace).map((object) => ({ resource, object })),
      );
  }
}

/** In upstream's words; a condition that stays as it is keeps its time. */
function terminationConditions(
  remaining: readonly Content[],
  before: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  const resources = countsOf(remaining.map(({ resource }) => resource.storageId));
  const finalizers = countsOf(remaining.flatMap(({ object }) => object.metadata.finalizers ?? []));
  const condition = (type: string, lines: readonly string[], texts: Wording): Condition => {
    const is = lines.length > 0;
    const status = is ? ("True" as const) : ("False" as const);
    const { reason, message } = is
      ? { reason: texts.reason, message: `${texts.lead}: ${lines.join(", ")}` }
      : { reason: texts.without, message: texts.gone };
    const old = before.find((one) => one.type === type);
    const lastTransitionTime =
      old?.status === status ? old.lastTransitionTime : formatTimestamp(nowMs);
    return { type, status, reason, message, ...(lastTransitionTime && { lastTransitionTime }) };
  };
  return [
    condition(
      "NamespaceContentRemaining",
      resources.map(([name, count]) => `${name} has ${count} resource instances`),
      {
        reason: "SomeResourcesRemain",
        lead: "Some resources are remaining",
        without: "ContentRemoved",
        gone: "All content successfully removed",
      },
    ),
    condition(
      "NamespaceFinalizersRemaining",
      finalizers.map(([name, count]) => `${name} in ${count} resource instances`),
      {
        reason: "SomeFinalizersRemain",
        lead: "Some content in the namespace has finalizers remaining",
        without: "ContentHasNoFinalizers",
        gone: "All content-preserving finalizers finished",
      },
    ),
  ];
}

type Wording = {
  readonly reason: string;
  readonly lead: string;
  readonly without: string;
  readonly gone: string;
};

function countsOf(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
}

function namespaceNamed(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
