// Random schemas on random values: the walks end, keep their laws and never throw.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../lib/random.ts";
import { randomJson, randomSchema, randomValue } from "../../resources/random-value-fixture.ts";
import { decodeProblem } from "./decode-words.ts";
import { applyDefaults } from "./schema-defaults.ts";
import { prune } from "./schema-unknown.ts";
import { validateSchema } from "./schema-validate.ts";

const cases = 3000;

test("pruning and defaulting twice is as once, and nothing throws", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  for (let index = 0; index < cases; index++) {
    const schema = randomSchema(random);
    const value =
      index % 3 === 0
        ? randomJson(random)
        : randomValue(schema, random, { misfits: index % 2 === 0 ? 0.1 : 0 });
    const before = JSON.stringify(value);
    const where = `seed ${seed}: ${JSON.stringify(schema)} on ${before}`;
    const dropsNull = index % 2 === 0;
    const pruned = prune(schema, value, { dropsNull, onUnknown: () => {} });
    const unknown: string[] = [];
    const again = prune(schema, pruned, { dropsNull, onUnknown: (path) => unknown.push(path) });
    assert.deepEqual(again, pruned, where);
    assert.deepEqual(unknown, [], where);
    const complete = applyDefaults(schema, pruned);
    assert.deepEqual(applyDefaults(schema, complete), complete, where);
    for (const { field, message } of validateSchema(schema, complete))
      assert.equal(typeof field + typeof message, "stringstring", where);
    decodeProblem(schema, value, "Thing");
    assert.equal(JSON.stringify(value), before, `what was given stays as it was; ${where}`);
  }
});
