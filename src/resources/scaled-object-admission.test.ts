import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdmissionSnapshot } from "./admission.ts";
import { scaledObjectAdmission } from "./scaled-object-admission.ts";
import type { ScaledObject, ScaledObjectSpec } from "./scaled-object.ts";

const trigger = { type: "prometheus", metadata: { query: "sum(x)", threshold: "2" } };
const cpu = { type: "cpu", metricType: "Utilization", metadata: { value: "80" } } as const;

function scaledObject(spec: Partial<ScaledObjectSpec> = {}, name = "qwen"): ScaledObject {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name, namespace: "default" },
    spec: { scaleTargetRef: { name: "qwen" }, triggers: [trigger], ...spec },
  };
}

/** A cluster in which these ScaledObjects are stored, and nothing else. */
function clusterOf(...objects: readonly ScaledObject[]): AdmissionSnapshot {
  return { list: () => objects as readonly unknown[] as readonly never[] };
}

const longName = "q".repeat(60);

const refused: readonly [name: string, object: ScaledObject, told: string][] = [
  [
    "a minimum above the maximum",
    scaledObject({ minReplicaCount: 6, maxReplicaCount: 5 }),
    "spec.minReplicaCount: Invalid value: 6: must not exceed maxReplicaCount (5); raise maxReplicaCount or lower minReplicaCount",
  ],
  [
    "a minimum above the maximum that is there by default",
    scaledObject({ minReplicaCount: 101 }),
    "spec.minReplicaCount: Invalid value: 101: must not exceed maxReplicaCount (100); raise maxReplicaCount or lower minReplicaCount",
  ],
  [
    "no triggers",
    scaledObject({ triggers: [] }),
    "spec.triggers: Required value: at least one trigger must say what to scale on",
  ],
  [
    "idling at the minimum",
    scaledObject({ minReplicaCount: 2, idleReplicaCount: 2 }),
    "spec.idleReplicaCount: Invalid value: 2: must be less than minReplicaCount (2); leave it out, or set it to 0",
  ],
  [
    "idling at 1 with a minimum of 0",
    scaledObject({ idleReplicaCount: 1 }),
    "spec.idleReplicaCount: Invalid value: 1: must be less than minReplicaCount (1); leave it out, or set it to 0",
  ],
  [
    "two triggers of one name",
    scaledObject({
      triggers: [
        { ...trigger, name: "a" },
        { ...trigger, name: "a" },
      ],
    }),
    'spec.triggers[1].name: Duplicate value: "a"',
  ],
  [
    "cpu alone down to zero",
    scaledObject({ triggers: [cpu] }),
    "spec.minReplicaCount: Invalid value: 0: cpu and memory cannot be measured at 0 replicas; set it to at least 1, or add another trigger",
  ],
  [
    "a name too long for its HPA",
    scaledObject({}, longName),
    `metadata.name: Invalid value: "${longName}": is too long: the autoscaler's name "keda-hpa-${longName}" must be no more than 63 characters; shorten it by 6`,
  ],
];

for (const [name, object, told] of refused)
  test(`${name} is refused`, () => {
    const verdict = scaledObjectAdmission.admit(object, undefined, clusterOf());
    const causes = verdict.kind === "denied" ? verdict.causes : [];
    assert.deepEqual(
      causes.map(({ field, message }) => `${field}: ${message}`),
      [told],
    );
  });

test("a workload has one ScaledObject, however its kind is written", () => {
  const target = { apiVersion: "apps/v1", kind: "Deployment", name: "qwen" };
  const first = scaledObject({ scaleTargetRef: target }, "first");
  const verdict = scaledObjectAdmission.admit(scaledObject(), undefined, clusterOf(first));
  assert.ok(verdict.kind === "denied");
  assert.equal(
    `${verdict.causes[0]?.field}: ${verdict.causes[0]?.message}`,
    'spec.scaleTargetRef.name: Invalid value: "qwen": the workload apps/v1.Deployment/qwen is already managed by the ScaledObject "first"; delete that one first, or add the triggers there',
  );
});

test("an object does not stand in its own way, nor do those of other workloads", () => {
  const other = scaledObject({ scaleTargetRef: { name: "llama" } }, "llama");
  const verdict = scaledObjectAdmission.admit(
    scaledObject({ maxReplicaCount: 9 }),
    scaledObject(),
    clusterOf(scaledObject(), other),
  );
  assert.equal(verdict.kind, "allowed");
});

test("a cooldown that nothing uses is warned of", () => {
  const object = scaledObject({ minReplicaCount: 1, cooldownPeriod: 60 });
  const verdict = scaledObjectAdmission.admit(object, undefined, clusterOf());
  assert.match(
    verdict.kind === "allowed" ? (verdict.warnings[0] ?? "") : "",
    /^spec.cooldownPeriod has no effect unless the object scales to zero: minReplicaCount is 1;/,
  );
});
