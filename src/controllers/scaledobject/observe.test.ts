import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../../resources/deployment.ts";
import type { Pod } from "../../resources/pod.ts";
import type { ScaledObject } from "../../resources/scaled-object.ts";
import type { Measurement, Trigger } from "../../triggers/trigger.ts";
import { observe } from "./observe.ts";

const target: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "llm", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "llm" } },
    template: { spec: { containers: [] } },
  },
};

const object: ScaledObject = {
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: { name: "llm", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { scaleTargetRef: { name: "llm" }, triggers: [] },
};

const trigger: Trigger = {
  type: "prometheus",
  metricName: "s0-prometheus",
  query: "sum(running)",
  target: 2,
  metricType: "AverageValue",
  activation: 0,
  measure: () => Promise.reject(new Error("measured already")),
};

type PodOptions = {
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly app?: string;
  readonly unschedulable?: string;
};

function pod(name: string, options: PodOptions = {}): Pod {
  const { ready = true, terminating = false, app = "llm", unschedulable } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      labels: { app },
      ...(terminating && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    spec: { containers: [] },
    status: {
      phase: "Running",
      conditions: [
        { type: "Ready", status: ready ? "True" : "False" },
        ...(unschedulable === undefined
          ? []
          : ([
              {
                type: "PodScheduled",
                status: "False",
                reason: "Unschedulable",
                message: unschedulable,
              },
            ] as const)),
      ],
    },
  };
}

const seen = (pods: readonly Pod[], measurement: Measurement) =>
  observe({
    nowMs: 5_000,
    object,
    target,
    pods,
    triggers: [trigger],
    measured: [measurement],
    round: { atMs: 4_000, intervalMs: 1_000 },
  });

const measured = (pods: readonly string[] | undefined): Measurement => ({
  kind: "value",
  value: 5,
  series: 1,
  idle: false,
  pods: pods && new Set(pods),
});

test("a ready pod without a sample is missing; an unready or terminating one is not", () => {
  const { readings, readyReplicas, statusReplicas } = seen(
    [
      pod("a"),
      pod("b"),
      pod("starting", { ready: false }),
      pod("ending", { terminating: true }),
      pod("foreign", { app: "other" }),
    ],
    measured(["a", "ending"]),
  );
  assert.equal(statusReplicas, 3);
  assert.equal(readyReplicas, 2);
  assert.deepEqual(
    readings.map((reading) => reading.kind === "value" && reading.missingPods),
    [["b"]],
  );
});

test("for a metric that no pod reports, no pod is missing", () => {
  const { readings } = seen([pod("a"), pod("b")], measured(undefined));
  assert.deepEqual(
    readings.map((reading) => reading.kind === "value" && reading.missingPods),
    [[]],
  );
});

test("no data stays no data, with what the trigger said", () => {
  const { readings } = seen([], { kind: "noData", failed: false, detail: "no series" });
  assert.deepEqual(readings, [{ kind: "noData", trigger: "s0-prometheus", detail: "no series" }]);
});

test("pods that no node has room for are counted, with what they lack", () => {
  const message = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.";
  const { unschedulable } = seen(
    [pod("a"), pod("b", { ready: false, unschedulable: message })],
    measured(["a"]),
  );
  assert.deepEqual(unschedulable, { pods: 1, resource: "nvidia.com/gpu" });
});
