// How a Deployment moves its pods from older ReplicaSets to the one of its current template: what to
// create, and how many replicas each set gets next. One small step at a time, as the world answers.
// Pure; the loop stands in deployment-controller.ts.
import type { Deployment } from "../../resources/deployment.ts";
import { controllerReference, type KubeObject } from "../../resources/object.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import {
  podTemplateHash,
  podTemplateHashLabel,
  sameTemplate,
  withHash,
} from "./pod-template-hash.ts";
import { planResize, sizeAnnotationNames, sizeAnnotations, type ScaleStep } from "./resize.ts";
import { replicasOf, rolloutLimits, wantedReplicas } from "./rollout-limits.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
/** The revisions that a set had before it was rolled back to, as `1,3`. */
const revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";

export type RolloutPlan =
  | { readonly kind: "create"; readonly replicaSet: ReplicaSet }
  | { readonly kind: "scale"; readonly steps: readonly ScaleStep[] }
  /** Old pods have to be gone before new ones may start. */
  | { readonly kind: "wait" }
  | { readonly kind: "done" };

/**
 * `owned` are the ReplicaSets that the Deployment controls. `oldPodsRemain` tells, for Recreate,
 * whether a pod of an older template is still there, be it terminating.
 */
export function planRollout(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  oldPodsRemain: boolean,
): RolloutPlan {
  const { newest, older } = splitByTemplate(deployment, owned);
  const resized = planResize(deployment, newest, older);
  if (resized.length > 0) return { kind: "scale", steps: resized };
  if (deployment.spec.paused === true) return planPaused(deployment, owned, newest);
  if (deployment.spec.strategy?.type === "Recreate") {
    const down = older
      .filter((set) => replicasOf(set) > 0)
      .map((set) => ({ replicaSet: set, to: 0 }));
    if (down.length > 0) return { kind: "scale", steps: down };
    if (oldPodsRemain) return { kind: "wait" };
  }
  const wanted = wantedReplicas(deployment);
  if (!newest) return { kind: "create", replicaSet: newReplicaSet(deployment, owned) };
  const to =
    deployment.spec.strategy?.type === "Recreate" ? wanted : nextSize(deployment, newest, owned);
  if (to !== replicasOf(newest)) return { kind: "scale", steps: [{ replicaSet: newest, to }] };
  const steps = shrinkOlder(deployment, newest, older);
  return steps.length > 0 ? { kind: "scale", steps } : { kind: "done" };
}

/** The set of the current template, the oldest of several; and all the others, oldest first. */
export function splitByTemplate(
  { spec }: Deployment,
  owned: readonly ReplicaSet[],
): { readonly newest: ReplicaSet | undefined; readonly older: readonly ReplicaSet[] } {
  const byAge = owned.toSorted(
    (left, right) => creationOf(left).localeCompare(creationOf(right)) || nameOrder(left, right),
  );
  const newest = byAge.find((set) => sameTemplate(set.spec.template, spec.template));
  return { newest, older: byAge.filter((set) => set !== newest) };
}

/**
 * Of the sets beyond revisionHistoryLimit, the oldest revisions first, those that have come to rest at
 * zero. To be asked once a rollout is complete: until then one may want to go back.
 */
export function surplusHistory(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
): readonly ReplicaSet[] {
  const { older } = splitByTemplate(deployment, owned);
  const kept = older.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = Math.max(0, kept.length - (deployment.spec.revisionHistoryLimit ?? 10));
  return kept
    .toSorted((left, right) => revisionOf(left) - revisionOf(right))
    .slice(0, surplus)
    .filter(
      ({ metadata, spec, status }) =>
        (spec.replicas ?? 1) === 0 &&
        (status?.replicas ?? 0) === 0 &&
        (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}

/** The revision that the current template's set should carry: above all others, kept when it is. */
export function nextRevision(deployment: Deployment, owned: readonly ReplicaSet[]): number {
  const { newest, older } = splitByTemplate(deployment, owned);
  const highest = Math.max(0, ...older.map(revisionOf));
  const own = newest ? revisionOf(newest) : 0;
  return own > highest ? own : highest + 1;
}

export function revisionOf(object: KubeObject): number {
  return Number(object.metadata.annotations?.[revisionAnnotation] ?? 0) || 0;
}

/**
 * The annotations of the current template's set that are behind: what the Deployment says, the cause of
 * the change included, and its revision. One that is rolled back to remembers what it was before.
 */
export function outdatedAnnotations(
  deployment: Deployment,
  newest: ReplicaSet,
  owned: readonly ReplicaSet[],
): Readonly<Record<string, string>> {
  const had = newest.metadata.annotations ?? {};
  const revision = String(nextRevision(deployment, owned));
  const before = had[revisionAnnotation];
  const wanted = {
    ...inheritedAnnotations(deployment),
    [revisionAnnotation]: revision,
    ...(before !== undefined &&
      before !== revision && {
        [revisionHistoryAnnotation]: [had[revisionHistoryAnnotation], before]
          .filter(Boolean)
          .join(","),
      }),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => had[key] !== value));
}

/** A paused Deployment still changes its size, but starts no revision and moves no pod over. */
function planPaused(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
): RolloutPlan {
  const active = owned.filter((set) => replicasOf(set) > 0);
  const only = active.length === 1 ? active[0] : active.length === 0 ? newest : undefined;
  const wanted = wantedReplicas(deployment);
  if (!only || replicasOf(only) === wanted) return { kind: "done" };
  return { kind: "scale", steps: [{ replicaSet: only, to: wanted }] };
}

/** As large as the surge allows, and never above the wanted number. */
function nextSize(
  deployment: Deployment,
  newest: ReplicaSet,
  owned: readonly ReplicaSet[],
): number {
  const wanted = wantedReplicas(deployment);
  const current = replicasOf(newest);
  if (current >= wanted) return wanted;
  const total = sum(owned.map(replicasOf));
  const room = wanted + rolloutLimits(deployment).maxSurge - total;
  return current + Math.max(0, Math.min(room, wanted - current));
}

/**
 * Takes from the older sets what can be spared: first pods that are not available anyway, then as
 * many available ones as stay above the minimum. Oldest sets first.
 */
function shrinkOlder(
  deployment: Deployment,
  newest: ReplicaSet,
  older: readonly ReplicaSet[],
): readonly ScaleStep[] {
  const minAvailable = wantedReplicas(deployment) - rolloutLimits(deployment).maxUnavailable;
  const newUnavailable = replicasOf(newest) - availableOf(newest);
  const total = sum([newest, ...older].map(replicasOf));
  let spare = total - minAvailable - newUnavailable;
  if (spare <= 0) return [];
  const sizes = new Map(older.map((set) => [set, replicasOf(set)]));
  for (const set of older) {
    const broken = Math.max(0, replicasOf(set) - availableOf(set));
    const cut = Math.min(spare, broken);
    sizes.set(set, replicasOf(set) - cut);
    spare -= cut;
  }
  let available = sum([newest, ...older].map(availableOf)) - minAvailable;
  for (const set of older) {
    const size = sizes.get(set) ?? 0;
    // Also within `spare`, because the counts of availability lag behind the sizes.
    const cut = Math.max(0, Math.min(spare, available, size, availableOf(set)));
    sizes.set(set, size - cut);
    available -= cut;
    spare -= cut;
  }
  return [...sizes]
    .filter(([set, to]) => to !== replicasOf(set))
    .map(([replicaSet, to]) => ({ replicaSet, to }));
}

function newReplicaSet(deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSet {
  const { metadata, spec, status } = deployment;
  const hash = podTemplateHash(spec.template, status?.collisionCount);
  const template = withHash(spec.template, hash);
  const room =
    wantedReplicas(deployment) + rolloutLimits(deployment).maxSurge - sum(owned.map(replicasOf));
  const revision = String(nextRevision(deployment, owned));
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      labels: template.metadata?.labels ?? {},
      annotations: {
        ...inheritedAnnotations(deployment),
        ...sizeAnnotations(deployment),
        [revisionAnnotation]: revision,
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: Math.max(0, Math.min(wantedReplicas(deployment), room)),
      ...(spec.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [podTemplateHashLabel]: hash },
      },
      template,
    },
  };
}

/** Annotations that say something of the Deployment itself and not of what it runs. */
const ownAnnotations: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  revisionAnnotation,
  revisionHistoryAnnotation,
  ...sizeAnnotationNames,
]);

function inheritedAnnotations({ metadata }: Deployment): Record<string, string> {
  const entries = Object.entries(metadata.annotations ?? {});
  return Object.fromEntries(entries.filter(([key]) => !ownAnnotations.has(key)));
}

const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
const creationOf = (set: ReplicaSet): string => set.metadata.creationTimestamp ?? "";
const nameOrder = (left: ReplicaSet, right: ReplicaSet): number =>
  left.metadata.name < right.metadata.name ? -1 : 1;
const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
