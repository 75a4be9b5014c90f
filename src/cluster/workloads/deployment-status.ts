// What a Deployment says of its rollout: counts, and the conditions Available and Progressing with
// Kubernetes' reasons and sentences, which `kubectl rollout status` and `kubectl wait` read. Pure.
import { formatTimestamp, parseTimestamp } from "../../lib/timestamp.ts";
import type { Deployment, DeploymentStatus } from "../../resources/deployment.ts";
import { conditionOf } from "../../resources/object.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { replicaFailure } from "./replica-count.ts";
import { splitByTemplate } from "./rollout.ts";
import { replicasOf, rolloutLimits, wantedReplicas } from "./rollout-limits.ts";

export type DeploymentReport = {
  readonly status: DeploymentStatus;
  /** When the progress deadline passes, if nothing happens before. */
  readonly deadlineInMs: number | undefined;
};

type DeploymentCondition = NonNullable<DeploymentStatus["conditions"]>[number];
type Verdict = Pick<DeploymentCondition, "status"> & {
  readonly reason: string;
  readonly message: string;
  /** Whether this is news even where the condition reads as before: progress restarts the deadline. */
  readonly renew?: boolean;
};

export function reportDeployment(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  nowMs: number,
): DeploymentReport {
  const counts = countReplicas(deployment, owned);
  const old = deployment.status?.conditions;
  const progressing = judgeProgress(deployment, owned, counts, nowMs);
  const available = withVerdict(old, "Available", judgeAvailability(deployment, counts), nowMs);
  const conditions = withFailure(
    withVerdict(available, "Progressing", progressing, nowMs),
    failureOf(deployment, owned),
    nowMs,
  );
  return {
    status: {
      observedGeneration: deployment.metadata.generation ?? 0,
      ...counts,
      conditions,
    },
    deadlineInMs: deadlineInMs(deployment, conditions, nowMs),
  };
}

/** What to write when the ReplicaSet of a new template could not be made. */
export function reportCreateError(
  deployment: Deployment,
  message: string,
  nowMs: number,
): DeploymentStatus {
  if (!hasDeadline(deployment)) return {};
  const verdict = { status: "False", reason: "ReplicaSetCreateError", message } as const;
  const { conditions } = deployment.status ?? {};
  return { conditions: withVerdict(conditions, "Progressing", verdict, nowMs) };
}

/** Whether all replicas are of the current template and available. */
export function isComplete(
  deployment: Deployment,
  { replicas = 0, updatedReplicas = 0, availableReplicas = 0 }: DeploymentStatus,
): boolean {
  const wanted = wantedReplicas(deployment);
  return replicas === wanted && updatedReplicas === wanted && availableReplicas === wanted;
}

/** The largest 32-bit number stands for no deadline; without one nobody judges the progress. */
function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== 2_147_483_647;
}

/** Why pods cannot be made: of the current ReplicaSet, else of any. */
function failureOf(deployment: Deployment, owned: readonly ReplicaSet[]): Verdict | undefined {
  const { newest, older } = splitByTemplate(deployment, owned);
  for (const set of newest ? [newest, ...older] : older) {
    const failure = conditionOf(set.status?.conditions, replicaFailure);
    if (!failure) continue;
    const { status, reason = "", message = "" } = failure;
    return { status, reason, message };
  }
  return undefined;
}

function withFailure(
  conditions: readonly DeploymentCondition[],
  failure: Verdict | undefined,
  nowMs: number,
): readonly DeploymentCondition[] {
  if (failure) return withVerdict(conditions, replicaFailure, failure, nowMs);
  return conditions.filter(({ type }) => type !== replicaFailure);
}

type Counts = Required<
  Omit<DeploymentStatus, "observedGeneration" | "conditions" | "collisionCount">
>;

function countReplicas(deployment: Deployment, owned: readonly ReplicaSet[]): Counts {
  const { newest } = splitByTemplate(deployment, owned);
  const total = (field: "replicas" | "readyReplicas" | "availableReplicas"): number =>
    owned.reduce((sum, { status }) => sum + (status?.[field] ?? 0), 0);
  const availableReplicas = total("availableReplicas");
  return {
    replicas: total("replicas"),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: total("readyReplicas"),
    availableReplicas,
    unavailableReplicas: Math.max(0, sizeOf(owned) - availableReplicas),
  };
}

function judgeAvailability(deployment: Deployment, { availableReplicas }: Counts): Verdict {
  const minimum = wantedReplicas(deployment) - rolloutLimits(deployment).maxUnavailable;
  return availableReplicas >= minimum
    ? {
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      }
    : {
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

/** Undefined where the condition stays as it is. */
function judgeProgress(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  counts: Counts,
  nowMs: number,
): Verdict | undefined {
  const old = conditionOf(deployment.status?.conditions, "Progressing");
  const { newest } = splitByTemplate(deployment, owned);
  if (!hasDeadline(deployment)) return undefined;
  if (deployment.spec.paused === true)
    // That a rollout was stuck stays to be read while one looks for the reason.
    return old?.reason === "ProgressDeadlineExceeded"
      ? undefined
      : { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" };
  if (old?.reason === "DeploymentPaused")
    return { status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" };
  // It is being created; or old pods have to go first.
  if (!newest) return undefined;
  const subject = `ReplicaSet "${newest.metadata.name}"`;
  if (isComplete(deployment, counts))
    return {
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `${subject} has successfully progressed.`,
    };
  // A change of size or a lost pod is no rollout: what was once complete stays so for its template.
  if (old?.reason === "NewReplicaSetAvailable" && counts.replicas === counts.updatedReplicas)
    return undefined;
  if (!old || isNewRollout(deployment, old))
    return newest.status === undefined
      ? {
          status: "True",
          reason: "NewReplicaSetCreated",
          message: `Created new replica set "${newest.metadata.name}"`,
          renew: true,
        }
      : {
          status: "True",
          reason: "ReplicaSetUpdated",
          message: `${subject} is progressing.`,
          renew: true,
        };
  if (hasProgressed(deployment.status, counts))
    return {
      status: "True",
      reason: "ReplicaSetUpdated",
      message: `${subject} is progressing.`,
      renew: true,
    };
  const leftMs = deadlineInMs(deployment, deployment.status?.conditions, nowMs);
  if (leftMs !== undefined && leftMs <= 0)
    return {
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `${subject} has timed out progressing.`,
    };
  return undefined;
}

function isNewRollout(deployment: Deployment, old: DeploymentCondition): boolean {
  const seen = deployment.status?.observedGeneration ?? 0;
  const changed = (deployment.metadata.generation ?? 0) > seen;
  return (
    old.reason === "NewReplicaSetAvailable" ||
    old.reason === "ReplicaSetCreateError" ||
    (changed && old.status === "False")
  );
}

function hasProgressed(old: DeploymentStatus | undefined, counts: Counts): boolean {
  const outdated = (status: Partial<Counts> | undefined): number =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    counts.updatedReplicas > (old?.updatedReplicas ?? 0) ||
    outdated(counts) < outdated(old) ||
    counts.readyReplicas > (old?.readyReplicas ?? 0) ||
    counts.availableReplicas > (old?.availableReplicas ?? 0)
  );
}

/** Time left until a rollout that is under way counts as stuck; undefined where none is under way. */
function deadlineInMs(
  { spec }: Deployment,
  conditions: DeploymentStatus["conditions"],
  nowMs: number,
): number | undefined {
  const condition = conditions?.find(({ type }) => type === "Progressing");
  const underWay =
    condition?.status === "True" && condition.reason !== "NewReplicaSetAvailable"
      ? condition
      : condition?.reason === "DeploymentResumed"
        ? condition
        : undefined;
  const sinceMs = parseTimestamp(underWay?.lastUpdateTime ?? "");
  if (sinceMs === undefined) return undefined;
  return sinceMs + (spec.progressDeadlineSeconds ?? 600) * 1000 - nowMs;
}

function withVerdict(
  conditions: DeploymentStatus["conditions"],
  type: string,
  verdict: Verdict | undefined,
  nowMs: number,
): readonly DeploymentCondition[] {
  const all = conditions ?? [];
  if (!verdict) return all;
  const { renew = false, ...next } = verdict;
  const old = all.find((condition) => condition.type === type);
  const same =
    old?.status === next.status && old.reason === next.reason && old.message === next.message;
  if (old && same && !renew) return all;
  const now = formatTimestamp(nowMs);
  const condition = {
    type,
    ...next,
    lastUpdateTime: now,
    lastTransitionTime: old?.status === next.status ? (old.lastTransitionTime ?? now) : now,
  };
  return old ? all.map((entry) => (entry === old ? condition : entry)) : [...all, condition];
}

const sizeOf = (owned: readonly ReplicaSet[]): number =>
  owned.reduce((sum, set) => sum + replicasOf(set), 0);
