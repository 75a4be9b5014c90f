import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { planReplicas, reportReplicas } from "./replica-count.ts";
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
    const plan = planReplicas(replicaSet(wanted), pods(...traits));
    assert.equal(plan.create, create);
    assert.deepEqual(
      plan.remove.map(({ metadata }) => metadata.name),
      remove,
    );
  });

const victims: readonly [name: string, first: PodTraits, second: PodTraits][] = [
  ["not on a node before pending", { node: undefined, ready: false }, { phase: "Pending" }],
  ["pending before running", { phase: "Pending" }, { ready: false }],
  ["not ready before ready", { ready: false }, { ready: true }],
  ["not ready before cheap", { ready: false, deletionCost: "100" }, { deletionCost: "-100" }],
  ["cheap before dear", { deletionCost: "1", readySince: 0 }, { deletionCost: "2", readySince: 9 }],
  ["a cost that is no number counts as 0", { deletionCost: "low" }, { deletionCost: "1" }],
  ["ready for less long first", { readySince: 20 }, { readySince: 10 }],
  ["restarted more often first", { restarts: 2 }, { restarts: 1 }],
  ["younger first", { created: 20 }, { created: 10 }],
];

for (const [name, first, second] of victims)
  test(`victim: ${name}`, () => {
    const names = (...traits: PodTraits[]) =>
      planReplicas(replicaSet(1), pods(...traits)).remove.map(({ metadata }) => metadata.name);
    const goes = { ...first, name: "goes" };
    const stays = { ...second, name: "stays" };
    assert.deepEqual(names(goes, stays), ["goes"]);
    assert.deepEqual(names(stays, goes), ["goes"]);
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
