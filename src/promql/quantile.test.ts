import assert from "node:assert/strict";
import { test } from "node:test";
import { quantileOf } from "./quantile.ts";

const cases: readonly (readonly [φ: number, values: readonly number[], wanted: number])[] = [
  [0.5, [3, 1, 2], 2],
  [0.75, [1, 2, 4], 3],
  [0, [3, 1, 2], 1],
  [1, [3, 1, 2], 3],
  [0.5, [7], 7],
  [0.5, [], NaN],
  [NaN, [1], NaN],
  [-0.1, [1], -Infinity],
  [1.1, [1], Infinity],
  // NaN counts as the smallest.
  [1, [NaN, 1, 2], 2],
  [0.5, [2, NaN, 1], 1],
  [0.25, [2, NaN, 1], NaN],
  [0.5, [NaN, NaN], NaN],
  // Prometheus weighs the neighbour with 0, and an infinite one makes that NaN.
  [0.5, [-Infinity, 0, Infinity], NaN],
];

for (const [φ, values, wanted] of cases)
  test(`the ${φ} quantile of ${values.join(", ")} is ${wanted}`, () => {
    const given = [...values];
    assert.equal(quantileOf(φ, given), wanted);
    assert.deepEqual(given, values);
  });
