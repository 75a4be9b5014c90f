// The defaults of KEDA and of the HorizontalPodAutoscaler, and what is wrong with a ScaledObject.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HorizontalPodAutoscalerBehavior } from "../resources/scaled-object.ts";
import type { ScaledObjectSpec } from "../resources/scaled-object.ts";
import { policyOf } from "./policy-of.ts";

const bare: ScaledObjectSpec = { scaleTargetRef: { name: "x" }, triggers: [] };

function policy(spec: Partial<ScaledObjectSpec> = {}) {
  const result = policyOf({ spec: { ...bare, ...spec } });
  assert.equal(result.kind, "policy");
  return result.policy;
}

const withBehavior = (behavior: HorizontalPodAutoscalerBehavior) => ({
  advanced: { horizontalPodAutoscalerConfig: { behavior } },
});

test("an object that says nothing has KEDA's defaults", () => {
  assert.deepEqual(policy(), {
    minReplicas: 0,
    maxReplicas: 100,
    cooldownMs: 300_000,
    initialCooldownMs: 0,
    behavior: {
      scaleUp: {
        stabilizationMs: 0,
        select: "max",
        rates: [
          { kind: "upTo", count: 4 },
          { kind: "percent", percent: 100, periodMs: 15_000 },
        ],
      },
      scaleDown: {
        stabilizationMs: 300_000,
        select: "max",
        rates: [{ kind: "percent", percent: 100, periodMs: 15_000 }],
      },
    },
    tolerance: { up: 0.1, down: 0.1 },
  });
});

test("a behavior, even an empty one, has the defaults of autoscaling/v2", () => {
  const { behavior } = policy(withBehavior({}));
  assert.deepEqual(behavior.scaleUp.rates, [
    { kind: "pods", pods: 4, periodMs: 15_000 },
    { kind: "percent", percent: 100, periodMs: 15_000 },
  ]);
  assert.equal(behavior.scaleDown.stabilizationMs, 300_000);
});

test("what is given stands, and the rest is filled in", () => {
  const { behavior, tolerance } = policy(
    withBehavior({
      scaleUp: { selectPolicy: "Disabled", tolerance: "50m" },
      scaleDown: {
        stabilizationWindowSeconds: 20,
        selectPolicy: "Min",
        policies: [
          { type: "Pods", value: 1, periodSeconds: 60 },
          { type: "Percent", value: 10, periodSeconds: 30 },
        ],
      },
    }),
  );
  assert.equal(behavior.scaleUp.select, "disabled");
  assert.equal(behavior.scaleUp.rates.length, 2);
  assert.deepEqual(behavior.scaleDown, {
    stabilizationMs: 20_000,
    select: "min",
    rates: [
      { kind: "pods", pods: 1, periodMs: 60_000 },
      { kind: "percent", percent: 10, periodMs: 30_000 },
    ],
  });
  assert.deepEqual(tolerance, { up: 0.05, down: 0.1 });
});

describe("faults", () => {
  const cases: readonly (readonly [Partial<ScaledObjectSpec>, string])[] = [
    [
      { minReplicaCount: 6, maxReplicaCount: 5 },
      "spec.minReplicaCount: Invalid value: 6: must not exceed maxReplicaCount (5)",
    ],
    [
      withBehavior({ scaleUp: { tolerance: "much" } }),
      'spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.tolerance: Invalid value: "much": must be a quantity ≥ 0',
    ],
  ];
  for (const [spec, says] of cases)
    test(says, () => {
      const result = policyOf({ spec: { ...bare, ...spec } });
      assert.equal(result.kind, "invalid");
      assert.deepEqual(
        result.causes.map(({ field, message }) => `${field}: ${message}`),
        [says],
      );
    });
});
