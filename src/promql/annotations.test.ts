import assert from "node:assert/strict";
import { test } from "node:test";
import { notACounterInfo, quantileWarning } from "./annotations.ts";

for (const [φ, got] of [
  [95, "95"],
  [1.5, "1.5"],
  [-0.0001, "-0.0001"],
  [-0.00001, "-1e-05"],
  [1e6, "1e+06"],
  [123_456_789, "1.23456789e+08"],
  [1e21, "1e+21"],
  [NaN, "NaN"],
  [Infinity, "+Inf"],
] as const)
  test(`a quantile of ${φ} is warned of as ${got}`, () => {
    assert.equal(
      quantileWarning(φ),
      `PromQL warning: quantile value should be between 0 and 1, got ${got}`,
    );
  });

test("quantiles in range, and names of counters, are nothing to speak of", () => {
  assert.equal(quantileWarning(0), undefined);
  assert.equal(quantileWarning(1), undefined);
  for (const name of ["a_total", "a_sum", "a_count", "a_bucket", ""])
    assert.equal(notACounterInfo(name), undefined);
  assert.match(notACounterInfo("queue_length") ?? "", /might not be a counter.*"queue_length"$/);
});
