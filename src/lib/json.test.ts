import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonEqual, jsonIncludes } from "./json.ts";

test("equality of structures; an undefined key counts as absent", () => {
  const cases: readonly [unknown, unknown, boolean][] = [
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    ["1", 1, false],
    // What objects have by nature is not there.
    [{}, { constructor: "x" }, false],
    [{}, JSON.parse('{"__proto__":{}}'), false],
  ];
  for (const [left, right, expected] of cases) {
    assert.equal(jsonEqual(left, right), expected, JSON.stringify([left, right]));
    assert.equal(jsonEqual(right, left), expected, JSON.stringify([right, left]));
  }
});

test("a whole includes what it says more than a part, but no other list", () => {
  const whole = { ports: [{ port: 80, protocol: "TCP" }], selector: { app: "a" }, ip: "x" };
  const cases: readonly [unknown, boolean][] = [
    [{}, true],
    [{ ports: [{ port: 80 }] }, true],
    [{ ports: [{ port: 81 }] }, false],
    [{ ports: [] }, false],
    [{ selector: { app: "b" } }, false],
    [{ selector: { app: "a", more: "x" } }, false],
    [{ selector: undefined }, true],
  ];
  for (const [part, expected] of cases)
    assert.equal(jsonIncludes(whole, part), expected, JSON.stringify(part));
});
