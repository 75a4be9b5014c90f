// The decision as a whole, rule by rule. Stories over time are told in scripts/*.timeline.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decide } from "./decide.ts";
import type { Decided } from "./decide.ts";
import { emptyMemory, memoryOf } from "./memory.ts";
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

describe("activity", () => {
  const cases: readonly (readonly [
    name: string,
    readings: readonly Reading[],
    active: boolean | undefined,
  ])[] = [
    ["above the activation", [value(1)], true],
    ["at the activation", [value(5, { activation: 5 })], false],
    ["no data may hide activity", [value(0), noData("s1")], undefined],
    ["one active trigger is enough", [noData("s1"), value(1)], true],
    ["idle", [value(Number.NaN, { idle: true })], false],
    ["a NaN that nobody explains is no data", [value(Number.NaN)], undefined],
    ["nor is infinity", [value(Number.POSITIVE_INFINITY)], undefined],
    [
      "nor is a Value over several series",
      [value(3, { metricType: "Value", series: 2 })],
      undefined,
    ],
  ];
  for (const [name, readings, active] of cases)
    test(name, () => {
      const decided = decide(observe(3, readings), policy(), longAgo);
      assert.equal(decided.active, active);
      if (active === undefined) assert.equal(countOf(decided), 3);
    });
});

describe("agreement", () => {
  const round = (index: number) => ({ atMs: startMs + index * 1000, intervalMs: 1000 });
  const see = (memory: ScalingMemory, index: number, sum: number, count = 1): Decided =>
    decide(
      { ...observe(count, value(sum), startMs + index * 1000), round: round(index) },
      policy(),
      memory,
    );

  test("takes two rounds, not two looks at one", () => {
    const first = see(longAgo, 0, 5);
    assert.equal(countOf(first), 1);
    const again = see(first.memory, 0, 5);
    assert.equal(countOf(again), 1);
    assert.equal(countOf(see(again.memory, 1, 5)), 3);
  });

  test("a second look at the second round still agrees with the first", () => {
    const second = see(see(longAgo, 0, 5).memory, 1, 5);
    assert.equal(countOf(see(second.memory, 1, 5)), 3);
  });

  test("one lost round in between does no harm, two do", () => {
    const { memory } = see(longAgo, 0, 5);
    assert.equal(countOf(see(memory, 2, 5)), 3);
    assert.equal(countOf(see(memory, 3, 5)), 1);
  });

  test("is not asked of a polled server", () => {
    assert.equal(countOf(decide(observe(1, value(5)), policy(), longAgo)), 3);
  });
});

test("a target whose history is unknown keeps its count for a whole window", () => {
  const first = decide(observe(3, value(0)), policy(), emptyMemory);
  assert.equal(countOf(first), 3);
  const before = decide(observe(3, value(0), startMs + 299_999), policy(), first.memory);
  assert.equal(countOf(before), 3);
  const after = decide(observe(3, value(0), startMs + 300_000), policy(), before.memory);
  assert.equal(countOf(after), 1);
});

test("a target that was active before the restart waits for its cooldown", () => {
  const known = memoryOf({ lastActiveMs: startMs - 299_000 });
  const toZero = policy({ minReplicaCount: 0 });
  assert.equal(countOf(decide(observe(1, value(0)), toZero, known)), 1);
  assert.equal(countOf(decide(observe(1, value(0), startMs + 1001), toZero, known)), 0);
});

test("the memory of a long life stays small", () => {
  let memory = emptyMemory;
  for (let second = 0; second < 7200; second++)
    memory = decide(
      observe(2, value(second % 7 === 0 ? 4 : 3.9), startMs + second * 1000),
      policy(),
      memory,
    ).memory;
  assert.ok(memory.recommendations.length <= 300);
  assert.equal(memory.events.length, 0);
});

test("the same observation, policy and memory give the same decision", () => {
  const once = decide(observe(1, value(5)), policy(), longAgo);
  assert.deepEqual(decide(observe(1, value(5)), policy(), longAgo), once);
});
