// The decision as a whole, rule by rule. Stories over time are told in scripts/*.timeline.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decide } from "./decide.ts";
import type { Decided } from "./decide.ts";
import { emptyMemory } from "./memory.ts";
import type { ScalingMemory } from "./memory.ts";
import type { Observation, Reading, ValueReading } from "./observation.ts";
import { policyOf } from "./policy-of.ts";
import type { ScalingPolicy } from "./policy.ts";
import { describeDecision } from "./reason.ts";
import type { ScaledObjectSpec } from "../resources/scaled-object.ts";

const startMs = 1_000_000_000;
/** Long enough ago that no window reaches back to it. */
const longAgo: ScalingMemory = {
  ...emptyMemory,
  recommendations: [{ count: 0, firstMs: 0, lastMs: 0 }],
};

function policy(spec: Partial<ScaledObjectSpec> = {}): ScalingPolicy {
  const result = policyOf({
    spec: {
      scaleTargetRef: { name: "qwen" },
      triggers: [],
      minReplicaCount: 1,
      maxReplicaCount: 5,
      advanced: { horizontalPodAutoscalerConfig: { behavior: {} } },
      ...spec,
    },
  });
  assert.equal(result.kind, "policy");
  return result.policy;
}

function value(sum: number, more: Partial<ValueReading> = {}): ValueReading {
  return {
    kind: "value",
    trigger: "s0-prometheus",
    value: sum,
    target: 2,
    metricType: "AverageValue",
    activation: 0,
    missingPods: [],
    series: 1,
    ...more,
  };
}

const noData = (trigger = "s0-prometheus"): Reading => ({
  kind: "noData",
  trigger,
  detail: "the query returned no series",
});

function observe(count: number, reading: Reading | readonly Reading[], at = startMs): Observation {
  return {
    nowMs: at,
    createdAtMs: 0,
    specReplicas: count,
    statusReplicas: count,
    readyReplicas: count,
    readings: Array.isArray(reading) ? reading : [reading as Reading],
  };
}

const countOf = ({ decision }: Decided): number =>
  decision.kind === "scale" ? decision.to : decision.at;

describe("one round, no history, polled", () => {
  const cases: readonly {
    readonly name: string;
    readonly observation: Observation;
    readonly policy?: ScalingPolicy;
    readonly says: string;
  }[] = [
    {
      name: "five in flight at two per replica want three",
      observation: observe(1, value(5)),
      says: "scale 1 → 3: 5 in total / 2 per replica = 2.5 → 3",
    },
    {
      name: "six want three",
      observation: observe(1, value(6)),
      says: "scale 1 → 3: 6 in total / 2 per replica = 3",
    },
    {
      name: "twelve want six and get the maximum",
      observation: observe(1, value(12)),
      says: "scale 1 → 5: 12 in total / 2 per replica = 6; 6 is above the maximum of 5",
    },
    {
      name: "the load at exactly ten per cent over the target is within tolerance",
      observation: observe(3, value(6.6)),
      says: "hold at 3: 6.6 in total / 2 per replica is within 10 % of 3 replicas",
    },
    {
      name: "a little more is not",
      observation: observe(3, value(6.61)),
      says: "scale 3 → 4: 6.61 in total / 2 per replica = 3.305 → 4",
    },
    {
      name: "no load at all leaves the minimum",
      observation: observe(3, value(0)),
      says: "scale 3 → 1: 0 in total / 2 per replica = 0; 0 is below the minimum of 1",
    },
    {
      name: "a negative value counts as none",
      observation: observe(2, value(-4)),
      says: "scale 2 → 1: 0 in total / 2 per replica = 0; 0 is below the minimum of 1",
    },
    {
      name: "above the maximum, whatever the metrics say",
      observation: observe(9, noData()),
      says: "scale 9 → 5: the count must lie between 1 and 5",
    },
    {
      name: "below the minimum, whatever the metrics say",
      observation: observe(0, noData()),
      says: "scale 0 → 1: the count must lie between 1 and 5",
    },
    {
      name: "no data holds",
      observation: observe(3, noData()),
      says: "hold at 3: s0-prometheus has had no data since 1970-01-12T13:46:40Z: the query returned no series",
    },
  ];
  for (const { name, observation, says, ...given } of cases)
    test(name, () => {
      const decided = decide(observation, given.policy ?? policy(), longAgo);
      assert.equal(describeDecision(decided.decision), says);
    });
});

test("a target that has just been met keeps its count for a whole window", () => {
  const decided = decide(observe(3, value(0)), policy(), emptyMemory);
  assert.equal(countOf(decided), 3);
});
