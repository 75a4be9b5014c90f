import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { failureConditions, planReplicas, reportReplicas } from "./replica-count.ts";
import { podFixture, type PodTraits } from "./pod-fixture.ts";

function replicaSet(replicas: number, minReadySeconds = 0): ReplicaSet {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web", namespace: "default", generation: 2 },
    spec: {
      replicas,
      minReadySeconds,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c" }] } },
    },
  };
}

const pods = (...traits: PodTraits[]) => traits.map(podFixture);

type Count = { name: string; wanted: number; pods: PodTraits[]; create: number; remove: string[] };

const counts: readonly Count[] = [
  { name: "from none", wanted: 3, pods: [], create: 3, remove: [] },
  { name: "enough", wanted: 1, pods: [{ name: "a" }], create: 0, remove: [] },
  {
    name: "a terminating pod does not count",
    wanted: 1,
    pods: [{ name: "a", terminating: true }],
    create: 1,
    remove: [],
  },
  {
    name: "a failed pod is replaced",
    wanted: 2,
    pods: [{ name: "a", phase: "Failed" }, { name: "b" }],
    create: 1,
    remove: [],
  },
  {
    name: "a terminating pod is not removed again",
    wanted: 1,
    pods: [{ name: "a", terminating: true }, { name: "b" }],
    create: 0,
    remove: [],
  },
  {
    name: "to none",
    wanted: 0,
    pods: [{ name: "a" }, { name: "b" }],
    create: 0,
    remove: ["a", "b"],
  },
];

for (const { name, wanted, pods: traits, create, remove } of counts)
  test(`count: ${name}`, () => {
    const plan = planReplicas(replicaSet(wanted), pods(...traits), [], 0);
    assert.equal(plan.create, create);
    assert.deepEqual(
      plan.remove.map(({ metadata }) => metadata.name),
      remove,
    );
  });

test("the report counts pods by their state", () => {
  const { status, recountInMs } = reportReplicas(
    replicaSet(4, 30),
    pods(
      { name: "a", readySince: 0 },
      { name: "b", readySince: 20 },
      { name: "c", ready: false },
      { name: "d", terminating: true },
      { name: "e", phase: "Failed" },
      { name: "f", readySince: 0, labels: {} },
    ),
    40_000,
  );
  assert.deepEqual(status, {
    replicas: 4,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 2,
    observedGeneration: 2,
  });
  assert.equal(recountInMs, 10_000, "b becomes available 30 s after it became ready");
});

test("why pods cannot be made is told once, and taken back when they can", () => {
  const plan = { create: 1, remove: [] };
  const set = replicaSet(1);
  const [first] = failureConditions(set, plan, "pods is forbidden: a", "2026-01-01T00:00:00Z");
  assert.deepEqual(first, {
    type: "ReplicaFailure",
    status: "True",
    reason: "FailedCreate",
    message: "pods is forbidden: a",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  const failed = { ...set, status: { replicas: 0, conditions: first ? [first] : [] } };
  const again = failureConditions(failed, plan, "pods is forbidden: b", "2026-01-01T00:01:00Z");
  assert.deepEqual(again, [first]);
  assert.deepEqual(failureConditions(failed, plan, undefined, "2026-01-01T00:02:00Z"), []);
});
