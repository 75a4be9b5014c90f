import assert from "node:assert/strict";
import { test } from "node:test";
import { dateFunctions } from "./date-functions.ts";
import { histogramFunctions } from "./histogram-functions.ts";
import { labelFunctions } from "./label-functions.ts";
import { mathFunctions } from "./math-functions.ts";
import { rangeFunctions } from "./range-functions.ts";
import { functionNames, functionRefusal } from "./signatures.ts";
import { vectorFunctions } from "./vector-functions.ts";

const families = [
  dateFunctions,
  histogramFunctions,
  labelFunctions,
  mathFunctions,
  rangeFunctions,
  vectorFunctions,
];

test("the functions that the parser lets through are those that some family has, each in one", () => {
  const served = families.flatMap((family) => [...family.keys()]);
  assert.ok(served.length > 60);
  assert.deepEqual(served.toSorted(), functionNames().toSorted());
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
