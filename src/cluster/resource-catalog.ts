// Which kinds the server serves right now: the built-in ones, and those that CustomResourceDefinitions
// add and remove. It only keeps the list; what a kind does is elsewhere.
import type { Kind } from "../resources/kind.ts";

/** One kind in one version. All versions of a kind share their `storageId`, so their objects too. */
export type Resource = {
  readonly kind: Kind;
  readonly custom: boolean;
  readonly storageId: string;
  /** What everyone is told who uses this version; absent while it is not deprecated. */
  readonly deprecation?: string;
  /** Its definition is being deleted, and takes all objects along: no more are created. */
  readonly isTerminating?: boolean;
};

export function builtIn(kind: Kind): Resource {
  return { kind, custom: false, storageId: storageIdOf(kind) };
}

/** `deployments.apps`, or `pods` in the core group. */
export function storageIdOf(kind: Pick<Kind, "group" | "plural">): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}

export class ResourceCatalog {
  readonly #byPath = new Map<string, Resource>();
  #edition = 0;

  /** Changes whenever the list does; what is computed from the list is kept as long as it stays. */
  get edition(): number {
    return this.#edition;
  }

  install(resource: Resource): void {
    const { group, version, plural } = resource.kind;
    this.#byPath.set(`${group}/${version}/${plural}`, resource);
    this.#edition++;
  }

  uninstall(storageId: string): void {
    for (const [path, resource] of this.#byPath)
      if (resource.storageId === storageId) this.#byPath.delete(path);
    this.#edition++;
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** Any version of it will do where only the stored objects matter. */
  stored(storageId: string): Resource | undefined {
    for (const resource of this.#byPath.values())
      if (resource.storageId === storageId) return resource;
    return undefined;
  }

  all(): readonly Resource[] {
    return [...this.#byPath.values()];
  }

  /** One resource for each `storageId`, whatever its versions. */
  distinct(): readonly Resource[] {
    return [...new Map(this.all().map((resource) => [resource.storageId, resource])).values()];
  }
}
