import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, DeploymentStrategy } from "../../resources/deployment.ts";
import type { PodTemplateSpec } from "../../resources/pod.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { nextRevision, planRollout, revisionAnnotation, surplusHistory } from "./rollout.ts";
import { rolloutLimits } from "./rollout-limits.ts";

const template = (image: string): PodTemplateSpec => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "main", image }] },
});

function deployment(image: string, replicas: number, more: Partial<Deployment["spec"]> = {}) {
  const object: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "uid-web",
      annotations: { note: "kept", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: template(image),
      ...more,
    },
  };
  return object;
}

/** A ReplicaSet of an image with so many replicas, all of them available unless told otherwise. */
function set(image: string, replicas: number, available = replicas, revision = 1): ReplicaSet {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `web-${image}`,
      creationTimestamp: `2026-01-01T00:00:0${revision}Z`,
      annotations: { [revisionAnnotation]: String(revision) },
    },
    spec: { replicas, selector: { matchLabels: {} }, template: template(image) },
    status: { replicas, availableReplicas: available },
  };
}

/** What the plan does, as `image:to` words, so that a table reads as a story. */
function outcome(wanted: Deployment, sets: readonly ReplicaSet[], oldPodsRemain = false): string {
  const plan = planRollout(wanted, sets, oldPodsRemain);
  switch (plan.kind) {
    case "create":
      return `create:${plan.replicaSet.spec.replicas}`;
    case "scale":
      return plan.steps
        .map(({ replicaSet, to }) => `${replicaSet.metadata.name.slice(4)}:${to}`)
        .join(" ");
    case "wait":
    case "done":
      return plan.kind;
  }
}

const recreate: DeploymentStrategy = { type: "Recreate" };
const rolling = (maxSurge: number | string, maxUnavailable: number | string) => ({
  strategy: { type: "RollingUpdate" as const, rollingUpdate: { maxSurge, maxUnavailable } },
});

const plans: readonly [name: string, wanted: Deployment, sets: ReplicaSet[], outcome: string][] = [
  ["the first ReplicaSet gets all replicas", deployment("a", 3), [], "create:3"],
  ["nothing to do", deployment("a", 3), [set("a", 3)], "done"],
  ["growing", deployment("a", 5), [set("a", 1)], "a:5"],
  ["shrinking", deployment("a", 1), [set("a", 5)], "a:1"],
  ["to zero", deployment("a", 0), [set("a", 5)], "a:0"],
  ["a new template starts with the surge", deployment("b", 4), [set("a", 4)], "create:1"],
  [
    "an old pod goes when the new one is not needed to stay above the minimum",
    deployment("b", 4),
    [set("a", 4), set("b", 1, 0, 2)],
    "a:3",
  ],
  [
    "below the minimum nothing more goes",
    deployment("b", 4),
    [set("a", 3), set("b", 1, 0, 2)],
    "b:2",
  ],
  ["the room is used up", deployment("b", 4), [set("a", 3), set("b", 2, 0, 2)], "done"],
  [
    "available new pods let old ones go",
    deployment("b", 4),
    [set("a", 3), set("b", 2, 2, 2)],
    "a:1",
  ],
  ["the last old pod goes", deployment("b", 4), [set("a", 1), set("b", 4, 4, 2)], "a:0"],
  [
    "broken old pods go first, whichever set they are of",
    deployment("c", 4, rolling(1, 0)),
    [set("a", 2, 2), set("b", 2, 0, 2), set("c", 1, 1, 3)],
    "b:1",
  ],
  [
    "one replica: the new one is started first",
    deployment("b", 1),
    [set("a", 1), set("b", 1, 0, 2)],
    "done",
  ],
  [
    "one replica: then the old one goes",
    deployment("b", 1),
    [set("a", 1), set("b", 1, 1, 2)],
    "a:0",
  ],
  [
    "going back to an older template reuses its set",
    deployment("a", 2),
    [set("a", 0), set("b", 2, 2, 2)],
    "a:1",
  ],
  [
    "recreate: old pods go at once",
    deployment("b", 2, { strategy: recreate }),
    [set("a", 2)],
    "a:0",
  ],
  ["paused: no new revision", deployment("b", 2, { paused: true }), [set("a", 2)], "done"],
  ["paused: a new size all the same", deployment("b", 3, { paused: true }), [set("a", 2)], "a:3"],
];

for (const [name, wanted, sets, expected] of plans)
  test(`rollout: ${name}`, () => assert.equal(outcome(wanted, sets), expected));

test("recreate waits for the last old pod, then makes the new set", () => {
  const wanted = deployment("b", 2, { strategy: recreate });
  assert.equal(outcome(wanted, [set("a", 0)], true), "wait");
  assert.equal(outcome(wanted, [set("a", 0)], false), "create:2");
});

const limits: readonly [string, number, number | string, number | string, number, number][] = [
  ["a quarter of 4", 4, "25%", "25%", 1, 1],
  ["surge rounds up, unavailable down", 5, "25%", "25%", 2, 1],
  ["one replica", 1, "25%", "25%", 1, 0],
  ["absolute numbers", 10, 3, 2, 3, 2],
  ["both zero would stop for ever", 4, 0, "10%", 0, 1],
  ["all may be missing, and not more", 2, 0, 5, 0, 2],
];

for (const [name, replicas, maxSurge, maxUnavailable, surge, unavailable] of limits)
  test(`limits: ${name}`, () => {
    const wanted = deployment("a", replicas, rolling(maxSurge, maxUnavailable));
    assert.deepEqual(rolloutLimits(wanted), { maxSurge: surge, maxUnavailable: unavailable });
  });

test("a whole rollout never leaves its limits, whichever pods become ready first", () => {
  const wanted = deployment("b", 5);
  let old = { size: 5 };
  let fresh = { size: 0, available: 0 };
  for (let step = 0; step < 40; step++) {
    const sets = [
      set("a", old.size),
      ...(fresh.size > 0 ? [set("b", fresh.size, fresh.available, 2)] : []),
    ];
    const plan = planRollout(wanted, sets, false);
    if (plan.kind === "create") fresh = { ...fresh, size: plan.replicaSet.spec.replicas ?? 0 };
    if (plan.kind === "scale")
      for (const { replicaSet, to } of plan.steps)
        if (replicaSet.metadata.name === "web-a") old = { size: to };
        else fresh = { ...fresh, size: to };
    assert.ok(old.size + fresh.size <= 7, `${old.size} + ${fresh.size} pods`);
    assert.ok(old.size + fresh.available >= 4, `${old.size} + ${fresh.available} available`);
    if (plan.kind === "done")
      fresh = { ...fresh, available: Math.min(fresh.size, fresh.available + 1) };
  }
  assert.deepEqual([old.size, fresh.size, fresh.available], [0, 5, 5]);
});

test("the new ReplicaSet carries hash, selector, owner and revision", () => {
  const plan = planRollout(deployment("b", 1), [set("a", 1, 1, 3)], false);
  assert.equal(plan.kind, "create");
  if (plan.kind !== "create") return;
  const { metadata, spec } = plan.replicaSet;
  const hash = spec.template.metadata?.labels?.["pod-template-hash"] ?? "";
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{4,10}$/);
  assert.equal(metadata.name, `web-${hash}`);
  assert.deepEqual(spec.selector.matchLabels, { app: "web", "pod-template-hash": hash });
  assert.equal(metadata.annotations?.["note"], "kept");
  assert.equal(metadata.annotations?.[revisionAnnotation], "4");
  assert.ok(
    !Object.keys(metadata.annotations ?? {})
      .join()
      .includes("last-applied"),
  );
  assert.equal(metadata.ownerReferences?.[0]?.uid, "uid-web");
});

test("revisions count up, and going back gives a new one", () => {
  assert.equal(nextRevision(deployment("a", 1), []), 1);
  assert.equal(nextRevision(deployment("a", 1), [set("a", 1, 1, 1)]), 1);
  assert.equal(nextRevision(deployment("a", 1), [set("a", 1, 1, 1), set("b", 1, 1, 2)]), 3);
});

test("idle sets beyond the history limit go, oldest revision first", () => {
  const sets = [set("a", 0, 0, 1), set("b", 0, 0, 2), set("c", 1, 1, 3), set("d", 1, 1, 4)];
  const surplus = surplusHistory(deployment("d", 1, { revisionHistoryLimit: 1 }), sets);
  assert.deepEqual(
    surplus.map(({ metadata }) => metadata.name),
    ["web-a", "web-b"],
  );
});
