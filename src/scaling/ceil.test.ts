// Rounding up: exact where numbers are, and deaf to the noise of binary fractions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { atMost, ceilExact } from "./ceil.ts";

const cases: readonly (readonly [name: string, quotient: number, count: number])[] = [
  ["0.6 / 0.2", 0.6 / 0.2, 3],
  ["0.3 / 0.1", 0.3 / 0.1, 3],
  ["2.1 / 0.7", 2.1 / 0.7, 3],
  ["5 / 2", 5 / 2, 3],
  ["6 / 2", 6 / 2, 3],
  // Through milli-units, as the metrics API has them, this would be 4.0005 and five replicas.
  ["the average of 8 over 3, over 2, times 3", (8 / 3 / 2) * 3, 4],
  ["the average of 20 over 3, over 2, times 3", (20 / 3 / 2) * 3, 10],
  ["3.001", 3.001, 4],
  ["a thousandth above a million", 1_000_000.01, 1_000_001],
  ["nothing", 0, 0],
  ["next to nothing", 1e-12, 0],
  ["a little", 0.001, 1],
];
for (const [name, quotient, count] of cases)
  test(`${name} is ${count}`, () => assert.equal(ceilExact(quotient), count));

test("the ends of a range belong to it, though 1 - 0.1 is a little more than 0.9", () => {
  assert.ok(atMost(1.1, 1 + 0.1));
  assert.ok(atMost(1 - 0.1, 0.9));
  assert.ok(!atMost(1.1001, 1.1));
});
