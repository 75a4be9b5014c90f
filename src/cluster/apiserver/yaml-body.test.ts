import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYamlText } from "./yaml-body.ts";

test("a text is its value, aliases included", () => {
  assert.deepEqual(parseYamlText("a: &x {b: 1}\nc: *x\n1: one\ntrue: yes"), {
    a: { b: 1 },
    c: { b: 1 },
    "1": "one",
    true: "yes",
  });
  assert.equal(parseYamlText(""), null);
});

test("a repeated key is named, wherever it is", () => {
  for (const text of ["a: 1\na: 2", "x: [{a: 1, 'a': 2}]", "1: a\n'1': b"])
    assert.throws(() => parseYamlText(text), { message: /^key "[a1]" already set in map$/ }, text);
});

test("what is no YAML is told with its place", () => {
  assert.throws(() => parseYamlText("a: [1"), { message: /at line 1, column 6/ });
});

test("many keys take no more time than they are long", { timeout: 60_000 }, () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `k${index}: v`);
  const value = parseYamlText(lines.join("\n")) as object;
  assert.equal(Object.keys(value).length, 60_000);
});
