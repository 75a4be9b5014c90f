// Runs the scripts of `scripts/`, which are of our own writing: data, queries, and what they should
// give by the definition of the language. Together they use all of the language.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { aggregationOps, walk, type BinaryOp, type Expr } from "./ast.ts";
import { parseScript, type Script } from "./script.ts";
import { formatFailure, runScript } from "./script-run.ts";
import { functionNames, functionRefusal } from "./signatures.ts";

const folder = new URL("./scripts/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".test"));

for (const name of names)
  test(`script ${name}`, () => {
    const { evaluations, failures } = runScript(readScript(name));
    assert.ok(evaluations > 0, "it evaluates something");
    assert.equal(failures.map((failure) => formatFailure(name, failure)).join("\n"), "");
  });

function readScript(name: string): Script {
  const parsed = parseScript(readFileSync(new URL(name, folder), "utf8"));
  if (parsed.kind === "parsed") return parsed.script;
  const faults = parsed.faults.map(({ line, message }) => `${name}:${line}: ${message}`);
  return assert.fail(faults.join("\n"));
}

/** What the queries of the scripts use, in results that are compared: a failure shows little. */
function usedParts(): ReadonlySet<string> {
  const used = new Set<string>();
  for (const name of names)
    for (const command of readScript(name).commands)
      if (command.kind === "eval" && command.parsed.kind === "parsed" && !command.wanted.fail)
        walk(command.parsed.expr, (node) => {
          for (const part of partsOf(node)) used.add(`${part}, ${command.time.kind}`);
        });
  return used;
}

function partsOf(node: Expr): readonly string[] {
  switch (node.kind) {
    case "call":
      return [`function ${node.name}`];
    case "aggregation":
      return [`aggregation ${node.op}`, `grouping ${node.grouping?.kind ?? "none"}`];
    case "binary": {
      const { op, matching, returnBool } = node;
      const labels = matching ? [matching.on ? "on" : "ignoring"] : [];
      const group = matching?.group ? [`group_${matching.group.side}`] : [];
      return [`operator ${op}`, ...labels, ...group, ...(returnBool ? ["bool"] : [])];
    }
    case "unary":
      return [`sign ${node.op}`];
    case "vectorSelector":
    case "subquery": {
      const offset = node.offsetMs === 0 ? [] : [node.offsetMs < 0 ? "offset ahead" : "offset"];
      return [node.kind, ...offset, ...(node.at ? [`@ ${node.at.kind}`] : [])];
    }
    case "rangeSelector":
    case "number":
    case "string":
      return [node.kind];
  }
}

const modifiers: readonly string[] = [
  ...["by", "without", "none"].map((kind) => `grouping ${kind}`),
  ...["time", "start", "end"].map((kind) => `@ ${kind}`),
  ..."on ignoring group_left group_right bool offset subquery".split(" "),
  "offset ahead",
  "sign -",
  "sign +",
];

const operators: readonly BinaryOp[] = [
  ...(["+", "-", "*", "/", "%", "^", "atan2"] as const),
  ...(["==", "!=", "<", "<=", ">", ">="] as const),
  ...(["and", "or", "unless"] as const),
];

test("the scripts use every function, aggregation, operator and modifier that is served", () => {
  const used = usedParts();
  const wanted = [
    ...functionNames().map((name) => `function ${name}`),
    ...aggregationOps
      .filter((op) => !["limitk", "limit_ratio"].includes(op))
      .map((op) => `aggregation ${op}`),
    ...operators.map((op) => `operator ${op}`),
    ...modifiers,
  ];
  const missing = wanted.filter((part) => !used.has(`${part}, instant`));
  assert.deepEqual(missing, []);
});

const manual = readFileSync(new URL("../../docs/promql.md", import.meta.url), "utf8");

test("the manual's script is as wanted", () => {
  const [, text = ""] = /^```\n(.*?)^```$/ms.exec(manual) ?? [];
  const parsed = parseScript(text);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  const { evaluations, failures } = runScript(parsed.script);
  assert.ok(evaluations > 0, "it has one");
  assert.deepEqual(failures, []);
});

test("the manual lists the functions that are served, and those that are refused", () => {
  const [served = "", refused = ""] =
    /## What is served\n(.*?)## What is refused\n(.*?)\n## /s.exec(manual)?.slice(1) ?? [];
  const table = served.slice(served.indexOf("| family"));
  const words = (text: string): readonly string[] =>
    [...text.matchAll(/`([^`]+)`/g)].flatMap(([, list = ""]) => list.split(/\s+/));
  assert.deepEqual(words(table).toSorted(), functionNames().toSorted());
  const others = "limitk limit_ratio anchored smoothed fill fill_left fill_right".split(" ");
  for (const name of words(refused).filter((word) => /^[a-z_]+$/.test(word)))
    if (!others.includes(name))
      assert.match(functionRefusal(name) ?? "served", /experimental|native histograms/, name);
});
