// Functions that look at a vector as a whole, or that need the time: neither numbers nor labels alone
// suffice them.
import { labelsOf, noLabels, type Labels } from "../metrics/labels.ts";
import { sortInRangeWarning } from "./annotations.ts";
import type { Call, Expr, VectorSelector } from "./ast.ts";
import type { Context, Result } from "./context.ts";
import { draftFrame, finishFrame, rowsOf, withoutNames, type Frame } from "./frame.ts";
import { timeAt, type Grid } from "./grid.ts";
import { isRange, rangeVector } from "./ranges.ts";
import { evaluateScalar, scalarColumn } from "./scalars.ts";
import { selectInstant } from "./selectors.ts";
import assert from "node:assert/strict";

export type VectorFunction = (call: Call, grid: Grid, context: Context) => Result;

export const vectorFunctions: ReadonlyMap<string, VectorFunction> = new Map<string, VectorFunction>(
  [
    ["time", (_, grid) => scalarColumn(grid.count, (step) => timeAt(grid, step) / 1000)],
    ["pi", (_, grid) => scalarColumn(grid.count, () => Math.PI)],
    ["vector", vectorOf],
    ["scalar", scalarOf],
    ["timestamp", timestamps],
    ["absent", absent],
    ["absent_over_time", absentOverTime],
    ["sort", (call, grid, context) => sorted(call, grid, context, 1)],
    ["sort_desc", (call, grid, context) => sorted(call, grid, context, -1)],
  ],
);

/** The vector that an expression gives. */
export function evaluateVector(expr: Expr | undefined, grid: Grid, context: Context): Frame {
  assert.ok(expr, "the type check counts arguments");
  const result = context.evaluate(expr, grid, context);
  assert.ok(result.kind === "frame", "the type check has seen a vector");
  return result;
}

/** One series without labels that is present at each step. */
export function frameOf(values: Float64Array, context: Context): Frame {
  const draft = draftFrame(values.length === 0 ? 0 : 1, values.length, context);
  draft.values.set(values);
  draft.present.fill(1);
  if (values.length > 0) draft.labels.push(noLabels);
  return finishFrame(draft);
}

function vectorOf({ args: [arg] }: Call, grid: Grid, context: Context): Frame {
  assert.ok(arg, "the type check counts arguments");
  return frameOf(evaluateScalar(arg, grid, context), context);
}

/** NaN unless there is exactly one sample. */
function scalarOf({ args: [arg] }: Call, grid: Grid, context: Context): Result {
  const { labels, steps, values, present } = evaluateVector(arg, grid, context);
  return scalarColumn(steps, (step) => {
    let only: number | undefined;
    for (let index = step; index < labels.length * steps; index += steps) {
      if (present[index] === 0) continue;
      if (only !== undefined) return NaN;
      only = values[index];
    }
    return only ?? NaN;
  });
}

/** Of a selector, when its samples were taken; of anything else, the time of the evaluation. */
function timestamps(call: Call, grid: Grid, context: Context): Frame {
  const [arg] = call.args;
  if (arg?.kind === "vectorSelector")
    return withoutNames(selectInstant(arg, grid, context, "time"), call);
  const frame = evaluateVector(arg, grid, context);
  const values = frame.values.map((_, index) => timeAt(grid, index % frame.steps) / 1000);
  return withoutNames({ ...frame, values }, call);
}

function absent({ args: [arg] }: Call, grid: Grid, context: Context): Frame {
  const { steps, present } = evaluateVector(arg, grid, context);
  const isPresent = new Uint8Array(steps);
  for (const [index, each] of present.entries()) if (each === 1) isPresent[index % steps] = 1;
  return absence(isPresent, arg?.kind === "vectorSelector" ? arg : undefined, context);
}

function absentOverTime({ args: [arg] }: Call, grid: Grid, context: Context): Frame {
  assert.ok(arg && isRange(arg), "the type check has seen a range");
  const isPresent = new Uint8Array(grid.count);
  const vector = rangeVector(arg, grid, context);
  for (let row = 0; row < vector.size; row++) {
    const { timesMs, count } = vector.read(row);
    let next = 0;
    for (let step = 0; step < grid.count; step++) {
      const endMs = vector.endMs(step);
      while (next < count && (timesMs[next] ?? NaN) <= endMs) next++;
      const newestMs = next === 0 ? -Infinity : (timesMs[next - 1] ?? NaN);
      if (newestMs > endMs - vector.rangeMs) isPresent[step] = 1;
    }
  }
  return absence(isPresent, arg.kind === "rangeSelector" ? arg.selector : undefined, context);
}

function absence(
  isPresent: Uint8Array,
  selector: VectorSelector | undefined,
  context: Context,
): Frame {
  if (isPresent.every((each) => each === 1))
    return finishFrame(draftFrame(0, isPresent.length, context));
  const draft = draftFrame(1, isPresent.length, context);
  draft.values.fill(1);
  draft.present.set(isPresent.map((each) => 1 - each));
  draft.labels.push(selector ? labelsRequired(selector) : noLabels);
  return finishFrame(draft);
}

/** The labels that the selector asks for by `=`, once and not in other ways too. */
function labelsRequired({ matchers }: VectorSelector): Labels {
  const entries = new Map<string, string>();
  const seen = new Set<string>();
  for (const { label, op, value } of matchers) {
    if (label === "__name__") continue;
    if (op === "=" && !seen.has(label)) {
      entries.set(label, value);
      seen.add(label);
    } else entries.delete(label);
  }
  return labelsOf(entries);
}

/** NaN comes last both ways. The series of a range query have an order of their own. */
function sorted(call: Call, grid: Grid, context: Context, direction: 1 | -1): Frame {
  const frame = evaluateVector(call.args[0], grid, context);
  if (context.startMs !== context.endMs) context.annotations.warn(sortInRangeWarning, call);
  if (frame.steps !== 1) return frame;
  const { values } = frame;
  const rows = [...frame.labels.keys()].toSorted((a, b) => {
    const [left, right] = [values[a] ?? NaN, values[b] ?? NaN];
    if (Number.isNaN(left) || Number.isNaN(right))
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return (left - right) * direction || 0;
  });
  return rowsOf(frame, rows);
}
