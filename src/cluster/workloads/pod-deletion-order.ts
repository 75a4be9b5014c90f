// Which pods of a ReplicaSet go first when there are too many: Kubernetes' order (ActivePodsWithRanks in
// controller_utils.go), criterion by criterion. Pure.
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Pod } from "../../resources/pod.ts";
import { isActive, isReady, readySinceMs } from "../../resources/pod-state.ts";

/** The annotation by which an autoscaler names the pods that may go first: the lowest cost. */
const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

/** Negative where the left pod goes first. */
type Criterion = (left: Pod, right: Pod) => number;

/** The pod to give up first stands first. `related` are the pods that should be spread over the nodes. */
export function inDeletionOrder(
  pods: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): readonly Pod[] {
  const onNode = new Map<string | undefined, number>();
  for (const { spec } of related.filter(isActive))
    onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  const criteria: readonly Criterion[] = [
    lowest((pod) => (pod.spec.nodeName === undefined ? 0 : 1)),
    lowest((pod) =>
      pod.status?.phase === "Running" ? 2 : pod.status?.phase === "Unknown" ? 1 : 0,
    ),
    lowest((pod) => (isReady(pod) ? 1 : 0)),
    lowest(deletionCost),
    lowest((pod) => -(onNode.get(pod.spec.nodeName) ?? 0)),
    youngest(readySinceMs, nowMs),
    lowest((pod) => -restarts(pod)),
    youngest(({ metadata }) => parseTimestamp(metadata.creationTimestamp ?? ""), nowMs),
  ];
  return pods.toSorted((left, right) => {
    for (const criterion of criteria) {
      const difference = criterion(left, right);
      if (difference !== 0) return difference;
    }
    return byUid(left, right);
  });
}

function lowest(rank: (pod: Pod) => number): Criterion {
  return (left, right) => rank(left) - rank(right);
}

/**
 * Ages count by their order of magnitude, and equal ones are told apart by uid: of pods that are about
 * as old any may go, so that a scale-down does not take all the pods of the last scale-up. Doubling the
 * age, counted in nanoseconds, is one magnitude: pods of 5 and 7 s are alike, of 5 and 20 s are not.
 */
function youngest(sinceMs: (pod: Pod) => number | undefined, nowMs: number): Criterion {
  const magnitude = (timeMs: number): number => {
    const ageNs = (nowMs - timeMs) * 1e6;
    return ageNs > 0 ? Math.floor(Math.log2(ageNs)) : -1;
  };
  return (left, right) => {
    const [leftMs, rightMs] = [sinceMs(left), sinceMs(right)];
    if (leftMs === rightMs || leftMs === undefined || rightMs === undefined) return 0;
    return magnitude(leftMs) - magnitude(rightMs) || byUid(left, right);
  };
}

function byUid(left: Pod, right: Pod): number {
  return (left.metadata.uid ?? "") < (right.metadata.uid ?? "") ? -1 : 1;
}

function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.[deletionCostAnnotation] ?? "";
  return /^-?\d+$/.test(text) ? Number(text) : 0;
}

/** The container that was restarted most often; sidecars decide between equals. */
function restarts({ spec, status }: Pod): number {
  const most = (counts: readonly number[]): number => Math.max(0, ...counts);
  const sidecars = new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === "Always")
      .map(({ name }) => name),
  );
  const containers = (status?.containerStatuses ?? []).map(({ restartCount }) => restartCount);
  const beside = (status?.initContainerStatuses ?? [])
    .filter(({ name }) => sidecars.has(name))
    .map(({ restartCount }) => restartCount);
  // Counts of restarts stay far below a million.
  return most(containers) + most(beside) / 1e6;
}
