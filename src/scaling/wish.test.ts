// What one trigger wants by itself.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ValueReading } from "./observation.ts";
import { wishOf } from "./wish.ts";

type Case = readonly [
  name: string,
  value: number,
  target: number,
  replicas: number | { spec: number; status: number; ready: number },
  missing: number,
  count: number,
];

const tolerance = { up: 0.1, down: 0.1 };

function countOf(
  metricType: ValueReading["metricType"],
  [, value, target, replicas, missing]: Case,
): number {
  const pods =
    typeof replicas === "number" ? { spec: replicas, status: replicas, ready: replicas } : replicas;
  const reading: ValueReading = {
    kind: "value",
    trigger: "s0",
    value,
    target,
    metricType,
    activation: 0,
    missingPods: Array.from({ length: missing }, (_, index) => `pod-${index}`),
    series: 1,
  };
  return wishOf(
    reading,
    { specReplicas: pods.spec, statusReplicas: pods.status, readyReplicas: pods.ready },
    tolerance,
  ).count;
}

const averages: readonly Case[] = [
  ["five over two", 5, 2, 1, 0, 3],
  ["fractions without noise", 0.6, 0.2, 1, 0, 3],
  ["just within tolerance above", 6.6, 2, 3, 0, 3],
  ["just beyond it", 6.7, 2, 3, 0, 4],
  ["just within tolerance below", 5.4, 2, 3, 0, 3],
  ["just beyond it below, where rounding up keeps it", 5.3, 2, 3, 0, 3],
  ["half the load", 3, 2, 3, 0, 2],
  ["pods that exist count, not those asked for", 6, 2, { spec: 5, status: 3, ready: 1 }, 0, 3],
  ["no pods at all", 5, 2, { spec: 1, status: 0, ready: 0 }, 0, 3],
  ["no pods and no load", 0, 2, { spec: 1, status: 0, ready: 0 }, 0, 0],
  ["shrinking, one missing counts as on target", 2, 2, 4, 1, 2],
  ["shrinking, so many missing that it might be met", 4, 2, 4, 2, 4],
  ["shrinking, so many missing that it might grow", 4, 2, 4, 3, 4],
  ["growing, the missing count as idle", 9, 2, 3, 2, 5],
  ["all missing, none growing", 0, 2, 3, 3, 3],
];

const values: readonly Case[] = [
  ["twice the target", 4, 2, 3, 0, 6],
  ["half the target", 1, 2, 4, 0, 2],
  ["within tolerance", 2.1, 2, 4, 0, 4],
  ["the average of 8 over 3 pods", 8 / 3, 2, 3, 0, 4],
  ["zero replicas take the bare ratio", 5, 2, 0, 0, 3],
  ["only the ready multiply", 4, 2, { spec: 4, status: 4, ready: 3 }, 0, 6],
  ["few ready do not turn growth into shrinking", 4, 2, { spec: 4, status: 4, ready: 1 }, 0, 4],
  ["many ready do not turn shrinking into growth", 1.6, 2, { spec: 3, status: 5, ready: 5 }, 0, 3],
  ["growing, the missing do not multiply", 4, 2, 3, 1, 4],
  ["growing, so many missing that it stays", 4, 2, 3, 2, 3],
  ["shrinking, the missing count as on target", 1, 2, 4, 2, 3],
  ["shrinking, all missing", 1, 2, 4, 4, 4],
];

describe("AverageValue", () => {
  for (const one of averages)
    test(one[0], () => assert.equal(countOf("AverageValue", one), one[5]));
});

describe("Value", () => {
  for (const one of values) test(one[0], () => assert.equal(countOf("Value", one), one[5]));
});

test("a target that is not above zero is a programmer's error", () => {
  assert.throws(() => countOf("Value", ["", 1, 0, 1, 0, 0]), { name: "AssertionError" });
});
