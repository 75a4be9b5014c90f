// How a ReplicaSet gets from the pods it has to the number it wants: how many to make, which to give
// up, and what to say about it. Pure; the loop stands in replica-set-controller.ts.
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Pod } from "../../resources/pod.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { availableInMs, isActive, isReady, readySinceMs } from "../../resources/pod-state.ts";

/** The annotation by which an autoscaler names the pods that may go first: the lowest cost. */
const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

export type ReplicaPlan = {
  readonly create: number;
  readonly remove: readonly Pod[];
};

/** `pods` are the ones that the set controls, whatever their state; terminating ones do not count. */
export function planReplicas(replicaSet: ReplicaSet, pods: readonly Pod[]): ReplicaPlan {
  const active = pods.filter(isActive);
  const wanted = replicaSet.spec.replicas ?? 1;
  const surplus = Math.max(0, active.length - wanted);
  return {
    create: Math.max(0, wanted - active.length),
    remove: active.toSorted(byDispensability).slice(0, surplus),
  };
}

export type ReplicaReport = {
  readonly status: NonNullable<ReplicaSet["status"]>;
  /** When the next ready pod will have been ready for minReadySeconds. */
  readonly recountInMs: number | undefined;
};

export function reportReplicas(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  nowMs: number,
): ReplicaReport {
  const { minReadySeconds = 0, template } = replicaSet.spec;
  const active = pods.filter(isActive);
  const waits = active
    .map((pod) => availableInMs(pod, minReadySeconds, nowMs))
    .filter((waitMs) => waitMs !== undefined);
  const pending = waits.filter((waitMs) => waitMs > 0);
  const wanted = Object.entries(template.metadata?.labels ?? {});
  const status = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) =>
      wanted.every(([key, value]) => metadata.labels?.[key] === value),
    ).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.length - pending.length,
    observedGeneration: replicaSet.metadata.generation ?? 0,
  };
  return { status, recountInMs: pending.length > 0 ? Math.min(...pending) : undefined };
}

/**
 * Sorts the pod to give up first to the front. The order is Kubernetes' (ActivePodsWithRanks), save
 * for the spread over nodes, since there is one: not yet on a node, pending, not ready, of lower
 * deletion cost, ready for less long, restarted more often, younger.
 */
function byDispensability(left: Pod, right: Pod): number {
  for (const rank of ranks) {
    const difference = rank(left) - rank(right);
    if (difference !== 0) return difference;
  }
  return left.metadata.name < right.metadata.name ? -1 : 1;
}

const ranks: readonly ((pod: Pod) => number)[] = [
  (pod) => (pod.spec.nodeName === undefined ? 0 : 1),
  (pod) => (pod.status?.phase === "Running" ? 2 : pod.status?.phase === "Unknown" ? 1 : 0),
  (pod) => (isReady(pod) ? 1 : 0),
  deletionCost,
  (pod) => -(readySinceMs(pod) ?? 0),
  (pod) => -restarts(pod),
  (pod) => -(parseTimestamp(pod.metadata.creationTimestamp ?? "") ?? 0),
];

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCostAnnotation] ?? "";
  return /^-?\d+$/.test(text) ? Number(text) : 0;
}

function restarts(pod: Pod): number {
  const counts = (pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);
  return Math.max(0, ...counts);
}
