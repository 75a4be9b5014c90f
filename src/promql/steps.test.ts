// A range query gives at each step what an instant query gives at that time. The evaluator works on
// all steps at once, so this holds by care only; it is checked for every query of the scripts.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { formatLabels } from "../metrics/labels.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import type { Expr } from "./ast.ts";
import { evaluateInstant, evaluateRange } from "./evaluate.ts";
import { almostEqual } from "./script-compare.ts";
import { loadInto, newStore } from "./script-run.ts";
import { parseScript, type Steps } from "./script.ts";
import { EvaluationError, type Value } from "./value.ts";

const folder = new URL("./scripts/", import.meta.url);

/** One that begins before the data, and fits no interval of it; one as fine as it; a coarse one. */
const grids: readonly Steps[] = [
  { startMs: -7_000, endMs: 333_000, stepMs: 17_000 },
  { startMs: 0, endMs: 90_000, stepMs: 5_000 },
  { startMs: 500, endMs: 600_500, stepMs: 60_000 },
];

type Samples = ReadonlyMap<string, number> | "failed";

for (const name of readdirSync(folder))
  test(`the queries of ${name}, step by step`, () => {
    const parsed = parseScript(readFileSync(new URL(name, folder), "utf8"));
    assert.ok(parsed.kind === "parsed");
    let store = newStore();
    for (const command of parsed.script.commands) {
      if (command.kind === "clear") store = newStore();
      else if (command.kind === "load") loadInto(store, command);
      else if (command.parsed.kind === "parsed" && !/(?:start|end)\(\)/.test(command.query))
        for (const grid of grids)
          compare(
            `${name}:${command.line}: ${command.query} at ${grid.startMs} + n × ${grid.stepMs} ms`,
            byRange(command.parsed.expr, store, grid),
            byInstants(command.parsed.expr, store, grid),
          );
    }
  });

/** A range query may fail where no instant does: of series that are the same at different times. */
function compare(what: string, range: Samples, instants: Samples): void {
  if (range === "failed") return;
  assert.ok(instants !== "failed", `${what} fails at an instant only`);
  assert.deepEqual([...range.keys()].toSorted(), [...instants.keys()].toSorted(), what);
  for (const [key, value] of range)
    assert.ok(
      almostEqual(value, instants.get(key) ?? NaN),
      `${what}, ${key}: ${value}, and ${instants.get(key)} by itself`,
    );
}

function byRange(expr: Expr, store: SeriesStore, grid: Steps): Samples {
  const value = tried(() => evaluateRange(expr, store, grid).value);
  return value ? samplesOf(value, 0) : "failed";
}

function byInstants(expr: Expr, store: SeriesStore, { startMs, endMs, stepMs }: Steps): Samples {
  const samples = new Map<string, number>();
  for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) {
    const value = tried(() => evaluateInstant(expr, store, timeMs).value);
    if (!value) return "failed";
    for (const [key, sample] of samplesOf(value, timeMs)) samples.set(key, sample);
  }
  return samples;
}

function tried(evaluate: () => Value): Value | undefined {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

/** By time and labels. A series that is there twice would hide itself, so it is an error. */
function samplesOf(value: Value, atMs: number): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const add = (timeMs: number, labels: string, sample: number): void => {
    const key = `${labels} at ${timeMs} ms`;
    assert.ok(!samples.has(key), `${key} is there twice`);
    samples.set(key, sample);
  };
  if (value.kind === "scalar") add(atMs, "{}", value.value);
  if (value.kind === "vector")
    for (const sample of value.samples) add(atMs, formatLabels(sample.labels), sample.value);
  if (value.kind === "matrix")
    for (const { labels, timesMs, values } of value.series)
      for (const [index, timeMs] of timesMs.entries())
        add(timeMs, formatLabels(labels), values[index] ?? NaN);
  return samples;
}
