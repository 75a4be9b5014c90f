// How a ReplicaSet gets from the pods it has to the number it wants: how many to make, and what to say
// about it. Which pods go first stands in pod-deletion-order.ts. Pure; the loop stands in
// replica-set-controller.ts.
import type { Condition } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { availableInMs, isActive, isReady } from "../../resources/pod-state.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { inDeletionOrder } from "./pod-deletion-order.ts";

export type ReplicaPlan = {
  readonly create: number;
  readonly remove: readonly Pod[];
};

/**
 * `pods` are the ones that the set controls, whatever their state; terminating ones do not count.
 * `related` are those of all sets of the same Deployment, which share the nodes with them.
 */
export function planReplicas(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): ReplicaPlan {
  const active = pods.filter(isActive);
  const wanted = replicaSet.spec.replicas ?? 1;
  if (active.length <= wanted) return { create: wanted - active.length, remove: [] };
  const order = inDeletionOrder(active, related, nowMs);
  return { create: 0, remove: order.slice(0, active.length - wanted) };
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

/** The type of the condition that says why pods cannot be made, on ReplicaSets and Deployments. */
export const replicaFailure = "ReplicaFailure";

/**
 * The set's conditions after a pass. The first failure stays as it was told until a pass succeeds, so
 * that a reason which names another pod at each attempt is no news.
 */
export function failureConditions(
  { status }: ReplicaSet,
  plan: ReplicaPlan,
  failure: string | undefined,
  now: string,
): readonly Condition[] {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== replicaFailure);
  if (failure === undefined) return others;
  const old = status?.conditions?.find(({ type }) => type === replicaFailure);
  const told = {
    type: replicaFailure,
    status: "True" as const,
    reason: plan.create > 0 ? "FailedCreate" : "FailedDelete",
    message: failure,
    lastTransitionTime: now,
  };
  return [...others, old ?? told];
}
