import assert from "node:assert/strict";
import { test } from "node:test";
import { isServedFunction } from "./calls.ts";
import { functionNames, functionRefusal } from "./signatures.ts";

test("whatever function the parser lets through can be evaluated", () => {
  const names = functionNames();
  assert.ok(names.length > 60);
  assert.deepEqual(
    names.filter((name) => !isServedFunction(name)),
    [],
  );
});

test("a function that is served is not refused, any other is, with its reason", () => {
  assert.deepEqual(
    functionNames().filter((name) => functionRefusal(name) !== undefined),
    [],
  );
  assert.match(functionRefusal("info") ?? "", /"info" is not enabled: it is experimental/);
  assert.match(functionRefusal("histogram_sum") ?? "", /native histograms/);
  assert.equal(functionRefusal("RATE"), 'unknown function with name "RATE"');
  assert.equal(functionRefusal("constructor"), 'unknown function with name "constructor"');
});
