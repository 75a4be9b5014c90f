// Which objects belong to a ReplicaSet or a Deployment. Its selector decides: objects that match and
// that nobody controls are taken over, and those that it controls but that match no more are let go,
// as when somebody takes a pod out of service by its label.
import { indexBy } from "../../kube/cache-index.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { Kind } from "../../resources/kind.ts";
import {
  controllerOf,
  controllerReference,
  keyOf,
  type KubeObject,
  type LabelSelector,
} from "../../resources/object.ts";
import { matchesSelector, selectorOf } from "../../resources/selector.ts";

export type Owner = KubeObject & { readonly spec: { readonly selector: LabelSelector } };

export type Claim<T> = {
  /** What the owner has, what it takes over included. */
  readonly owned: readonly T[];
  readonly adopted: readonly T[];
  readonly released: readonly T[];
};

/** Finds what an owner might claim: its children, and the objects of its namespace that nobody controls. */
export function claimable<T extends KubeObject>(
  cache: WatchCache<T>,
): (owner: KubeObject) => readonly T[] {
  const orphansOf = ({ metadata }: KubeObject): string => `orphans of ${metadata.namespace}`;
  const byController = indexBy(cache, (object) => [controllerOf(object)?.uid ?? orphansOf(object)]);
  return (owner) => [...byController(owner.metadata.uid ?? ""), ...byController(orphansOf(owner))];
}

/** Decides; `carryOutClaim` then does. An owner or a child that is being deleted changes no hands. */
export function claimChildren<T extends KubeObject>(owner: Owner, objects: readonly T[]): Claim<T> {
  const { namespace, uid } = owner.metadata;
  const isMatch = matcherOf(owner);
  const isStaying = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp === undefined;
  const kept: T[] = [];
  const adopted: T[] = [];
  const released: T[] = [];
  for (const object of objects) {
    if (object.metadata.namespace !== namespace) continue;
    const controller = controllerOf(object);
    if (controller?.uid === uid) {
      if (isStaying(object) && !isMatch(object)) released.push(object);
      else kept.push(object);
    } else if (!controller && isStaying(owner) && isStaying(object) && isMatch(object))
      adopted.push(object);
  }
  return { owned: [...kept, ...adopted], adopted, released };
}

/** Refused with a conflict where an object has changed since it was read. */
export async function carryOutClaim<T extends KubeObject>(
  client: KubeClient,
  kind: Kind<T>,
  owner: Owner,
  { adopted, released }: Claim<T>,
): Promise<void> {
  const write = async (object: T, ownerReferences: readonly object[]): Promise<void> => {
    const { uid, resourceVersion } = object.metadata;
    await client.patch(kind, object.metadata, {
      metadata: { uid, resourceVersion, ownerReferences },
    });
  };
  for (const object of adopted) {
    const references = object.metadata.ownerReferences ?? [];
    await write(object, [...references, controllerReference(owner)]);
  }
  for (const object of released) {
    const references = object.metadata.ownerReferences ?? [];
    await write(
      object,
      references.filter(({ uid }) => uid !== owner.metadata.uid),
    );
  }
}

/** The keys of the owners that an object without a controller might go to. */
export function possibleOwners(
  object: KubeObject,
  ownersIn: (namespace: string) => readonly Owner[],
): readonly string[] {
  if (controllerOf(object)) return [];
  return ownersIn(object.metadata.namespace ?? "")
    .filter((owner) => matcherOf(owner)(object))
    .map(keyOf);
}

/** An empty selector, which elsewhere means everything, here means nothing. */
function matcherOf({ spec }: Owner): (object: KubeObject) => boolean {
  const selector = selectorOf(spec.selector);
  return ({ metadata }) => selector.length > 0 && matchesSelector(selector, metadata.labels);
}
