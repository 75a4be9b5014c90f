// Carries out rollouts: reads a Deployment and its ReplicaSets, asks rollout.ts for the next step,
// takes it, and reports. Pods it never touches; those are the ReplicaSets'.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { isAlreadyExists, isNotFound, type KubeClient } from "../../kube/client.ts";
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
import { controllerOf } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { replicaSetKind, type ReplicaSet } from "../../resources/replica-set.ts";
import { carryOutClaim, claimChildren, possibleOwners } from "./claim.ts";
import { reportDeployment } from "./deployment-status.ts";
import { isControlledBy, isFinished } from "../../resources/pod-state.ts";
import { sizeAnnotations } from "./resize.ts";
import {
  nextRevision,
  planRollout,
  revisionAnnotation,
  revisionOf,
  splitByTemplate,
  surplusHistory,
  type RolloutPlan,
} from "./rollout.ts";
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
  return runController(
    {
      name: "deployment",
      clock,
      log,
      concurrency: 4,
      sources: [
        watching(deployments),
        watching(replicaSets, ownerOfReplicaSet),
        watching(replicaSets, (set) => possibleOwners(set, deployments.list())),
        // Recreate waits for the last old pod to be gone, which no ReplicaSet shows.
        watching(pods, ownerOfPod),
      ],
      reconcile: (key) => reconcile(key, options),
    },
    signal,
  );
}

async function reconcile(key: string, options: DeploymentControllerOptions): Promise<Requeue> {
  const { client, clock, deployments, replicaSets } = options;
  const deployment = deployments.get(key);
  if (!deployment) return;
  const claim = claimChildren(deployment, replicaSets.list());
  await carryOutClaim(client, replicaSetKind, deployment, claim);
  const owned = claim.owned.filter(({ metadata }) => metadata.deletionTimestamp === undefined);

  if (deployment.metadata.deletionTimestamp === undefined) {
    await alignNewest(deployment, owned, client);
    await carryOut(planRollout(deployment, owned, oldPodsRemain(deployment, owned, options)), {
      ...options,
      deployment,
    });
    for (const set of surplusHistory(deployment, owned))
      await client.delete(replicaSetKind, set.metadata);
  }
  const { status, deadlineInMs } = reportDeployment(deployment, owned, clock.nowMs());
  await writeStatus(deployment, status, client);
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
  const revision = nextRevision(deployment, owned);
  const metadata = { annotations: { [revisionAnnotation]: String(revision) } };
  const { minReadySeconds = 0 } = deployment.spec;
  if (revisionOf(newest) !== revision || (newest.spec.minReadySeconds ?? 0) !== minReadySeconds)
    await client.patch(replicaSetKind, newest.metadata, { metadata, spec: { minReadySeconds } });
  if (revisionOf(deployment) !== revision)
    await client.patch(deploymentKind, deployment.metadata, { metadata });
}

function oldPodsRemain(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  { pods }: DeploymentControllerOptions,
): boolean {
  const { older } = splitByTemplate(deployment, owned);
  return pods
    .list()
    .some((pod) => !isFinished(pod) && older.some((set) => isControlledBy(pod, set)));
}

async function carryOut(
  plan: RolloutPlan,
  {
    client,
    recorder,
    deployment,
  }: DeploymentControllerOptions & { readonly deployment: Deployment },
): Promise<void> {
  const tell = (direction: "up" | "down", set: ReplicaSet, from: number, to: number): void =>
    recorder.record(
      deployment,
      "Normal",
      "ScalingReplicaSet",
      `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${to}`,
    );
  switch (plan.kind) {
    case "create":
      try {
        const created = await client.create(replicaSetKind, plan.replicaSet);
        if (replicasOf(created) > 0) tell("up", created, 0, replicasOf(created));
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        // Made in the pass before, and not in our copy yet? Else somebody else holds the name.
        const holder = await client.get(replicaSetKind, plan.replicaSet.metadata);
        if (holder && !isControlledBy(holder, deployment)) throw error;
      }
      return;
    case "scale":
      for (const { replicaSet, to } of plan.steps) {
        const { name, resourceVersion } = replicaSet.metadata;
        // With the version that the plan was made from: a step planned on old counts is refused.
        const metadata = { name, resourceVersion, annotations: sizeAnnotations(deployment) };
        const patch = { metadata, spec: { replicas: to } };
        await client.patch(replicaSetKind, replicaSet.metadata, patch);
        const from = replicasOf(replicaSet);
        if (to !== from) tell(to > from ? "up" : "down", replicaSet, from, to);
      }
      return;
    case "wait":
    case "done":
      return;
  }
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
