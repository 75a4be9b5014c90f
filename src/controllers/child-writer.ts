// Brings the children of an object to the state that is wanted of them, and writes only when there
// is something to write. Fields that nobody here has an opinion on are left to whoever set them.
import { jsonEqual, jsonIncludes } from "../lib/json.ts";
import type { Kind } from "../resources/kind.ts";
import { controllerOf, keyOf, type KubeObject } from "../resources/object.ts";
import type { KubeClient } from "../kube/client.ts";

/** A child of that name exists and belongs to somebody else; only a person can resolve it. */
export class ForeignChildError extends Error {}

type Written = {
  readonly wanted: KubeObject;
  /** What the server made of it, so that another writer's change shows. */
  readonly uid: string | undefined;
  readonly generation: number | undefined;
};

export class ChildWriter {
  readonly #client: KubeClient;
  /** By the key of the owner, then by the kind and key of the child. */
  readonly #written = new Map<string, Map<string, Written>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /**
   * Creates the child, or replaces what differs. `carry` takes over from the current object what
   * the wanted one leaves open on purpose, such as a replica count that a scaler owns. Throws a
   * ForeignChildError when the current object is not controlled by the owner.
   */
  async apply<T extends KubeObject>(
    kind: Kind<T>,
    owner: KubeObject,
    wanted: T,
    current: T | undefined,
    carry: (wanted: T, current: T) => T = (child) => child,
  ): Promise<void> {
    const name = `${kind.plural}/${keyOf(wanted)}`;
    if (!current) {
      this.#remember(owner, name, wanted, await this.#client.create(kind, wanted));
      return;
    }
    if (controllerOf(current)?.uid !== owner.metadata.uid)
      throw new ForeignChildError(
        `${kind.kind} ${keyOf(wanted)} exists already and does not belong to ${owner.kind} ` +
          `${owner.metadata.name}; delete it, or give the ${owner.kind} another name`,
      );
    const written = this.#written.get(keyOf(owner))?.get(name);
    if (written && isUpToDate(written, wanted, current)) return;
    const metadata = {
      ...current.metadata,
      labels: merged(
        current.metadata.labels,
        written?.wanted.metadata.labels,
        wanted.metadata.labels,
      ),
      annotations: merged(
        current.metadata.annotations,
        written?.wanted.metadata.annotations,
        wanted.metadata.annotations,
      ),
    };
    const next = { ...carry(wanted, current), metadata };
    this.#remember(owner, name, wanted, await this.#client.update(kind, next));
  }

  /** Deletes the child if it is there and controlled by the owner. */
  async remove<T extends KubeObject>(
    kind: Kind<T>,
    owner: KubeObject,
    current: T | undefined,
  ): Promise<void> {
    if (!current || controllerOf(current)?.uid !== owner.metadata.uid) return;
    const { uid } = current.metadata;
    await this.#client.delete(kind, current.metadata, uid === undefined ? {} : { uid });
    this.#written.get(keyOf(owner))?.delete(`${kind.plural}/${keyOf(current)}`);
  }

  /** The owner of this key is gone. */
  forget(ownerKey: string): void {
    this.#written.delete(ownerKey);
  }

  #remember(owner: KubeObject, name: string, wanted: KubeObject, { metadata }: KubeObject): void {
    const children = this.#written.get(keyOf(owner)) ?? new Map<string, Written>();
    children.set(name, { wanted, uid: metadata.uid, generation: metadata.generation });
    this.#written.set(keyOf(owner), children);
  }
}

function isUpToDate(written: Written, wanted: KubeObject, current: KubeObject): boolean {
  const { metadata } = current;
  // The copy may still be older than our own write; only a newer one can hold a foreign change. Kinds
  // without generations, as Services, are looked into.
  const untouched =
    metadata.generation === undefined
      ? jsonIncludes({ ...current, metadata: {} }, { ...wanted, metadata: {} })
      : metadata.generation <= (written.generation ?? 0);
  return (
    jsonEqual(written.wanted, wanted) &&
    written.uid === metadata.uid &&
    untouched &&
    includes(metadata.labels, wanted.metadata.labels) &&
    includes(metadata.annotations, wanted.metadata.annotations)
  );
}

type Strings = Readonly<Record<string, string>>;

function includes(all: Strings = {}, some: Strings = {}): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}

/** What is there, without what we once wanted, with what we want. */
function merged(current: Strings = {}, before: Strings = {}, wanted: Strings = {}): Strings {
  const foreign = Object.entries(current).filter(([key]) => before[key] === undefined);
  return { ...Object.fromEntries(foreign), ...wanted };
}

/** Takes over `spec.replicas` where the wanted object leaves it open: a scaler owns it. */
export function carryReplicas<
  T extends KubeObject & { readonly spec: { readonly replicas?: number } },
>(wanted: T, current: T): T {
  const { replicas } = current.spec;
  if (wanted.spec.replicas !== undefined || replicas === undefined) return wanted;
  return { ...wanted, spec: { ...wanted.spec, replicas } };
}
