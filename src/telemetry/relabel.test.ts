import assert from "node:assert/strict";
import { test } from "node:test";
import type { Labels } from "../metrics/labels.ts";
import { relabel, relabelRule } from "./relabel.ts";

type Rule = Parameters<typeof relabelRule>[0];

const given: Labels = { a: "foo", b: "bar", __meta_pod: "qwen-0", __tmp: "x" };

const cases: readonly (readonly [
  it: string,
  rules: readonly Rule[],
  labels: Labels | "dropped",
  from?: Labels,
])[] = [
  ["no rules change nothing", [], given],
  [
    "replace copies what matched by default",
    [{ sourceLabels: ["a", "b"], targetLabel: "c" }],
    { ...given, c: "foo;bar" },
  ],
  [
    "groups by number, by name and in braces",
    [
      {
        sourceLabels: ["__meta_pod"],
        regex: "(?P<app>[a-z]+)-(\\d)",
        targetLabel: "c",
        replacement: "${2}x-$1-${app}-$app",
      },
    ],
    { ...given, c: "0x-qwen-qwen-qwen" },
  ],
  [
    "a name reaches as far as it can; what names no group is empty; $$ is a dollar",
    [{ sourceLabels: ["a"], targetLabel: "c", replacement: "[$1x][$3][$$1][$-]" }],
    { ...given, c: "[][][$1][$-]" },
  ],
  [
    "a group that took no part is empty",
    [{ sourceLabels: ["a"], regex: "(foo)|(bar)", targetLabel: "c", replacement: "<$2>" }],
    { ...given, c: "<>" },
  ],
  [
    "the expression is anchored at both ends",
    [{ sourceLabels: ["a"], regex: "fo", targetLabel: "a", replacement: "no" }],
    given,
  ],
  [
    "an empty result takes the label away",
    [{ sourceLabels: ["a"], targetLabel: "b", replacement: "" }],
    { a: "foo", __meta_pod: "qwen-0", __tmp: "x" },
  ],
  [
    "the label's name may come from the groups",
    [{ sourceLabels: ["a"], targetLabel: "is_$1", replacement: "yes" }],
    { ...given, is_foo: "yes" },
  ],
  ["keep keeps", [{ action: "keep", sourceLabels: ["a"], regex: "f.o" }], given],
  ["keep drops the rest", [{ action: "keep", sourceLabels: ["a"], regex: "bar" }], "dropped"],
  ["an absent label is empty", [{ action: "keep", sourceLabels: ["none"], regex: "" }], given],
  ["drop drops", [{ action: "drop", sourceLabels: ["a"], regex: "foo" }], "dropped"],
  [
    "rules after the one that drops are not reached",
    [{ action: "drop", sourceLabels: ["a"] }, { action: "keep" }],
    "dropped",
  ],
  ["keepequal", [{ action: "keepequal", sourceLabels: ["a"], targetLabel: "b" }], "dropped"],
  ["dropequal", [{ action: "dropequal", sourceLabels: ["a"], targetLabel: "b" }], given],
  [
    "lowercase",
    [{ action: "lowercase", sourceLabels: ["X"], targetLabel: "X" }],
    { X: "ab" },
    { X: "aB" },
  ],
  [
    "uppercase",
    [{ action: "uppercase", sourceLabels: ["X"], targetLabel: "X" }],
    { X: "AB" },
    { X: "aB" },
  ],
  [
    "hashmod is the last half of the MD5 sum, as Prometheus takes it",
    [{ action: "hashmod", sourceLabels: ["c"], targetLabel: "d", modulus: 1000n }],
    { c: "baz", d: "976" },
    { c: "baz" },
  ],
  [
    "labelmap copies under another name",
    [{ action: "labelmap", regex: "__meta_(.+)" }],
    { ...given, pod: "qwen-0" },
  ],
  ["labeldrop", [{ action: "labeldrop", regex: "__.*" }], { a: "foo", b: "bar" }],
  ["labelkeep", [{ action: "labelkeep", regex: "a|b" }], { a: "foo", b: "bar" }],
  [
    "a dot matches a newline, as since Prometheus 3",
    [{ action: "keep", sourceLabels: ["a"], regex: "x.y" }],
    { a: "x\ny" },
    { a: "x\ny" },
  ],
];

for (const [it, rules, expected, from = given] of cases)
  test(`relabelling: ${it}`, () => {
    assert.deepEqual(relabel(from, rules.map(relabelRule)) ?? "dropped", expected);
  });
