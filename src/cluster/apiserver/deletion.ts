// What a delete request does to an object: remove it, or mark it and wait for whoever holds it. A
// finalizer holds any object, a namespace's content holds the namespace, and a pod that runs on a
// node is held until its kubelet has stopped it.
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Resource } from "../resource-catalog.ts";

export type PropagationPolicy = "Background" | "Foreground" | "Orphan";

export type DeleteOptions = {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: PropagationPolicy;
  readonly dryRun?: boolean;
};

export type DeletionPlan =
  | { readonly kind: "remove" }
  /** Already being deleted, and the request asks for nothing new. */
  | { readonly kind: "keep" }
  | { readonly kind: "mark"; readonly object: KubeObject };

/** Held until the objects that name it as a blocking owner are gone. */
export const foregroundFinalizer = "foregroundDeletion";
/** With which an object asks that its dependents outlive it. */
const orphanFinalizer = "orphan";
const podGraceDefaultSeconds = 30;

export function planDeletion(
  resource: Resource,
  object: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): DeletionPlan {
  const { metadata } = object;
  const finalizers = finalizersAfter(metadata.finalizers ?? [], propagationOf(object, options));
  const graceSeconds = resource.storageId === "pods" ? podGrace(object as Pod, options) : 0;
  const isMarked = metadata.deletionTimestamp !== undefined;
  const isHeld = finalizers.length > 0 || graceSeconds > 0 || resource.storageId === "namespaces";
  if (!isHeld) return { kind: "remove" };
  const isSame = jsonEqual(finalizers, metadata.finalizers ?? []);
  // A second request may shorten the grace period, never prolong it.
  const isShorter = graceSeconds < (metadata.deletionGracePeriodSeconds ?? Infinity);
  if (isMarked && isSame && !(isShorter && options.gracePeriodSeconds !== undefined))
    return { kind: "keep" };
  const { finalizers: _before, ...rest } = metadata;
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...rest,
      ...(finalizers.length > 0 && { finalizers }),
      deletionTimestamp: formatTimestamp(nowMs + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
    },
  };
  return {
    kind: "mark",
    object:
      resource.storageId === "namespaces"
        ? ({ ...marked, status: { phase: "Terminating" } } as KubeObject)
        : marked,
  };
}

/** What the request says becomes of dependents; else what an earlier one, or the object itself, said. */
export function propagationOf(
  { metadata: { finalizers = [] } }: KubeObject,
  { propagationPolicy }: DeleteOptions,
): PropagationPolicy {
  if (propagationPolicy) return propagationPolicy;
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}

/** Dependents are orphaned at once, so nothing has to wait for that. */
function finalizersAfter(
  finalizers: readonly string[],
  policy: PropagationPolicy,
): readonly string[] {
  if (policy === "Foreground" && finalizers.includes(foregroundFinalizer)) return finalizers;
  const others = finalizers.filter(
    (name) => name !== foregroundFinalizer && name !== orphanFinalizer,
  );
  return policy === "Foreground" ? [...others, foregroundFinalizer] : others;
}

/** A pod that no node runs, or that has ended, has nothing to stop. */
function podGrace(pod: Pod, options: DeleteOptions): number {
  const phase = pod.status?.phase;
  if (!pod.spec.nodeName || phase === "Succeeded" || phase === "Failed") return 0;
  return (
    options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? podGraceDefaultSeconds
  );
}
