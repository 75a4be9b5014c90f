// CustomResourceDefinitions at work: each one stored adds its kinds to those served, each change of
// it changes them, and a deletion takes the kind's objects along before the kind goes.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { crdOf, customResourceDefinitionKind } from "../../resources/custom-resource-definition.ts";
import type {
  CustomResourceDefinition,
  CustomResourceNames,
  CustomResourceVersion,
} from "../../resources/custom-resource-definition.ts";
import type { Kind } from "../../resources/kind.ts";
import { keyOf } from "../../resources/object.ts";
import type { KubeObject } from "../../resources/object.ts";
import { ChangeWorker, type FollowUpOptions } from "./change-worker.ts";
import {
  definitionStatus,
  isConditionTrue,
  nameConflict,
  servedNames,
} from "./definition-names.ts";
import { rulesOf } from "./definition-rules.ts";
import { definitionSchemaCauses } from "./definition-schemas.ts";
import { customResourceFinalizer } from "./initial-state.ts";
import { quietly, type Registry } from "./registry.ts";
import { builtIn } from "../resource-catalog.ts";
import type { Resource, ResourceCatalog } from "../resource-catalog.ts";
import { byVersionPriority } from "./discovery.ts";
import type { Change, Store } from "./store.ts";

export class CustomResources {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #worker: ChangeWorker;
  readonly #definitionResource: Resource;
  #own: readonly Kind[] = [];
  #unsubscribe = (): void => {};

  constructor(options: FollowUpOptions & { readonly clock: Clock }) {
    this.#store = options.store;
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#clock = options.clock;
    this.#worker = new ChangeWorker({
      name: "custom resources",
      run: (name) => this.#review(name),
      log: options.log,
    });
    this.#definitionResource = builtIn(this.#definitionKind());
  }

  /**
   * Serves the definitions in the store, then stores one for each of `own`, or brings the stored one
   * up to date. The rules that a schema cannot express are taken from `own` itself.
   */
  start(own: readonly Kind[]): void {
    this.#own = own;
    this.#catalog.install(this.#definitionResource);
    for (const definition of this.#definitions()) this.#serve(definition);
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

  /** The kind with the checks and defaults that need more than a definition's own fields. */
  #definitionKind(): Kind<CustomResourceDefinition> {
    const { validate, withDefaults } = customResourceDefinitionKind;
    return {
      ...customResourceDefinitionKind,
      withDefaults: (given) => {
        const definition = withDefaults?.(given) ?? given;
        if (definition.status) return definition;
        const conflict = nameConflict(definition, this.#catalog.all());
        return { ...definition, status: definitionStatus(definition, conflict, this.#now()) };
      },
      validate: (definition, old) => [
        ...(validate?.(definition, old) ?? []),
        ...definitionSchemaCauses(definition, old),
      ],
    };
  }

  #now(): string {
    return formatTimestamp(this.#clock.nowMs());
  }

  #installOwn(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    const stored = this.#store.get(this.#definitionResource.storageId, name);
    if (!stored) {
      // Not validated: a test does that once for all, and no start has to wait for it.
      const draft = this.#registry.draftCreate(
        this.#definitionResource,
        undefined,
        definition,
        quietly,
      );
      this.#registry.commit(draft, quietly);
      return;
    }
    if (jsonEqual((stored as CustomResourceDefinition).spec, definition.spec)) return;
    const target = { resource: this.#definitionResource, name };
    const replace = (old: KubeObject): KubeObject =>
      ({ ...old, spec: definition.spec }) as KubeObject;
    this.#registry.update(target, "main", replace, quietly);
  }

  #notice({ type, storageId, object }: Change): void {
    if (storageId === this.#definitionResource.storageId) {
      const definition = object as CustomResourceDefinition;
      if (type === "DELETED") this.#catalog.uninstall(definition.metadata.name);
      else this.#serve(definition);
      this.#worker.add(definition.metadata.name);
      // Others may have waited for its names.
      for (const other of this.#definitions())
        if (!isAccepted(other) && other.spec.group === definition.spec.group)
          this.#worker.add(other.metadata.name);
    } else if (type === "DELETED" && this.#catalog.stored(storageId)?.custom) {
      this.#worker.add(storageId);
    }
  }

  /** Those whose names are accepted come first: they keep them. */
  #definitions(): readonly CustomResourceDefinition[] {
    // The store holds what passed the checks of this kind.
    const stored = this.#store.list(
      this.#definitionResource.storageId,
    ) as CustomResourceDefinition[];
    return [...stored.filter(isAccepted), ...stored.filter((other) => !isAccepted(other))];
  }

  #serve(definition: CustomResourceDefinition): void {
    const storageId = definition.metadata.name;
    if (this.#catalog.stored(storageId)?.custom === false) return;
    this.#catalog.uninstall(storageId);
    const names = servedNames(definition, nameConflict(definition, this.#catalog.all()));
    if (!names) return;
    for (const version of definition.spec.versions)
      if (version.served) this.#catalog.install(this.#resourceOf(definition, version, names));
  }

  #resourceOf(
    definition: CustomResourceDefinition,
    version: CustomResourceVersion,
    names: CustomResourceNames,
  ): Resource {
    const deprecation = deprecationOf(definition, version);
    return {
      kind: this.#kindOf(definition, version, names),
      custom: true,
      storageId: definition.metadata.name,
      ...(deprecation !== undefined && { deprecation }),
      ...(definition.metadata.deletionTimestamp !== undefined && { isTerminating: true }),
    };
  }

  #kindOf(
    { spec }: CustomResourceDefinition,
    version: CustomResourceVersion,
    names: CustomResourceNames,
  ): Kind {
    const { group } = spec;
    const ours = this.#own.find(
      (kind) =>
        kind.group === group && kind.plural === names.plural && kind.version === version.name,
    );
    const { status, scale } = version.subresources ?? {};
    const schema = version.schema?.openAPIV3Schema ?? { type: "object" };
    const rules = rulesOf(schema);
    return {
      group,
      version: version.name,
      kind: names.kind,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      namespaced: spec.scope === "Namespaced",
      schema,
      subresources: { status: status !== undefined, ...(scale && { scale }) },
      columns: version.additionalPrinterColumns ?? [],
      selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.slice(1)),
      withDefaults: (object) => ours?.withDefaults?.(object) ?? object,
      validate: (object, old) => [
        ...(ours?.validate?.(object, old) ?? []),
        ...(rules?.validate(object, old) ?? []),
      ],
      ...(rules && { validateStatus: rules.validate }),
    };
  }

  /** Says how it stands; empties a kind whose definition is being deleted. */
  #review(name: string): void {
    const definition = this.#store.get(this.#definitionResource.storageId, name) as
      | CustomResourceDefinition
      | undefined;
    if (!definition) return this.#dropLeftovers(name);
    this.#reviewStatus(definition);
    const { deletionTimestamp, finalizers = [] } = definition.metadata;
    if (deletionTimestamp === undefined) return;
    // Whether any version is served does not matter to what is stored.
    const [version] = definition.spec.versions;
    if (version) {
      const resource = this.#resourceOf(definition, version, definition.spec.names);
      for (const { metadata } of this.#store.list(name))
        if (metadata.deletionTimestamp === undefined)
          this.#registry.delete(
            { resource, namespace: metadata.namespace, name: metadata.name },
            {},
          );
    }
    if (this.#store.list(name).length > 0 || !finalizers.includes(customResourceFinalizer)) return;
    const kept = finalizers.filter((finalizer) => finalizer !== customResourceFinalizer);
    const release = (old: KubeObject): KubeObject => ({
      ...old,
      metadata: { ...old.metadata, finalizers: kept },
    });
    this.#registry.update({ resource: this.#definitionResource, name }, "main", release, quietly);
  }

  #reviewStatus(definition: CustomResourceDefinition): void {
    const conflict = nameConflict(definition, this.#catalog.all());
    const status = definitionStatus(definition, conflict, this.#now());
    if (jsonEqual(status, definition.status)) return;
    const target = { resource: this.#definitionResource, name: definition.metadata.name };
    // The change brings the kind along, under the names that are accepted now.
    this.#registry.update(target, "status", (old) => ({ ...old, status }) as KubeObject, quietly);
  }

  /** Somebody took the finalizer out: nobody could ever reach the objects again. */
  #dropLeftovers(name: string): void {
    if (this.#catalog.stored(name)) return;
    for (const object of this.#store.list(name)) this.#store.remove(name, keyOf(object));
  }
}

function isAccepted(definition: CustomResourceDefinition): boolean {
  return isConditionTrue(definition, "NamesAccepted");
}

/** What clients of a deprecated version are told, in Kubernetes' words where its author has none. */
function deprecationOf(
  { spec }: CustomResourceDefinition,
  version: CustomResourceVersion,
): string | undefined {
  if (version.deprecated !== true) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const { group, names } = spec;
  const current = spec.versions
    .filter(({ served, deprecated }) => served && deprecated !== true)
    .map(({ name }) => name)
    .sort(byVersionPriority)[0];
  const advice =
    current !== undefined && byVersionPriority(current, version.name) < 0
      ? `; use ${group}/${current} ${names.kind}`
      : "";
  return `${group}/${version.name} ${names.kind} is deprecated${advice}`;
}
