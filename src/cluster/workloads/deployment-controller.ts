// Carries out rollouts: reads a Deployment and its ReplicaSets, asks rollout.ts for the next step,
// takes it, and reports. Pods it never touches; those are the ReplicaSets'.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { indexBy, namespaceOf } from "../../kube/cache-index.ts";
import {
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  type KubeClient,
} from "../../kube/client.ts";
import {
  ownedBy,
  runController,
  watching,
  type Controller,
  type Requeue,
} from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import {
  deploymentKind,
  type Deployment,
  type DeploymentStatus,
} from "../../resources/deployment.ts";
import { controllerOf, type KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { replicaSetKind, type ReplicaSet } from "../../resources/replica-set.ts";
import { carryOutClaim, claimChildren, claimable, possibleOwners } from "./claim.ts";
import { isComplete, reportCreateError, reportDeployment } from "./deployment-status.ts";
import { isControlledBy, isFinished } from "../../resources/pod-state.ts";
import { sizeAnnotations } from "./resize.ts";
import {
  outdatedAnnotations,
  planRollout,
  revisionAnnotation,
  revisionOf,
  nextRevision,
  splitByTemplate,
  surplusHistory,
  type RolloutPlan,
} from "./rollout.ts";
import { sameTemplate } from "./pod-template-hash.ts";
import { replicasOf } from "./rollout-limits.ts";

export type DeploymentControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly deployments: WatchCache<Deployment>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
};

type Context = DeploymentControllerOptions & {
  readonly claimableSets: (owner: KubeObject) => readonly ReplicaSet[];
  readonly podsOf: (uid: string) => readonly Pod[];
};

export function runDeploymentController(
  options: DeploymentControllerOptions,
  signal: AbortSignal,
): Controller {
  const { clock, log, deployments, replicaSets, pods } = options;
  const ownerOfReplicaSet = ownedBy(deploymentKind);
  const ownerOfPod = (pod: Pod): readonly string[] => {
    const owner = controllerOf(pod);
    const set = owner && replicaSets.get(`${pod.metadata.namespace}/${owner.name}`);
    return set ? ownerOfReplicaSet(set) : [];
  };
  const deploymentsIn = indexBy(deployments, namespaceOf);
  const context: Context = {
    ...options,
    claimableSets: claimable(replicaSets),
    podsOf: indexBy(pods, (pod) => [controllerOf(pod)?.uid ?? ""]),
  };
  return runController(
    {
      name: "deployment",
      clock,
      log,
      concurrency: 4,
      sources: [
        watching(deployments),
        watching(replicaSets, ownerOfReplicaSet),
        watching(replicaSets, (set) => possibleOwners(set, deploymentsIn)),
        // Recreate waits for the last old pod to be gone, which no ReplicaSet shows.
        goingPods(pods, ownerOfPod),
      ],
      reconcile: (key) => reconcile(key, context),
    },
    signal,
  );
}

/** The owners of pods that are gone; what else happens to a pod shows in its ReplicaSet's status. */
function goingPods(
  pods: WatchCache<Pod>,
  ownerOf: (pod: Pod) => readonly string[],
): (enqueue: (key: string) => void) => () => void {
  return (enqueue) =>
    pods.subscribe(({ old, new: pod }) => {
      if (old && (!pod || isFinished(pod))) ownerOf(old).forEach(enqueue);
    });
}

async function reconcile(key: string, context: Context): Promise<Requeue> {
  const { client, clock, deployments } = context;
  const deployment = deployments.get(key);
  if (!deployment) return;
  const claim = claimChildren(deployment, context.claimableSets(deployment));
  await carryOutClaim(client, replicaSetKind, deployment, claim);
  const owned = claim.owned.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const isStaying = deployment.metadata.deletionTimestamp === undefined;

  if (isStaying) {
    await alignNewest(deployment, owned, client);
    const plan = planRollout(deployment, owned, oldPodsRemain(deployment, owned, context));
    await carryOut(plan, deployment, context);
  }
  const { status, deadlineInMs } = reportDeployment(deployment, owned, clock.nowMs());
  await writeStatus(deployment, status, client);
  if (isStaying && (isComplete(deployment, status) || deployment.spec.paused === true))
    for (const set of surplusHistory(deployment, owned))
      await client.delete(replicaSetKind, set.metadata);
  return deadlineInMs === undefined ? undefined : { requeueAfterMs: Math.max(1000, deadlineInMs) };
}

/** Gives the current template's ReplicaSet what the Deployment says, and both the highest revision. */
async function alignNewest(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  client: KubeClient,
): Promise<void> {
  const { newest } = splitByTemplate(deployment, owned);
  if (!newest) return;
  const annotations = outdatedAnnotations(deployment, newest, owned);
  const { minReadySeconds = 0 } = deployment.spec;
  if (
    Object.keys(annotations).length > 0 ||
    (newest.spec.minReadySeconds ?? 0) !== minReadySeconds
  ) {
    const patch = { metadata: { annotations }, spec: { minReadySeconds } };
    await client.patch(replicaSetKind, newest.metadata, patch);
  }
  const revision = nextRevision(deployment, owned);
  if (revisionOf(deployment) !== revision) {
    const metadata = { annotations: { [revisionAnnotation]: String(revision) } };
    await client.patch(deploymentKind, deployment.metadata, { metadata });
  }
}

/** Only Recreate asks; it costs a look at every pod. */
function oldPodsRemain(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  { podsOf }: Context,
): boolean {
  if (deployment.spec.strategy?.type !== "Recreate") return false;
  const { older } = splitByTemplate(deployment, owned);
  return older.some(({ metadata }) => podsOf(metadata.uid ?? "").some((pod) => !isFinished(pod)));
}

async function carryOut(
  plan: RolloutPlan,
  deployment: Deployment,
  context: Context,
): Promise<void> {
  switch (plan.kind) {
    case "create":
      await createReplicaSet(plan.replicaSet, deployment, context);
      return;
    case "scale":
      for (const { replicaSet, to } of plan.steps) {
        const { name, resourceVersion } = replicaSet.metadata;
        // With the version that the plan was made from: a step planned on old counts is refused.
        const metadata = { name, resourceVersion, annotations: sizeAnnotations(deployment) };
        const patch = { metadata, spec: { replicas: to } };
        await context.client.patch(replicaSetKind, replicaSet.metadata, patch);
        tellScaling(deployment, replicaSet, replicasOf(replicaSet), to, context);
      }
      return;
    case "wait":
    case "done":
      return;
  }
}

async function createReplicaSet(
  replicaSet: ReplicaSet,
  deployment: Deployment,
  context: Context,
): Promise<void> {
  const { client, clock, recorder } = context;
  try {
    const created = await client.create(replicaSetKind, replicaSet);
    tellScaling(deployment, created, 0, replicasOf(created), context);
  } catch (error) {
    if (isAlreadyExists(error)) {
      const holder = await client.get(replicaSetKind, replicaSet.metadata);
      // Made in the pass before, and not in our copy yet?
      if (!holder || isOwnAttempt(holder, replicaSet, deployment)) return;
      // Else somebody else holds the name, and the next pass tries another one.
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
      await writeStatus(deployment, { collisionCount }, client);
      throw error;
    }
    if (isNamespaceTerminating(error)) return;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Failed to create new replica set "${replicaSet.metadata.name}": ${reason}`;
    await writeStatus(deployment, reportCreateError(deployment, message, clock.nowMs()), client);
    recorder.record(deployment, "Warning", "ReplicaSetCreateError", message);
    throw error;
  }
}

function isOwnAttempt(holder: ReplicaSet, wanted: ReplicaSet, deployment: Deployment): boolean {
  return (
    isControlledBy(holder, deployment) && sameTemplate(holder.spec.template, wanted.spec.template)
  );
}

function tellScaling(
  deployment: Deployment,
  { metadata }: ReplicaSet,
  from: number,
  to: number,
  { recorder }: Context,
): void {
  if (to === from) return;
  const text = `Scaled ${to > from ? "up" : "down"} replica set ${metadata.name} from ${from} to ${to}`;
  recorder.record(deployment, "Normal", "ScalingReplicaSet", text);
}

async function writeStatus(
  deployment: Deployment,
  status: DeploymentStatus,
  client: KubeClient,
): Promise<void> {
  if (jsonEqual(deployment.status, { ...deployment.status, ...status })) return;
  try {
    await client.patch(deploymentKind, deployment.metadata, { status }, { subresource: "status" });
  } catch (error) {
    // Deleted meanwhile: there is nothing left to report on.
    if (!isNotFound(error)) throw error;
  }
}
