// Aggregations that make one number of each group at each step. Those that choose among the series
// (topk) or count their values have files of their own.
import assert from "node:assert/strict";
import type { Aggregation, AggregationOp } from "./ast.ts";
import { quantileWarning } from "./annotations.ts";
import { countValues } from "./count-values.ts";
import type { Context } from "./context.ts";
import { varianceOf } from "./float-sum.ts";
import { draftFrame, finishFrame, type Frame, type FrameDraft } from "./frame.ts";
import type { Grid } from "./grid.ts";
import { groupRows, type Groups } from "./grouping.ts";
import { quantileOf } from "./quantile.ts";
import { chooseRanked } from "./ranked-aggregation.ts";
import { evaluateScalar } from "./scalars.ts";

export function aggregate(expr: Aggregation, frame: Frame, grid: Grid, context: Context): Frame {
  const { op, grouping, parameter } = expr;
  if (op === "count_values") return countValues(expr, frame, context);
  const groups = groupRows(frame.labels, grouping);
  const number = parameter ? evaluateScalar(parameter, grid, context) : new Float64Array();
  if (op === "topk" || op === "bottomk")
    return chooseRanked(op, parameter ?? expr, frame, groups, number, context);
  if (op === "quantile") {
    for (const φ of new Set(number)) {
      const warning = quantileWarning(φ);
      if (warning !== undefined) context.annotations.warn(warning, parameter ?? expr);
    }
    return reduceGathered(frame, groups, context, (values, step) =>
      quantileOf(number[step] ?? NaN, values),
    );
  }
  if (op === "stddev" || op === "stdvar")
    return reduceGathered(frame, groups, context, (values) =>
      op === "stddev" ? Math.sqrt(varianceOf(values)) : varianceOf(values),
    );
  const fold = folds.get(op);
  assert.ok(fold, "the parser refuses experimental aggregations");
  return foldGroups(frame, groups, fold, context);
}

/** Takes up values one by one, each into its cell, which is a group at a step. */
type Fold = (cells: number) => {
  readonly add: (cell: number, value: number, isFirst: boolean) => void;
  readonly resultOf: (cell: number) => number;
};

function foldGroups(
  { labels, steps, values, present }: Frame,
  groups: Groups,
  fold: Fold,
  context: Context,
): Frame {
  const draft = draftFrame(groups.count, steps, context);
  const { add, resultOf } = fold(groups.count * steps);
  for (let row = 0; row < labels.length; row++) {
    context.budget.work(steps);
    const groupAt = (groups.ofRow[row] ?? 0) * steps;
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] === 0) continue;
      const cell = groupAt + step;
      add(cell, values[from] ?? NaN, draft.present[cell] === 0);
      draft.present[cell] = 1;
    }
  }
  for (let cell = 0; cell < groups.count * steps; cell++)
    if (draft.present[cell] === 1) draft.values[cell] = resultOf(cell);
  return finishGroups(draft, groups);
}

/** Every group has a series, and every series is present at some step, so no group is empty. */
function finishGroups(draft: FrameDraft, { labels }: Groups): Frame {
  draft.labels.push(...labels);
  return finishFrame(draft);
}

const folds: ReadonlyMap<AggregationOp, Fold> = new Map<AggregationOp, Fold>([
  ["sum", foldSum],
  ["avg", foldMean],
  ["count", foldCount],
  ["min", (cells) => foldExtreme(cells, (value, least) => value < least)],
  ["max", (cells) => foldExtreme(cells, (value, most) => value > most)],
  ["group", () => ({ add: () => {}, resultOf: () => 1 })],
]);

function foldSum(cells: number): ReturnType<Fold> {
  const sums = new Float64Array(cells);
  const lost = new Float64Array(cells);
  return {
    add: (cell, value, isFirst) => {
      if (isFirst) sums[cell] = value;
      else addInto(sums, lost, cell, value);
    },
    resultOf: (cell) => (sums[cell] ?? NaN) + (lost[cell] ?? NaN),
  };
}

/** As Prometheus does it: from where the sum would overflow on, the mean follows each value. */
function foldMean(cells: number): ReturnType<Fold> {
  const counts = new Float64Array(cells);
  const sums = new Float64Array(cells);
  const lost = new Float64Array(cells);
  const isMean = new Uint8Array(cells);
  return {
    add: (cell, value, isFirst) => {
      const before = counts[cell] ?? 0;
      const count = before + 1;
      counts[cell] = count;
      const sum = sums[cell] ?? 0;
      if (isFirst) sums[cell] = value;
      else if (isMean[cell] === 0 && Math.abs(sum + value) !== Infinity)
        addInto(sums, lost, cell, value);
      else {
        const divisor = isMean[cell] === 1 ? 1 : before;
        isMean[cell] = 1;
        const weight = before / count / divisor;
        sums[cell] = sum * weight;
        lost[cell] = (lost[cell] ?? 0) * weight;
        addInto(sums, lost, cell, value / count);
      }
    },
    resultOf: (cell) => {
      const divisor = isMean[cell] === 1 ? 1 : (counts[cell] ?? NaN);
      return (sums[cell] ?? NaN) / divisor + (lost[cell] ?? NaN) / divisor;
    },
  };
}

/** The compensated sum of float-sum.ts, in columns. */
function addInto(sums: Float64Array, lost: Float64Array, cell: number, value: number): void {
  const sum = sums[cell] ?? 0;
  const next = sum + value;
  if (next === Infinity || next === -Infinity) lost[cell] = 0;
  else
    lost[cell] =
      (lost[cell] ?? 0) +
      (Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum);
  sums[cell] = next;
}

function foldCount(cells: number): ReturnType<Fold> {
  const counts = new Float64Array(cells);
  return {
    add: (cell) => {
      counts[cell] = (counts[cell] ?? 0) + 1;
    },
    resultOf: (cell) => counts[cell] ?? NaN,
  };
}

/** NaN only if there is nothing else: any number replaces it. */
function foldExtreme(
  cells: number,
  isBeyond: (value: number, extreme: number) => boolean,
): ReturnType<Fold> {
  const extremes = new Float64Array(cells);
  return {
    add: (cell, value, isFirst) => {
      const extreme = extremes[cell] ?? NaN;
      if (isFirst || Number.isNaN(extreme) || isBeyond(value, extreme)) extremes[cell] = value;
    },
    resultOf: (cell) => extremes[cell] ?? NaN,
  };
}

/** For what needs all values of a group together. */
function reduceGathered(
  { labels, steps, values, present }: Frame,
  groups: Groups,
  context: Context,
  reduce: (values: readonly number[], step: number) => number,
): Frame {
  const draft = draftFrame(groups.count, steps, context);
  const gathered: number[][] = Array.from({ length: groups.count }, () => []);
  for (let step = 0; step < steps; step++) {
    for (const group of gathered) group.length = 0;
    for (let row = 0; row < labels.length; row++) {
      const from = row * steps + step;
      if (present[from] === 1) gathered[groups.ofRow[row] ?? 0]?.push(values[from] ?? NaN);
    }
    context.budget.work(labels.length);
    for (const [group, members] of gathered.entries()) {
      if (members.length === 0) continue;
      draft.values[group * steps + step] = reduce(members, step);
      draft.present[group * steps + step] = 1;
    }
  }
  return finishGroups(draft, groups);
}
