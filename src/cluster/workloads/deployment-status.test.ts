import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, DeploymentStatus } from "../../resources/deployment.ts";
import { conditionOf } from "../../resources/object.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { reportDeployment } from "./deployment-status.ts";

const template = (image: string) => ({ spec: { containers: [{ name: "main", image }] } });

function deployment(image: string, replicas: number, status?: DeploymentStatus): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: {} },
      template: template(image),
      progressDeadlineSeconds: 60,
    },
    ...(status && { status }),
  };
}

function set(image: string, replicas: number, ready: number): ReplicaSet {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: `web-${image}` },
    spec: { replicas, selector: { matchLabels: {} }, template: template(image) },
    status: { replicas, readyReplicas: ready, availableReplicas: ready },
  };
}

/** `True MinimumReplicasAvailable`, say. */
function condition(status: DeploymentStatus, type: string): string {
  const found = conditionOf(status.conditions, type);
  return found ? `${found.status} ${found.reason}` : "none";
}

test("a first rollout from creation to the end", () => {
  const created = reportDeployment(deployment("a", 2), [], 0).status;
  assert.equal(condition(created, "Available"), "False MinimumReplicasUnavailable");
  assert.equal(condition(created, "Progressing"), "none");

  const { status: _, ...bare } = set("a", 2, 0);
  const made = reportDeployment(deployment("a", 2, created), [bare], 1_000).status;
  assert.equal(condition(made, "Progressing"), "True NewReplicaSetCreated");
  assert.equal(
    conditionOf(made.conditions, "Progressing")?.message,
    'Created new replica set "web-a"',
  );

  const started = reportDeployment(deployment("a", 2, made), [set("a", 2, 1)], 2_000).status;
  assert.equal(condition(started, "Progressing"), "True ReplicaSetUpdated");
  assert.equal(condition(started, "Available"), "False MinimumReplicasUnavailable");

  const { status, deadlineInMs } = reportDeployment(
    deployment("a", 2, started),
    [set("a", 2, 2)],
    3_000,
  );
  assert.equal(condition(status, "Available"), "True MinimumReplicasAvailable");
  assert.equal(condition(status, "Progressing"), "True NewReplicaSetAvailable");
  assert.equal(
    conditionOf(status.conditions, "Progressing")?.message,
    'ReplicaSet "web-a" has successfully progressed.',
  );
  assert.equal(deadlineInMs, undefined, "nothing is under way");
  const { conditions: _conditions, ...counts } = status;
  assert.deepEqual(counts, {
    observedGeneration: 1,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    unavailableReplicas: 0,
  });
});

test("a rollout without progress exceeds its deadline, and says so once", () => {
  const stuckSet = set("a", 1, 0);
  const started = reportDeployment(deployment("a", 1), [stuckSet], 0);
  assert.equal(started.deadlineInMs, 60_000);
  const waiting = reportDeployment(deployment("a", 1, started.status), [stuckSet], 20_000);
  assert.equal(waiting.deadlineInMs, 40_000, "nothing happened, so the deadline stands");
  const late = reportDeployment(deployment("a", 1, waiting.status), [stuckSet], 60_000);
  assert.equal(condition(late.status, "Progressing"), "False ProgressDeadlineExceeded");
  assert.equal(
    conditionOf(late.status.conditions, "Progressing")?.message,
    'ReplicaSet "web-a" has timed out progressing.',
  );
  assert.equal(late.deadlineInMs, undefined);
  const saved = reportDeployment(deployment("a", 1, late.status), [set("a", 1, 1)], 90_000);
  assert.equal(condition(saved.status, "Progressing"), "True NewReplicaSetAvailable");
});

test("growing is no rollout: what has progressed stays so, while replicas are missing", () => {
  const done = reportDeployment(deployment("a", 1), [set("a", 1, 1)], 0).status;
  const growing = reportDeployment(deployment("a", 5, done), [set("a", 5, 1)], 600_000);
  assert.equal(condition(growing.status, "Progressing"), "True NewReplicaSetAvailable");
  assert.equal(condition(growing.status, "Available"), "False MinimumReplicasUnavailable");
  assert.equal(growing.status.unavailableReplicas, 4);
});

test("the next template starts a rollout of its own", () => {
  const done = reportDeployment(deployment("a", 1), [set("a", 1, 1)], 0).status;
  const next = reportDeployment(
    deployment("b", 1, done),
    [set("a", 1, 1), set("b", 1, 0)],
    600_000,
  );
  assert.equal(condition(next.status, "Progressing"), "True ReplicaSetUpdated");
  assert.equal(next.deadlineInMs, 60_000);
  assert.equal(next.status.updatedReplicas, 1);
  assert.equal(condition(next.status, "Available"), "True MinimumReplicasAvailable");
});

test("pausing shows", () => {
  const paused = deployment("a", 1);
  const { status } = reportDeployment(
    { ...paused, spec: { ...paused.spec, paused: true } },
    [set("a", 1, 1)],
    0,
  );
  assert.equal(condition(status, "Progressing"), "Unknown DeploymentPaused");
});

test("a rollout that was stuck stays told while one pauses it", () => {
  const stuckSet = set("a", 1, 0);
  const started = reportDeployment(deployment("a", 1), [stuckSet], 0);
  const late = reportDeployment(deployment("a", 1, started.status), [stuckSet], 60_000);
  const paused = deployment("a", 1, late.status);
  const { status } = reportDeployment(
    { ...paused, spec: { ...paused.spec, paused: true } },
    [stuckSet],
    70_000,
  );
  assert.equal(condition(status, "Progressing"), "False ProgressDeadlineExceeded");
});

test("without a deadline nobody judges the progress", () => {
  const patient = deployment("a", 1);
  const { status, deadlineInMs } = reportDeployment(
    { ...patient, spec: { ...patient.spec, progressDeadlineSeconds: 2_147_483_647 } },
    [set("a", 1, 0)],
    0,
  );
  assert.equal(condition(status, "Progressing"), "none");
  assert.equal(deadlineInMs, undefined);
});

test("why pods cannot be made is the ReplicaSet's word, the current one's before others'", () => {
  const failing = (image: string, message: string): ReplicaSet => {
    const bare = set(image, 1, 0);
    const failure = {
      type: "ReplicaFailure",
      status: "True",
      reason: "FailedCreate",
      message,
    } as const;
    return { ...bare, status: { replicas: 0, ...bare.status, conditions: [failure] } };
  };
  const sets = [failing("a", "old"), failing("b", "new")];
  const { status } = reportDeployment(deployment("b", 1), sets, 0);
  assert.equal(conditionOf(status.conditions, "ReplicaFailure")?.message, "new");
  const healed = reportDeployment(deployment("b", 1, status), [set("a", 0, 0), set("b", 1, 1)], 1);
  assert.equal(condition(healed.status, "ReplicaFailure"), "none");
});
