// CustomResourceDefinitions at work: each one stored adds its kinds to those served, each change of
// it changes them, and a deletion takes the kind's objects along before the kind goes.
import { jsonEqual } from "../../lib/json.ts";
import { crdOf, customResourceDefinitionKind } from "../../resources/custom-resource-definition.ts";
import type {
  CustomResourceDefinition,
  CustomResourceVersion,
} from "../../resources/custom-resource-definition.ts";
import type { Kind } from "../../resources/kind.ts";
import { keyOf } from "../../resources/object.ts";
import type { KubeObject } from "../../resources/object.ts";
import { ChangeWorker, type FollowUpOptions } from "./change-worker.ts";
import { customResourceFinalizer } from "./initial-state.ts";
import { quietly, type Registry } from "./registry.ts";
import { builtIn, storageIdOf } from "../resource-catalog.ts";
import type { ResourceCatalog } from "../resource-catalog.ts";
import type { Change, Store } from "./store.ts";

const definitionResource = builtIn(customResourceDefinitionKind);
export class CustomResources {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #worker: ChangeWorker;
  #own: readonly Kind[] = [];
  #unsubscribe = (): void => {};

  constructor(options: FollowUpOptions) {
    this.#store = options.store;
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#worker = new ChangeWorker({
      name: "custom resources",
      run: (name) => this.#review(name),
      log: options.log,
    });
  }

  /**
   * Serves the definitions in the store, then stores one for each of `own`, or brings the stored one
   * up to date. The rules that a schema cannot express are taken from `own` itself.
   */
  start(own: readonly Kind[]): void {
    this.#own = own;
    this.#catalog.install(definitionResource);
    for (const object of this.#store.list(definitionResource.storageId)) this.#serve(object);
    this.#unsubscribe = this.#store.onAnyChange((change) => this.#notice(change));
    for (const kind of own) this.#installOwn(crdOf(kind));
  }

  idle(): Promise<void> {
    return this.#worker.idle();
  }

  close(): void {
    this.#unsubscribe();
    this.#worker.close();
  }

  #installOwn(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    const stored = this.#store.get(definitionResource.storageId, name);
    if (!stored) {
      this.#registry.create(definitionResource, undefined, definition, quietly);
      return;
    }
    if (jsonEqual((stored as CustomResourceDefinition).spec, definition.spec)) return;
    const target = { resource: definitionResource, name };
    const replace = (old: KubeObject): KubeObject =>
      ({ ...old, spec: definition.spec }) as KubeObject;
    this.#registry.update(target, "main", replace, quietly);
  }

  #notice({ type, storageId, object }: Change): void {
    if (storageId === definitionResource.storageId) {
      if (type === "DELETED") this.#catalog.uninstall(object.metadata.name);
      else this.#serve(object);
      this.#worker.add(object.metadata.name);
    } else if (type === "DELETED" && this.#catalog.stored(storageId)?.custom) {
      this.#worker.add(storageId);
    }
  }

  #serve(object: KubeObject): void {
    // The store holds what passed the checks of this kind.
    const definition = object as CustomResourceDefinition;
    const storageId = storageIdOf({
      group: definition.spec.group,
      plural: definition.spec.names.plural,
    });
    if (this.#catalog.stored(storageId)?.custom === false) return;
    this.#catalog.uninstall(storageId);
    for (const version of definition.spec.versions)
      if (version.served)
        this.#catalog.install({
          kind: this.#kindOf(definition, version),
          custom: true,
          storageId,
        });
  }

  #kindOf({ spec }: CustomResourceDefinition, version: CustomResourceVersion): Kind {
    const { names, group } = spec;
    const ours = this.#own.find(
      (kind) =>
        kind.group === group && kind.plural === names.plural && kind.version === version.name,
    );
    const { status, scale } = version.subresources ?? {};
    return {
      group,
      version: version.name,
      kind: names.kind,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      namespaced: spec.scope === "Namespaced",
      schema: version.schema?.openAPIV3Schema ?? { type: "object" },
      subresources: { status: status !== undefined, ...(scale && { scale }) },
      columns: version.additionalPrinterColumns ?? [],
      withDefaults: (object) => ours?.withDefaults?.(object) ?? object,
      validate: (object, old) => ours?.validate?.(object, old) ?? [],
    };
  }

  /** Empties a kind whose definition is being deleted, then lets the definition go. */
  #review(name: string): void {
    const definition = this.#store.get(definitionResource.storageId, name);
    if (!definition) return this.#dropLeftovers(name);
    const { deletionTimestamp, finalizers = [] } = definition.metadata;
    if (deletionTimestamp === undefined) return;
    const resource = this.#catalog.stored(name);
    if (resource)
      for (const { metadata } of this.#store.list(name))
        if (metadata.deletionTimestamp === undefined)
          this.#registry.delete(
            { resource, namespace: metadata.namespace, name: metadata.name },
            {},
          );
    if (this.#store.list(name).length > 0 || !finalizers.includes(customResourceFinalizer)) return;
    const kept = finalizers.filter((finalizer) => finalizer !== customResourceFinalizer);
    const release = (old: KubeObject): KubeObject => ({
      ...old,
      metadata: { ...old.metadata, finalizers: kept },
    });
    this.#registry.update({ resource: definitionResource, name }, "main", release, quietly);
  }

  /** Somebody took the finalizer out: nobody could ever reach the objects again. */
  #dropLeftovers(name: string): void {
    if (this.#catalog.stored(name)) return;
    for (const object of this.#store.list(name)) this.#store.remove(name, keyOf(object));
  }
}
