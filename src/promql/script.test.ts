// What scripts may say, and what is told of a script that cannot be understood.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScript, type Load } from "./script.ts";
import type { Point } from "./script-series.ts";

const notations: readonly (readonly [string, readonly Point[]])[] = [
  ["m 1", [1]],
  ["m 1 -2 +3.5 .5 1e3 -1E-3", [1, -2, 3.5, 0.5, 1000, -0.001]],
  ["m 1+2x3", [1, 3, 5, 7]],
  ["m 1-2x3", [1, -1, -3, -5]],
  ["m -2+4x3", [-2, 2, 6, 10]],
  ["m 1.5-.5x2", [1.5, 1, 0.5]],
  ["m 4x2", [4, 4, 4]],
  ["m 0x2", [0, 0, 0]],
  ["m 7x0", [7]],
  ["m _ 1 _x2 stale", ["gap", 1, "gap", "gap", "stale"]],
  ["m Inf -Inf +Inf NaN", [Infinity, -Infinity, Infinity, NaN]],
  ["m", []],
];

for (const [text, points] of notations)
  test(`the series ${text}`, () => {
    assert.deepEqual(loadOf(`load 1m\n  ${text}`).series[0]?.points, points);
  });

const labels: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["m", { __name__: "m" }],
  ["job:m:rate5m", { __name__: "job:m:rate5m" }],
  ["{}", {}],
  ["m{}", { __name__: "m" }],
  ['m{a="1"}', { __name__: "m", a: "1" }],
  [`m{ a = "1" , b='2', c=\`\\\`, }`, { __name__: "m", a: "1", b: "2", c: "\\" }],
  ['m{a="x\\"y\\n",b=""}', { __name__: "m", a: 'x"y\n' }],
  ['m {a="1"}', { __name__: "m", a: "1" }],
  ['{__name__="m",a="}"}', { __name__: "m", a: "}" }],
  ['{"http.requests","k8s.pod"="p"}', { __name__: "http.requests", "k8s.pod": "p" }],
  ['sum{by="x"}', { __name__: "sum", by: "x" }],
];

for (const [text, wanted] of labels)
  test(`the labels of ${text}`, () => {
    assert.deepEqual({ ...loadOf(`load 1m\n  ${text} 1`).series[0]?.labels }, wanted);
  });

function loadOf(text: string): Load {
  const parsed = parseScript(text);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  const [command] = parsed.script.commands;
  assert.ok(command?.kind === "load");
  return command;
}

test("commands end at blank lines and comments, or after a scalar; indentation means nothing", () => {
  const parsed = parseScript(
    [
      "clear",
      "load 1m",
      "m 1",
      "# a comment",
      "  eval instant at 1m 1 + 1",
      "2",
      "eval range from 0 to 1m step 30s m\r",
      "  expect no_warn",
      "      m 1 1 1",
    ].join("\n"),
  );
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  const commands = parsed.script.commands.map(({ kind, line }) => `${line} ${kind}`);
  assert.deepEqual(commands, ["1 clear", "2 load", "5 eval", "7 eval"]);
});

/** A script, and the line and the words of its only fault. */
const faults: readonly (readonly [string, number, RegExp])[] = [
  ["frob", 1, /unknown command "frob"; expected load, clear or eval/],
  ["load", 1, /expected "load <step>"/],
  ["load soon\n  m 1", 1, /expected a duration, as "5m" or "0", as step, got "soon"/],
  ["load 0\n  m 1", 1, /the step must be greater than 0/],
  ["load_with_nhcb 1m\n  m_bucket 1", 1, /load_with_nhcb is not supported/],
  ["load 1m\n  m 1\n  n {{schema:1}}", 3, /native histograms .* are not supported/],
  ["load 1m\n  m@st 0", 2, /start timestamps \(@st\) are not supported/],
  ["load 1m\n  m 1 two", 2, /expected a number, "_", "stale" or a run such as "1\+2x3".*"two"/],
  ["load 1m\n  m 1+2", 2, /got "1\+2"/],
  ["load 1m\n  m 1x-1", 2, /got "1x-1"/],
  ["load 1m\n  m 5m", 2, /got "5m"/],
  ["load 1m\n  m 0x999999999", 2, /at most 100000 points/],
  ['load 1m\n  m{a="1" 1', 2, /expected "," or "}" after a label/],
  ["load 1m\n  m{a=1} 1", 2, /expected label="value"/],
  ['load 1m\n  m{a="1",a="2"} 1', 2, /the label a is given twice/],
  ['load 1m\n  m{a="\\q"} 1', 2, /unknown escape/],
  ["load 1m\n  5 5", 2, /expected a series/],
  ["eval m", 1, /expected "eval instant at <time> <query>" or/],
  ["eval instant m", 1, /expected "eval instant at/],
  ["eval instant at noon m", 1, /expected a duration.* as time, got "noon"/],
  ["eval range from 1m to 0 step 1m m", 1, /the end \(0\) is before the start \(1m\)/],
  ["eval range from 0 to 1m step 0 m", 1, /the step must be greater than 0/],
  ["eval instant at 0 m{\n  m 1", 1, /parse error: .* in m\{/],
  ["eval instant at 0 m\n  m 1 2", 2, /an instant query gives one value per series/],
  ["eval instant at 0 m\n  expect luck", 2, /expected "expect <what>"/],
  ["eval instant at 0 m\n  expect fail regex: (", 2, /error parsing regexp/],
  ["eval instant at 0 m\n  expect fail\n  expect fail", 3, /can be expected only once/],
  ["eval instant at 0 m\n  expect warn\n  expect no_warn", 3, /warn and no_warn cannot/],
  ["eval instant at 0 m\n  expect info\n  expect no_info", 3, /info and no_info cannot/],
  ["eval instant at 0 m\n  expect string text", 2, /expected a string in quotes/],
  ["eval instant at 0 m\n  expect range vector from 0 to 1m", 2, /expected "expect <what>"/],
];

for (const [text, line, message] of faults)
  test(`the script ${JSON.stringify(text)} is refused`, () => {
    const parsed = parseScript(`\n# from line 3 on\n${text}`);
    assert.ok(parsed.kind === "malformed", "it is refused");
    assert.equal(parsed.faults.length, 1);
    assert.equal(parsed.faults[0]?.line, line + 2);
    assert.match(parsed.faults[0]?.message ?? "", message);
  });

test("every command that cannot be understood is told", () => {
  const parsed = parseScript("frob\n\nload 1m\n  m 1\n\nload\n\neval");
  assert.ok(parsed.kind === "malformed");
  assert.deepEqual(
    parsed.faults.map(({ line }) => line),
    [1, 6, 8],
  );
});
