// Finds the objects of a watch cache by something else than their key: the pods of an owner, the slices
// of a Service. A loop that looked through all objects at each change would be quadratic.
import type { KubeObject } from "../resources/object.ts";
import type { WatchCache } from "./watch-cache.ts";

/** The objects under one of the keys, in no order; empty where there are none. */
export type CacheIndex<T> = (key: string) => readonly T[];

/** Follows the cache for as long as that runs. `keysOf` says under which keys an object stands. */
export function indexBy<T extends KubeObject>(
  cache: Pick<WatchCache<T>, "subscribe">,
  keysOf: (object: T) => readonly string[],
): CacheIndex<T> {
  const buckets = new Map<string, Map<string, T>>();
  const keysByObject = new Map<string, readonly string[]>();
  cache.subscribe(({ key, new: object }) => {
    const keys = object ? keysOf(object) : [];
    for (const left of keysByObject.get(key) ?? []) {
      if (keys.includes(left)) continue;
      const bucket = buckets.get(left);
      bucket?.delete(key);
      if (bucket?.size === 0) buckets.delete(left);
    }
    if (!object) {
      keysByObject.delete(key);
      return;
    }
    keysByObject.set(key, keys);
    for (const entered of keys) {
      let bucket = buckets.get(entered);
      if (!bucket) buckets.set(entered, (bucket = new Map()));
      bucket.set(key, object);
    }
  });
  return (key) => [...(buckets.get(key)?.values() ?? [])];
}

/** For indexes of objects that live in namespaces. */
export function namespaceOf({ metadata }: KubeObject): readonly string[] {
  return [metadata.namespace ?? ""];
}
