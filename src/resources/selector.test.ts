import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatSelector,
  matchesSelector,
  parseLabelSelector,
  selectorOf,
  selectorOfLabels,
  type Selector,
} from "./selector.ts";

function parse(text: string): Selector {
  const parsed = parseLabelSelector(text);
  assert.equal(parsed.kind, "parsed", text);
  return parsed.kind === "parsed" ? parsed.selector : [];
}

const labels = { app: "qwen", tier: "gpu", weight: "5", empty: "" };

const matching: readonly [text: string, matches: boolean][] = [
  ["", true],
  ["app=qwen", true],
  ["app==qwen", true],
  ["app = qwen , tier = gpu", true],
  ["app=llama", false],
  ["app!=llama", true],
  ["absent!=llama", true],
  ["app in (qwen, llama)", true],
  ["app in (llama)", false],
  ["app notin (llama)", true],
  ["absent notin (llama)", true],
  ["app", true],
  ["absent", false],
  ["!absent", true],
  ["! app", false],
  ["weight>4", true],
  ["weight<5", false],
  ["empty=", true],
  ["empty in (,x)", true],
  ["app=qwen,!absent,tier in (gpu)", true],
  ["toString", false],
];

for (const [text, matches] of matching)
  test(`-l '${text}' ${matches ? "finds" : "passes over"} the pod`, () =>
    assert.equal(matchesSelector(parse(text), labels), matches));

const refused: readonly [text: string, message: string][] = [
  [",", "found ',', expected: !, identifier, or 'end of string'"],
  ["a=b,", "found '', expected: identifier after ','"],
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["a=b c", "found 'c', expected: ',' or 'end of string'"],
  ["a in b", "unable to parse requirement: found 'b' expected: '('"],
  [
    "a in ()",
    "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
  ],
  ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["!", "unable to parse requirement: found '', expected: identifier"],
  [
    "a>b",
    `unable to parse requirement: values[0]: Invalid value: "b": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
  [
    "a$=b",
    `unable to parse requirement: <nil>: Invalid value: "a$": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  ],
];

for (const [text, message] of refused)
  test(`-l '${text}' is refused`, () =>
    assert.deepEqual(parseLabelSelector(text), { kind: "malformed", message }));

test("the selector of a Deployment finds what all of its parts find", () => {
  const selector = selectorOf({
    matchLabels: { app: "qwen" },
    matchExpressions: [
      { key: "tier", operator: "In", values: ["gpu", "cpu"] },
      { key: "absent", operator: "DoesNotExist" },
    ],
  });
  assert.equal(formatSelector(selector), "!absent,app=qwen,tier in (cpu,gpu)");
  assert.ok(matchesSelector(selector, labels));
  assert.ok(!matchesSelector(selector, { ...labels, absent: "no more" }));
  assert.ok(!matchesSelector(selector, undefined));
  assert.deepEqual(parse(formatSelector(selector)), [
    { key: "absent", operator: "!", values: [] },
    { key: "app", operator: "=", values: ["qwen"] },
    { key: "tier", operator: "in", values: ["cpu", "gpu"] },
  ]);
});

test("a Service's labels are a selector, and none select everything", () => {
  assert.equal(formatSelector(selectorOfLabels({ b: "2", a: "1" })), "a=1,b=2");
  assert.ok(matchesSelector(selectorOfLabels(undefined), labels));
});
