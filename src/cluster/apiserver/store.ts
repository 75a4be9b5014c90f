// The state of the cluster: immutable objects in memory, one revision counter over all of them, and
// for each resource the recent changes, so that a watch can resume. A journal, when there is one,
// takes every change before anyone can see it. It checks nothing; the registry does.
import assert from "node:assert/strict";
import { keyOf } from "../../resources/object.ts";
import type { KubeObject } from "../../resources/object.ts";
import { jsonText } from "./json-text.ts";
import type { SqliteJournal } from "./sqlite-journal.ts";

export type Change = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly storageId: string;
  readonly key: string;
  /** The new state; of a deleted object the last one, under the revision of its deletion. */
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
};

export type Listener = (change: Change) => void;
export type Location = { readonly storageId: string; readonly key: string };

type Collection = {
  readonly objects: Map<string, KubeObject>;
  /** In key order; absent while out of date. */
  sorted: readonly KubeObject[] | undefined;
  readonly history: Change[];
  /** The length of all of its objects as JSON. */
  historyChars: number;
  /** Changes up to this revision are no longer known. */
  forgottenRevision: number;
  readonly listeners: Set<Listener>;
};

/** Large objects are remembered for fewer changes: the memory of a laptop is not theirs alone. */
const historyCharsMax = 32 * 1024 * 1024;

export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Set<Listener>();
  readonly #locations = new Map<string, Location>();
  readonly #dependents = new Map<string, Map<string, Location>>();
  readonly #journal: SqliteJournal | undefined;
  readonly #historyLength: number;
  /** What the journal held at the start; of the changes before nothing is known, of any resource. */
  #loadedRevision = 0;
  #revision = 0;

  /** `historyLength` is how many changes of each resource a watch can go back. */
  constructor(options: { readonly journal?: SqliteJournal; readonly historyLength?: number } = {}) {
    this.#journal = options.journal;
    this.#historyLength = options.historyLength ?? 1024;
  }

  /** Takes over what the journal holds. Older revisions than the journal's cannot be watched from. */
  load(): void {
    if (!this.#journal) return;
    const { revision, objects } = this.#journal.load();
    this.#revision = revision;
    this.#loadedRevision = revision;
    for (const { storageId, key, object } of objects) {
      this.#collection(storageId).objects.set(key, object);
      this.#index(storageId, key, object);
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get(storageId: string, key: string): KubeObject | undefined {
    return this.#collections.get(storageId)?.objects.get(key);
  }

  /** In the order of their keys. */
  list(storageId: string, namespace?: string): readonly KubeObject[] {
    const collection = this.#collections.get(storageId);
    if (!collection) return [];
    collection.sorted ??= inKeyOrder(collection.objects);
    if (namespace === undefined) return collection.sorted;
    return collection.sorted.filter((object) => object.metadata.namespace === namespace);
  }

  /** Creates or replaces; returns the object with its new resourceVersion. */
  put(storageId: string, object: KubeObject): KubeObject {
    const key = keyOf(object);
    const collection = this.#collection(storageId);
    const old = collection.objects.get(key);
    const revision = this.#revision + 1;
    const stored = withRevision(object, revision);
    this.#journal?.put(storageId, key, revision, stored);
    this.#revision = revision;
    collection.objects.set(key, stored);
    if (old) this.#unindex(storageId, key, old);
    this.#index(storageId, key, stored);
    const type = old ? "MODIFIED" : "ADDED";
    this.#publish(collection, { type, revision, storageId, key, object: stored, old });
    return stored;
  }

  remove(storageId: string, key: string): KubeObject {
    const collection = this.#collection(storageId);
    const old = collection.objects.get(key);
    assert(old, `${storageId} ${key} is not stored`);
    const revision = this.#revision + 1;
    this.#journal?.remove(storageId, key, revision);
    this.#revision = revision;
    collection.objects.delete(key);
    this.#unindex(storageId, key, old);
    const object = withRevision(old, revision);
    this.#publish(collection, { type: "DELETED", revision, storageId, key, object, old });
    return object;
  }

  /** Where the object with this uid stands. */
  locate(uid: string): Location | undefined {
    return this.#locations.get(uid);
  }

  /** The objects that name this uid as an owner. */
  dependentsOf(uid: string): readonly Location[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** Uids that are named as owners, whether they exist or not. */
  ownerUids(): readonly string[] {
    return [...this.#dependents.keys()];
  }

  storageIds(): readonly string[] {
    return [...this.#collections.keys()];
  }

  /** What came after `revision`; undefined when that is no longer (or not yet) known. */
  changesSince(storageId: string, revision: number): readonly Change[] | undefined {
    const { history, forgottenRevision } = this.#collection(storageId);
    if (revision < forgottenRevision || revision > this.#revision) return undefined;
    const first = history.findIndex((change) => change.revision > revision);
    return first < 0 ? [] : history.slice(first);
  }

  /**
   * What was stored at `revision`, in the order of the keys: the present state with the changes since
   * undone. Undefined when they are no longer known.
   */
  listAt(
    storageId: string,
    revision: number,
    namespace?: string,
  ): readonly KubeObject[] | undefined {
    const changes = this.changesSince(storageId, revision);
    if (!changes) return undefined;
    if (changes.length === 0) return this.list(storageId, namespace);
    const objects = new Map(this.#collection(storageId).objects);
    for (const { key, old } of changes.toReversed())
      if (old) objects.set(key, old);
      else objects.delete(key);
    return inKeyOrder(objects).filter(
      (object) => namespace === undefined || object.metadata.namespace === namespace,
    );
  }

  oldestRevision(storageId: string): number {
    return this.#collection(storageId).forgottenRevision;
  }

  /** Calls back after each change of one resource, synchronously and in order. */
  onChange(storageId: string, listener: Listener): () => void {
    const { listeners } = this.#collection(storageId);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  onAnyChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#journal?.close();
  }

  #publish(collection: Collection, change: Change): void {
    collection.sorted = undefined;
    collection.history.push(change);
    collection.historyChars += charsOf(change);
    // Cutting in blocks keeps the cost of the ring off most writes.
    if (collection.history.length >= this.#historyLength * 2)
      forget(collection, collection.history.length - this.#historyLength);
    else if (collection.historyChars > historyCharsMax)
      forget(collection, Math.ceil(collection.history.length / 2));
    for (const listener of this.#listeners) listener(change);
    for (const listener of collection.listeners) listener(change);
  }

  #collection(storageId: string): Collection {
    let collection = this.#collections.get(storageId);
    if (!collection) {
      collection = {
        objects: new Map(),
        sorted: undefined,
        history: [],
        historyChars: 0,
        forgottenRevision: this.#loadedRevision,
        listeners: new Set(),
      };
      this.#collections.set(storageId, collection);
    }
    return collection;
  }

  #index(storageId: string, key: string, object: KubeObject): void {
    const location = { storageId, key };
    const { uid, ownerReferences } = object.metadata;
    if (uid !== undefined) this.#locations.set(uid, location);
    for (const owner of ownerReferences ?? []) {
      let children = this.#dependents.get(owner.uid);
      if (!children) this.#dependents.set(owner.uid, (children = new Map()));
      children.set(`${storageId} ${key}`, location);
    }
  }

  #unindex(storageId: string, key: string, object: KubeObject): void {
    const { uid, ownerReferences } = object.metadata;
    if (uid !== undefined) this.#locations.delete(uid);
    for (const owner of ownerReferences ?? []) {
      const children = this.#dependents.get(owner.uid);
      children?.delete(`${storageId} ${key}`);
      if (children?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

function forget(collection: Collection, count: number): void {
  for (const change of collection.history.splice(0, count)) {
    collection.historyChars -= charsOf(change);
    collection.forgottenRevision = change.revision;
  }
}

/** The text is needed by the journal and by whoever is answered, so it is not made for this. */
function charsOf({ object }: Change): number {
  return jsonText(object).length;
}

function inKeyOrder(objects: ReadonlyMap<string, KubeObject>): readonly KubeObject[] {
  return [...objects]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, object]) => object);
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
