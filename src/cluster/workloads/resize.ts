// What a change of a Deployment's size does to its ReplicaSets. Amid a rollout the change is shared
// among them by their sizes, as Kubernetes does, so that an autoscaler's new pods do not all go to a
// revision that may never become ready. Pure.
import type { Deployment } from "../../resources/deployment.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { replicasOf, rolloutLimits, wantedReplicas } from "./rollout-limits.ts";

export type ScaleStep = { readonly replicaSet: ReplicaSet; readonly to: number };

/** What size of the Deployment a ReplicaSet's own size was made for, and what the surge then allowed. */
const desiredAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxAnnotation = "deployment.kubernetes.io/max-replicas";

export const sizeAnnotationNames = [desiredAnnotation, maxAnnotation] as const;

/** To be written with every size: how a later pass knows that the wanted number has changed. */
export function sizeAnnotations(deployment: Deployment): Readonly<Record<string, string>> {
  const wanted = wantedReplicas(deployment);
  return {
    [desiredAnnotation]: String(wanted),
    [maxAnnotation]: String(wanted + rolloutLimits(deployment).maxSurge),
  };
}

/**
 * The new sizes after the wanted number has changed; empty when it has not. A step may leave the size
 * as it is: then only the annotations are behind.
 *
 * Worked example: of 10 wanted with a surge of 3, 8 are old and 5 new when 20 are wanted. 23 are then
 * allowed, so the old get round(8·23/13) = 14 and the new round(5·23/13) = 9.
 */
export function planResize(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  older: readonly ReplicaSet[],
): readonly ScaleStep[] {
  const all = newest ? [newest, ...older] : older;
  const active = all.filter((set) => replicasOf(set) > 0);
  const wanted = String(wantedReplicas(deployment));
  const changed = active.some(
    ({ metadata }) => (metadata.annotations?.[desiredAnnotation] ?? wanted) !== wanted,
  );
  if (!changed) return [];
  // The old ones only wait to be taken down; that is the rollout's.
  if (newest && isComplete(newest, deployment)) return [];
  const [only, ...others] = active;
  if (only && others.length === 0) return [{ replicaSet: only, to: wantedReplicas(deployment) }];
  return deployment.spec.strategy?.type === "Recreate" ? [] : share(deployment, newest, active);
}

function isComplete({ metadata, spec, status }: ReplicaSet, deployment: Deployment): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    metadata.annotations?.[desiredAnnotation] === String(wanted) &&
    spec.replicas === wanted &&
    status?.availableReplicas === wanted
  );
}

function share(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  active: readonly ReplicaSet[],
): readonly ScaleStep[] {
  const wanted = wantedReplicas(deployment);
  const allowed = wanted === 0 ? 0 : wanted + rolloutLimits(deployment).maxSurge;
  const total = active.reduce((sum, set) => sum + replicasOf(set), 0);
  const change = allowed - total;
  // The largest set takes what rounding leaves over; of equals the newer when growing, else the older.
  const newerFirst = (left: ReplicaSet, right: ReplicaSet): number =>
    left === newest ? -1 : right === newest ? 1 : 0;
  const order = active.toSorted(
    (left, right) =>
      replicasOf(right) - replicasOf(left) || (change > 0 ? 1 : -1) * newerFirst(left, right),
  );
  let left = change;
  const steps = order.map((replicaSet) => {
    const size = replicasOf(replicaSet);
    const allowedBefore = Number(replicaSet.metadata.annotations?.[maxAnnotation]) || total;
    const fraction = Math.round((size * allowed) / allowedBefore) - size;
    const part = change > 0 ? clamp(fraction, 0, left) : clamp(fraction, left, 0);
    left -= part;
    return { replicaSet, to: size + part };
  });
  return steps.map((step, index) =>
    index === 0 ? { ...step, to: Math.max(0, step.to + left) } : step,
  );
}

const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);
