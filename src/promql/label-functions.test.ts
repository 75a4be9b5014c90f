import assert from "node:assert/strict";
import { test } from "node:test";
import { labelFunctions } from "./label-functions.ts";

const labels = { __name__: "up", pod: "llm-7f9c-x2z4q", "my.label": "é1" };

function call(name: string, ...strings: string[]): unknown {
  const prepared = labelFunctions.get(name)?.(strings);
  return prepared?.kind === "prepared" ? prepared.apply(labels) : prepared?.message;
}

const replaced: readonly (readonly [what: string, strings: readonly string[], to: object])[] = [
  ["a group", ["app", "$1", "pod", "(.*)-.*-.*"], { app: "llm" }],
  ["a group in braces", ["app", "${1}s", "pod", "(.*)-.*-.*"], { app: "llms" }],
  ["a named group", ["app", "$app", "pod", "(?P<app>.*)-.*-.*"], { app: "llm" }],
  ["another spelling of one", ["app", "${app}", "pod", "(?<app>.*)-.*-.*"], { app: "llm" }],
  ["the whole", ["copy", "$0", "pod", ".*"], { copy: labels.pod }],
  ["text of its own", ["tier", "gold", "pod", "llm.*"], { tier: "gold" }],
  ["a dollar", ["cost", "5$$", "pod", ".*"], { cost: "5$" }],
  ["a stray dollar", ["cost", "$ ${x", "pod", ".*"], { cost: "$ ${x" }],
  ["a group that the pattern lacks", ["x", "a$9b", "pod", ".*"], { x: "a" }],
  ["a group that took no part", ["x", "<$1>", "pod", "(q)?.*"], { x: "<>" }],
  ["a part that does not match the whole", ["x", "y", "pod", "llm"], {}],
  ["an absent label, which is empty", ["x", "none", "nope", ""], { x: "none" }],
  ["into the name", ["__name__", "down", "pod", ".*"], { __name__: "down" }],
  ["into a name that UTF-8 has", ["a b", "$1", "my.label", "(.).*"], { "a b": "é" }],
  ["a value over several lines", ["x", "$1", "my.label", "(?s:(.*))"], { x: "é1" }],
];

for (const [what, strings, added] of replaced)
  test(`label_replace takes ${what}`, () => {
    assert.deepEqual(call("label_replace", ...strings), { ...labels, ...added });
  });

test("an empty replacement takes the label away", () => {
  assert.deepEqual(call("label_replace", "pod", "", "pod", ".*"), {
    __name__: "up",
    "my.label": "é1",
  });
});

test("label_join puts values together, the absent ones as empty", () => {
  assert.deepEqual(call("label_join", "to", "/", "pod", "nope", "my.label"), {
    ...labels,
    to: "llm-7f9c-x2z4q//é1",
  });
  assert.deepEqual(call("label_join", "pod", "-"), { __name__: "up", "my.label": "é1" });
});

test("names and patterns that are none are refused in Prometheus' words", () => {
  assert.equal(
    call("label_replace", "", "x", "pod", ".*"),
    "invalid destination label name in label_replace(): ",
  );
  assert.equal(
    call("label_replace", "x", "x", "pod", "("),
    "invalid regular expression in label_replace(): (",
  );
  assert.equal(
    call("label_join", "", "-", "pod"),
    "invalid destination label name in label_join(): ",
  );
  assert.equal(
    call("label_join", "x", "-", "pod", ""),
    "invalid source label name in label_join(): ",
  );
});

test("a pattern that would make a backtracking engine try forever is over at once", () => {
  const prepared = labelFunctions.get("label_replace")?.(["x", "$1", "value", "((a+)+)+b"]);
  assert.ok(prepared?.kind === "prepared");
  const value = "a".repeat(5000);
  assert.deepEqual(prepared.apply({ value }), { value });
});
