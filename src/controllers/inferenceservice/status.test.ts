import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../../resources/deployment.ts";
import type { InferenceService } from "../../resources/inference-service.ts";
import { conditionOf, type Condition } from "../../resources/object.ts";
import type { ContainerStatus, Pod, PodStatus } from "../../resources/pod.ts";
import { statusOf, type Observed } from "./status.ts";

function service(minReplicas: number, status?: InferenceService["status"]): InferenceService {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "llm", namespace: "default", generation: 3 },
    spec: { predictor: { minReplicas } },
    ...(status && { status }),
  };
}

function deployment(
  replicas: number,
  availableReplicas: number,
  ...more: readonly Condition[]
): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "llm-predictor", namespace: "default" },
    spec: { replicas, selector: {}, template: { spec: { containers: [] } } },
    status: {
      availableReplicas,
      conditions: [
        {
          type: "Available",
          status: availableReplicas >= replicas ? "True" : "False",
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        },
        ...more,
      ],
    },
  };
}

const pod = (status: PodStatus): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "llm-predictor-abc", namespace: "default" },
  spec: { containers: [] },
  status,
});

const container = (name: string, rest: Partial<ContainerStatus>): ContainerStatus => ({
  name,
  image: "i",
  imageID: "i",
  ready: false,
  restartCount: 0,
  state: {},
  ...rest,
});

const readyPod = pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] });

function observed(rest: Partial<Observed>): Observed {
  return {
    nowMs: 60_000,
    deployment: deployment(1, 1),
    pods: [readyPod],
    hasWayIn: true,
    urls: { url: "http://llm", address: "http://llm.svc", predictor: "http://llm-predictor" },
    servingRuntime: "kserve-huggingfaceserver",
    conditions: [],
    ...rest,
  };
}

test("Ready, by the predictor and the way in", () => {
  type Case = {
    readonly name: string;
    readonly min?: number;
    readonly seen: Partial<Observed>;
    readonly ready: string;
    readonly reason?: string;
  };
  const cases: readonly Case[] = [
    { name: "all is there", seen: {}, ready: "True" },
    {
      name: "nothing is seen of the Deployment yet",
      seen: { deployment: undefined, hasWayIn: false },
      ready: "False",
      reason: "Predictor ingress not created",
    },
    { name: "growing from one to three", seen: { deployment: deployment(3, 1) }, ready: "True" },
    {
      name: "fewer than the minimum",
      min: 2,
      seen: { deployment: deployment(3, 1) },
      ready: "False",
      reason: "MinimumReplicasUnavailable",
    },
    {
      name: "none is left",
      seen: { deployment: deployment(3, 0), pods: [] },
      ready: "False",
      reason: "MinimumReplicasUnavailable",
    },
    { name: "asleep", min: 0, seen: { deployment: deployment(0, 0), pods: [] }, ready: "True" },
    {
      name: "the pod's own trouble is the reason",
      seen: {
        deployment: deployment(1, 0),
        pods: [
          pod({
            containerStatuses: [
              container("kserve-container", { state: { waiting: { reason: "ImagePullBackOff" } } }),
            ],
          }),
        ],
      },
      ready: "False",
      reason: "ImagePullBackOff",
    },
    {
      name: "no pod can be made",
      seen: {
        deployment: deployment(1, 0, {
          type: "ReplicaFailure",
          status: "True",
          reason: "FailedCreate",
          message: 'serviceaccount "loader" not found',
        }),
        pods: [],
      },
      ready: "False",
      reason: "FailedCreate",
    },
    {
      name: "no node has room",
      seen: {
        deployment: deployment(1, 0),
        pods: [
          pod({
            conditions: [
              {
                type: "PodScheduled",
                status: "False",
                reason: "Unschedulable",
                message: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
              },
            ],
          }),
        ],
      },
      ready: "False",
      reason: "Unschedulable",
    },
  ];
  for (const { name, min = 1, seen, ready, reason } of cases) {
    const condition = conditionOf(statusOf(service(min), observed(seen)).conditions, "Ready");
    assert.deepEqual([condition?.status, condition?.reason], [ready, reason], name);
  }
});

test("the address by host is told once there is a way in", () => {
  assert.equal(statusOf(service(1), observed({})).url, "http://llm");
  assert.equal(statusOf(service(1), observed({ hasWayIn: false })).url, undefined);
});

test("a failed download is a failed load, with what the container said", () => {
  const initContainerStatuses = [
    container("storage-initializer", {
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1, message: "no such model" } },
    }),
  ];
  const { modelStatus } = statusOf(
    service(1),
    observed({ deployment: deployment(1, 0), pods: [pod({ initContainerStatuses })] }),
  );
  assert.equal(modelStatus?.states?.targetModelState, "FailedToLoad");
  assert.deepEqual(modelStatus?.lastFailureInfo, {
    reason: "ModelLoadFailed",
    message: "pod llm-predictor-abc, container storage-initializer: no such model",
    exitCode: 1,
  });
});

test("a simulated engine is told, also while no pod is there to ask", () => {
  const message = "model a/b could not be reached: the simulated engine stands in";
  const initContainerStatuses = [
    container("storage-initializer", { state: { terminated: { exitCode: 0, message } } }),
  ];
  const first = statusOf(
    service(1),
    observed({ pods: [pod({ ...readyPod.status, initContainerStatuses })] }),
  );
  const type = "dunlin.dev/EngineSimulated";
  assert.equal(conditionOf(first.conditions, type)?.message, message);
  const later = statusOf(service(0, first), observed({ pods: [] }));
  assert.equal(conditionOf(later.conditions, type)?.message, message);
});

test("a condition keeps its time while it keeps its status, and goes with what it was about", () => {
  const understood = { type: "dunlin.dev/MetricsUnderstood", status: "True" } as const;
  const first = statusOf(service(1), observed({ nowMs: 1_000, conditions: [understood] }));
  const second = statusOf(service(1, first), observed({ nowMs: 9_000, conditions: [] }));
  assert.equal(
    conditionOf(second.conditions, "Ready")?.lastTransitionTime,
    conditionOf(first.conditions, "Ready")?.lastTransitionTime,
  );
  assert.equal(conditionOf(second.conditions, understood.type), undefined);
});
