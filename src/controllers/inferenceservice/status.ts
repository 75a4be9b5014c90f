// The status of an InferenceService, from what is seen of its children. Pure: observed objects in,
// status out.
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { Deployment } from "../../resources/deployment.ts";
import type {
  InferenceService,
  InferenceServiceStatus,
} from "../../resources/inference-service.ts";
import {
  conditionOf,
  withCondition,
  type Condition,
  type ConditionStatus,
} from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { isReady } from "../../resources/pod-state.ts";

export type Observed = {
  readonly nowMs: number;
  readonly deployment: Deployment | undefined;
  /** The predictor's pods that are not being deleted. */
  readonly pods: readonly Pod[];
  /** The Ingress that is wanted is there; true where none is wanted. */
  readonly hasWayIn: boolean;
  readonly urls: {
    readonly url: string;
    readonly address: string;
    readonly predictor: string;
  };
  readonly servingRuntime: string | undefined;
  /** What the intent says about the metrics, and whatever else it wants a person to know. */
  readonly conditions: readonly Condition[];
};

const simulatedType = "dunlin.dev/EngineSimulated";

export function statusOf(service: InferenceService, observed: Observed): InferenceServiceStatus {
  const predictor = predictorReady(service, observed.deployment, observed.pods);
  const ingress = ingressReady(observed.hasWayIn, predictor.status);
  const simulated = engineSimulated(observed.pods);
  const now = formatTimestamp(observed.nowMs);
  const conditions = [
    ingress,
    predictor,
    overall([predictor, ingress]),
    ...observed.conditions,
    ...(simulated ? [simulated] : keptSimulated(service, observed.pods)),
  ].reduce<readonly Condition[]>(
    (list, condition) => withCondition(list, condition, now),
    // Only conditions that still hold are kept; the old list lends its transition times.
    (service.status?.conditions ?? []).filter(({ type }) =>
      [...fixedTypes, simulatedType, ...observed.conditions.map((kept) => kept.type)].includes(
        type,
      ),
    ),
  );
  const { url, address, predictor: predictorUrl } = observed.urls;
  const reachable = ingress.status === "True";
  return {
    ...(reachable && { url, components: { predictor: { url: predictorUrl } } }),
    address: { url: address },
    deploymentMode: "Standard",
    ...(observed.servingRuntime !== undefined && {
      clusterServingRuntimeName: observed.servingRuntime,
    }),
    ...(service.metadata.generation !== undefined && {
      observedGeneration: service.metadata.generation,
    }),
    conditions,
    modelStatus: modelStatus(observed.pods),
  };
}

const fixedTypes = ["IngressReady", "PredictorReady", "Ready"];

/**
 * True while at least the minimum of replicas serves. KServe looks at the Deployment's Available
 * alone, and so turns false at every step up, although nothing is wrong.
 */
function predictorReady(
  service: InferenceService,
  deployment: Deployment | undefined,
  pods: readonly Pod[],
): Condition {
  const type = "PredictorReady";
  if (!deployment?.status) return { type, status: "Unknown", reason: "DeploymentNotObserved" };
  const { availableReplicas = 0, conditions } = deployment.status;
  const wanted = deployment.spec.replicas ?? 1;
  const least = service.spec.predictor.minReplicas ?? 1;
  const available = conditionOf(conditions, "Available");
  if (availableReplicas >= Math.max(least, wanted > 0 ? 1 : 0) && available)
    return { type, status: "True" };
  // Pods that cannot even be made, for want of their ServiceAccount or by a webhook's word.
  const refused = conditionOf(conditions, "ReplicaFailure");
  const cause =
    pods.map(failureOf).find((found) => found !== undefined) ??
    (refused?.status === "True" ? refused : available);
  return {
    type,
    status: "False",
    reason: cause?.reason ?? "MinimumReplicasUnavailable",
    message: cause?.message ?? `${availableReplicas} of ${wanted} replicas available`,
  };
}

function ingressReady(exists: boolean, predictor: ConditionStatus): Condition {
  const type = "IngressReady";
  if (exists) return { type, status: "True" };
  return predictor === "True"
    ? { type, status: "Unknown", reason: "IngressNotCreated" }
    : { type, status: "False", reason: "Predictor ingress not created" };
}

function overall(parts: readonly Condition[]): Condition {
  const blocking =
    parts.find(({ status }) => status === "False") ??
    parts.find(({ status }) => status === "Unknown");
  if (!blocking) return { type: "Ready", status: "True" };
  return { ...blocking, type: "Ready" };
}

/**
 * The storage initializer says in its termination message that a simulated engine stands in. The
 * newest pod that has got that far knows best.
 */
function engineSimulated(pods: readonly Pod[]): Condition | undefined {
  const made = ({ metadata }: Pod): string => metadata.creationTimestamp ?? "";
  for (const pod of pods.toSorted((a, b) => made(b).localeCompare(made(a))))
    for (const { name, state } of pod.status?.initContainerStatuses ?? [])
      if (name === "storage-initializer" && state.terminated?.exitCode === 0) {
        const { message } = state.terminated;
        if (message)
          return { type: simulatedType, status: "True", reason: "ModelNotLoaded", message };
      }
  return undefined;
}

/** While no pod has got far enough to be asked, what was said of the model last still holds. */
function keptSimulated(service: InferenceService, pods: readonly Pod[]): readonly Condition[] {
  if (pods.some(({ status }) => status?.phase === "Running")) return [];
  const known = conditionOf(service.status?.conditions, simulatedType);
  return known ? [known] : [];
}

type ModelStatus = NonNullable<InferenceServiceStatus["modelStatus"]>;

/**
 * Loaded as soon as one replica serves the model. KServe follows the newest pod instead, and so
 * says Loading at every step up.
 */
function modelStatus(pods: readonly Pod[]): ModelStatus {
  const ready = pods.filter(isReady).length;
  const copies = { totalCopies: ready, failedCopies: 0 };
  if (ready > 0)
    return {
      copies,
      states: { activeModelState: "Loaded", targetModelState: "Loaded" },
      transitionStatus: "UpToDate",
    };
  const failure = pods.map(failureOf).find((found) => found !== undefined);
  if (failure)
    return {
      copies: { totalCopies: 0, failedCopies: pods.length },
      states: { activeModelState: "", targetModelState: "FailedToLoad" },
      transitionStatus: "BlockedByFailedLoad",
      lastFailureInfo: {
        reason: "ModelLoadFailed",
        message: failure.message,
        ...(failure.exitCode !== undefined && { exitCode: failure.exitCode }),
      },
    };
  const loading = pods.some(({ status }) =>
    status?.initContainerStatuses?.some(({ state }) => state.running),
  );
  return {
    copies,
    states: { activeModelState: "", targetModelState: loading ? "Loading" : "Pending" },
    transitionStatus: "InProgress",
  };
}

type Failure = { readonly reason: string; readonly message: string; readonly exitCode?: number };

/** Waiting reasons that only a person can end; others pass by themselves. */
const stuck = new Set([
  "CrashLoopBackOff",
  "ErrImagePull",
  "ImagePullBackOff",
  "CreateContainerConfigError",
  "RunContainerError",
  "PortTaken",
]);

function failureOf(pod: Pod): Failure | undefined {
  const statuses = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ];
  for (const { name, state, lastState } of statuses) {
    const ended = lastState?.terminated ?? state.terminated;
    const reason = state.waiting?.reason;
    if (reason !== undefined && stuck.has(reason)) {
      const detail = ended?.message ?? state.waiting?.message ?? "";
      return {
        reason,
        message: `pod ${pod.metadata.name}, container ${name}: ${detail}`,
        ...(ended && { exitCode: ended.exitCode }),
      };
    }
  }
  const scheduled = conditionOf(pod.status?.conditions, "PodScheduled");
  return scheduled?.status === "False"
    ? {
        reason: scheduled.reason ?? "Unschedulable",
        message: `pod ${pod.metadata.name}: ${scheduled.message ?? "cannot be scheduled"}`,
      }
    : undefined;
}
