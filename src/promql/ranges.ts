// Range vectors: the samples of each series over the windows of all steps together, read once. They
// come from the store, or from a subquery, which is evaluated on a grid of its own.
import assert from "node:assert/strict";
import type { Labels } from "../metrics/labels.ts";
import type { Expr, RangeSelector, Subquery } from "./ast.ts";
import type { Context } from "./context.ts";
import type { Frame } from "./frame.ts";
import { gridBetween, timesOf, type Grid } from "./grid.ts";
import { lookTimes, matchersOf } from "./selectors.ts";

/** Samples in order of time, at the indices from 0 up to, but not including, `count`. */
export type RangeSamples = {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly count: number;
};

export type RangeVector = {
  readonly size: number;
  /** What it gives is valid until the next call. */
  readonly read: (index: number) => RangeSamples;
  /** The window of a step ends here, at a sample that still belongs to it. */
  readonly endMs: (step: number) => number;
  /** It begins this much earlier, after a sample that no longer belongs to it. */
  readonly rangeMs: number;
};

export function isRange(expr: Expr): expr is RangeSelector | Subquery {
  return expr.kind === "rangeSelector" || expr.kind === "subquery";
}

/** For a grid with at least one step. */
export function rangeVector(
  expr: RangeSelector | Subquery,
  grid: Grid,
  context: Context,
): RangeVector {
  const { rangeMs } = expr;
  const endMs = lookTimes(expr.kind === "subquery" ? expr : expr.selector, grid, context);
  const afterMs = endMs(0) - rangeMs;
  const untilMs = endMs(grid.count - 1);
  const samples =
    expr.kind === "subquery"
      ? subquerySamples(expr, afterMs, untilMs, context)
      : storedSamples(expr, afterMs, untilMs, context);
  return { ...samples, endMs, rangeMs };
}

function storedSamples(
  { selector }: RangeSelector,
  afterMs: number,
  untilMs: number,
  { store, budget, buffer }: Context,
): Pick<RangeVector, "size" | "read"> {
  const found = store.select(matchersOf(selector), afterMs, untilMs, budget.work);
  return {
    size: found.length,
    read: (index) => {
      const series = found[index];
      assert.ok(series);
      const count = series.readWindow(afterMs, untilMs, buffer);
      budget.hold(count);
      return { labels: series.labels, timesMs: buffer.timesMs, values: buffer.values, count };
    },
  };
}

function subquerySamples(
  { expr, stepMs }: Subquery,
  afterMs: number,
  untilMs: number,
  context: Context,
): Pick<RangeVector, "size" | "read"> {
  const everyMs = stepMs ?? context.subqueryStepMs;
  // The steps are multiples of their length, wherever the range begins; it begins after `afterMs`.
  const firstMs = (Math.floor(afterMs / everyMs) + 1) * everyMs;
  const grid = gridBetween(firstMs, untilMs, everyMs);
  // Before anything of this length is made: a year by the millisecond would not fit into memory.
  context.budget.hold(grid.count);
  const frame = context.evaluate(expr, grid, context);
  assert.ok(frame.kind === "frame", "the type check lets subqueries of vectors through only");
  const gridTimesMs = timesOf(grid);
  const timesMs = new Float64Array(grid.count);
  const values = new Float64Array(grid.count);
  return {
    size: frame.labels.length,
    read: (index) => {
      const count = presentOf(frame, index, gridTimesMs, timesMs, values);
      return { labels: frame.labels[index] ?? {}, timesMs, values, count };
    },
  };
}

/** Writes the samples of one row to the columns; returns how many they are. */
function presentOf(
  frame: Frame,
  row: number,
  gridTimesMs: Float64Array,
  timesMs: Float64Array,
  values: Float64Array,
): number {
  const offset = row * frame.steps;
  let count = 0;
  for (let step = 0; step < frame.steps; step++) {
    if (frame.present[offset + step] === 0) continue;
    timesMs[count] = gridTimesMs[step] ?? NaN;
    values[count] = frame.values[offset + step] ?? NaN;
    count++;
  }
  return count;
}
