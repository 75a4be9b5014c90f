// A local copy of one kind's objects, kept up to date by list and watch for as long as it runs.
// Readers see what the server said last, but for managedFields; a server that is away leaves the copy
// as it was.
import { sleep, type Clock } from "../lib/clock.ts";
import type { Kind } from "../resources/kind.ts";
import { keyOf, type KubeObject } from "../resources/object.ts";
import { isExpired, type KubeClient } from "./client.ts";

export type Change<T> = { readonly key: string; readonly old?: T; readonly new?: T };
export type ChangeListener<T> = (change: Change<T>) => void;

export type WatchCacheOptions<T extends KubeObject> = {
  readonly client: KubeClient;
  readonly kind: Kind<T>;
  readonly clock: Clock;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly log?: (line: string) => void;
};

const firstRetryMs = 100;
const longestRetryMs = 30_000;

export class WatchCache<T extends KubeObject> {
  readonly #options: WatchCacheOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #resourceVersion: string | undefined;

  constructor(options: WatchCacheOptions<T>) {
    this.#options = options;
  }

  start(signal: AbortSignal): void {
    void this.#run(signal);
  }

  /** Resolves once the first list is in. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Tells of every object that is there already, then of each change. Returns the way to stop. */
  subscribe(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    for (const [key, object] of this.#objects) listener({ key, new: object });
    return () => this.#listeners.delete(listener);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, kind, log } = this.#options;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      const startedMs = clock.nowMs();
      try {
        if (this.#resourceVersion === undefined) await this.#relist();
        await this.#follow(signal);
        // A server that ends watches as soon as they start must not be asked in a tight loop.
        if (clock.nowMs() - startedMs < firstRetryMs) await sleep(clock, firstRetryMs, signal);
        retryMs = firstRetryMs;
      } catch (error) {
        if (signal.aborted) return;
        // What held for longer than the pause before it was sound; its end is a new trouble.
        if (clock.nowMs() - startedMs > retryMs) retryMs = firstRetryMs;
        if (isExpired(error)) {
          this.#resourceVersion = undefined;
          continue;
        }
        log?.(`watch of ${kind.plural}: ${String(error)}; trying again in ${retryMs} ms`);
        await sleep(clock, retryMs, signal);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
    }
  }

  async #relist(): Promise<void> {
    const { client, kind } = this.#options;
    const { items, resourceVersion } = await client.list(kind, this.#options);
    const gone = new Set(this.#objects.keys());
    for (const item of items) {
      gone.delete(keyOf(item));
      this.#put(item);
    }
    for (const key of gone) this.#remove(key);
    this.#resourceVersion = resourceVersion;
    this.#synced.resolve();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, kind, namespace, labelSelector, fieldSelector } = this.#options;
    const events = client.watch(kind, {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
      resourceVersion: this.#resourceVersion ?? "",
      signal,
    });
    for await (const event of events) {
      this.#resourceVersion = event.object.metadata.resourceVersion;
      if (event.type === "BOOKMARK") continue;
      if (event.type === "DELETED") this.#remove(keyOf(event.object), event.object);
      else this.#put(event.object);
    }
  }

  #put(found: T): void {
    const key = keyOf(found);
    const old = this.#objects.get(key);
    if (old?.metadata.resourceVersion === found.metadata.resourceVersion) return;
    const object = withoutManagedFields(found);
    this.#objects.set(key, object);
    this.#tell(old ? { key, old, new: object } : { key, new: object });
  }

  #remove(key: string, last?: T): void {
    const old = last ?? this.#objects.get(key);
    this.#objects.delete(key);
    if (old) this.#tell({ key, old });
  }

  /** A listener that throws is wrong, but the others have to hear of the change, and the copy goes on. */
  #tell(change: Change<T>): void {
    const { log, kind } = this.#options;
    for (const listener of this.#listeners)
      try {
        listener(change);
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        log?.(`a listener to ${kind.plural} failed on ${change.key}: ${detail}`);
      }
  }
}

/** Which no controller reads: they can be larger than the rest, and who writes need not send them. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
