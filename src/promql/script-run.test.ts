// A script that wants something else than what comes fails, and says what came.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScript } from "./script.ts";
import { formatFailure, runScript } from "./script-run.ts";

const data = `load 1m
  m{pod="a"} 1 2 3
  m{pod="b"} 4 5 6
  c 0 1 2

`;

function failuresOf(text: string): readonly string[] {
  const parsed = parseScript(data + text);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  return runScript(parsed.script).failures.map((failure) => formatFailure("x.test", failure));
}

/** An evaluation that is not as wanted, and the problem that is told. */
const differences: readonly (readonly [string, string])[] = [
  ["eval instant at 1m sum(m)\n  {} 8", "other values of {}"],
  ["eval instant at 1m sum(m)\n  {} 7.0001", "other values of {}"],
  ["eval instant at 1m sum(m)\n  {} _", "other values of {}"],
  ["eval instant at 1m sum(m)", "not wanted: {}"],
  ["eval instant at 1m sum(m)\n  {} 7\n  x 1", "missing: x"],
  ["eval instant at 1m sum(m)\n  7", "the result is a vector"],
  ["eval instant at 1m 7\n  {} 7", "the result is a scalar"],
  ["eval instant at 1m 7\n  8", "another value"],
  ["eval instant at 1m 0\n  1e-300", "another value"],
  ["eval instant at 1m NaN\n  0", "another value"],
  ['eval instant at 1m "a"\n  expect string "b"', "another string"],
  ['eval instant at 1m "a"\n  1', "the result is a string"],
  ["eval instant at 1m m[1m]\n  m 1", "the result has samples at other times"],
  [
    'eval instant at 1m m{pod="a"}[1m]\n  expect range vector from 0 to 1m step 1m\n  m{pod="a"} 2',
    'other values of m{pod="a"}',
  ],
  [
    'eval instant at 1m m\n  expect ordered\n  m{pod="b"} 5\n  m{pod="a"} 2',
    'another order, from m{pod="a"} on',
  ],
  ["eval instant at 1m m\n  expect fail", "it does not fail"],
  ["eval instant at 1m m * on () m\n  expect fail msg: found", "another failure"],
  ["eval instant at 1m m * on () m\n  expect fail regex: ^many", "another failure"],
  ["eval_fail instant at 1m m * on () m\n  expected_fail_message found", "another failure"],
  ["eval instant at 1m sum(\n  expect fail regex: ^fine", "another failure"],
  ["eval instant at 1m m * on () m\n  {} 1", "it fails"],
  ["eval_warn instant at 1m quantile(0, m)\n  {} 2", "no such warning: any message"],
  [
    "eval instant at 1m quantile(2, m)\n  expect warn msg: other\n  {} Inf",
    "no such warning: other",
  ],
  ["eval instant at 1m quantile(2, m)\n  expect no_warn\n  {} Inf", "not wanted: the warning"],
  ["eval instant at 1m rate(c[3m])\n  expect no_info\n  {} 1", "other values of {}"],
  [
    "eval instant at 1m sum(rate(c[2m]))\n  expect no_info\n  {} 0.0083333333",
    "not wanted: the info",
  ],
  ["eval range from 0 to 2m step 1m sum(m)\n  {} 5 7", "other values of {}"],
  ["eval range from 0 to 2m step 1m sum(m)\n  {} 5 7 9 11", "other values of {}"],
  ["eval range from 0 to 2m step 1m sum(m)\n  {} 5 _ 9", "other values of {}"],
  ["eval range from 0 to 2m step 1m sum(m)\n  5", "the result is a matrix"],
];

for (const [text, problem] of differences)
  test(`${JSON.stringify(text)}: ${problem}`, () => {
    const [failure = "", ...others] = failuresOf(text);
    assert.deepEqual(others, []);
    assert.equal(failure.split("\n")[1], `  ${problem}`);
  });

/** As wanted. */
const fine: readonly string[] = [
  'eval instant at 1m m\n  m{pod="b"} 5\n  m{pod="a"} 2',
  "eval instant at 1m sum(m)\n  {} 7.000001",
  "eval instant at 1m nothing",
  "eval_fail instant at 1m m * on () m",
  "eval_fail instant at 1m m * on () m\n  expected_fail_regexp found dup.*group",
  'eval_ordered instant at 1m topk(1, m)\n  m{pod="b"} 5',
  "eval_warn instant at 1m quantile(2, m)\n  {} Inf",
  "eval_info range from 1m to 1m step 1m rate(c[2m])\n  {} 0.0083333333",
  "eval instant at 1m quantile(2, m)\n  expect warn regex: should be\n  expect no_info\n  {} Inf",
  "eval instant at 1m sum(m)\nexpect no_warn\n{} 7",
  "clear\n\neval instant at 1m m",
  "load 1m\n  n 1\n\nload 30s\n  o 2\n\neval instant at 0 n + o\n  {} 3",
];

for (const text of fine)
  test(`${JSON.stringify(text)} is as wanted`, () => assert.deepEqual(failuresOf(text), []));

test("a failure tells the place, the query, what was wanted and what came", () => {
  assert.deepEqual(failuresOf('eval instant at 1m m + 1\n  {pod="a"} 3\n  {pod="b"} 7'), [
    [
      "x.test:6: m + 1",
      '  other values of {pod="b"}',
      '  wanted: {pod="a"} 3',
      '          {pod="b"} 7',
      '  got:    {pod="a"} 3',
      '          {pod="b"} 6',
    ].join("\n"),
  ]);
});

test("samples that the store refuses are told", () => {
  const [failure = ""] = failuresOf("load 1m\n  c 5");
  assert.match(failure, /^x\.test:7: c 5\n {2}not loaded\n/);
});
