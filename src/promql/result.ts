// From what the evaluation gives over a grid to the value that is handed out.
import { noLabels, type Labels } from "../metrics/labels.ts";
import type { RangeSelector, Subquery } from "./ast.ts";
import type { Context, Result } from "./context.ts";
import type { Frame } from "./frame.ts";
import { instantGrid, timesOf, type Grid } from "./grid.ts";
import { rangeVector } from "./ranges.ts";
import type { Matrix, MatrixSeries, Value, Vector } from "./value.ts";

/** Of an instant query; the grid has one step. */
export function instantValue(result: Result, atMs: number): Value {
  switch (result.kind) {
    case "string":
      return result;
    case "scalars":
      return { kind: "scalar", value: result.values[0] ?? NaN };
    case "frame":
      return vectorOf(result, atMs);
  }
}

function vectorOf({ labels, values }: Frame, timeMs: number): Vector {
  const samples = labels.map((each, row) => ({
    labels: each,
    value: values[row] ?? NaN,
    timeMs,
  }));
  return { kind: "vector", samples };
}

/** Of an instant query for a range: the samples themselves, at their own times. */
export function rangeValue(expr: RangeSelector | Subquery, atMs: number, context: Context): Matrix {
  const vector = rangeVector(expr, instantGrid(atMs), context);
  const series: MatrixSeries[] = [];
  for (let index = 0; index < vector.size; index++) {
    const { labels, timesMs, values, count } = vector.read(index);
    if (count > 0)
      series.push({ labels, timesMs: timesMs.slice(0, count), values: values.slice(0, count) });
  }
  return { kind: "matrix", series: sortedByLabels(series) };
}

/** Of a range query: the series in the order of their labels, and a scalar as a series without any. */
export function matrixOf(result: Exclude<Result, { kind: "string" }>, grid: Grid): Matrix {
  const timesMs = timesOf(grid);
  if (result.kind === "scalars")
    return {
      kind: "matrix",
      series: grid.count === 0 ? [] : [{ labels: noLabels, timesMs, values: result.values }],
    };
  const series = result.labels.map((labels, row) => seriesOf(result, row, labels, timesMs));
  return { kind: "matrix", series: sortedByLabels(series) };
}

function seriesOf(
  { steps, values, present }: Frame,
  row: number,
  labels: Labels,
  timesMs: Float64Array,
): MatrixSeries {
  const offset = row * steps;
  const rowPresent = present.subarray(offset, offset + steps);
  const rowValues = values.subarray(offset, offset + steps);
  if (!rowPresent.includes(0)) return { labels, timesMs, values: rowValues };
  return {
    labels,
    timesMs: timesMs.filter((_, step) => rowPresent[step] === 1),
    values: rowValues.filter((_, step) => rowPresent[step] === 1),
  };
}

/** Label by label in the order of their names, first by name, then by value, as Prometheus has it. */
function sortedByLabels(series: readonly MatrixSeries[]): readonly MatrixSeries[] {
  if (series.length < 2) return series;
  return series
    .map((each) => ({ each, entries: Object.entries(each.labels).toSorted(compareEntries) }))
    .toSorted((a, b) => {
      for (let index = 0; ; index++) {
        const [left, right] = [a.entries[index], b.entries[index]];
        if (!left || !right) return a.entries.length - b.entries.length;
        const order = compareEntries(left, right);
        if (order !== 0) return order;
      }
    })
    .map(({ each }) => each);
}

type Entry = readonly [name: string, value: string];

function compareEntries([name, value]: Entry, [otherName, otherValue]: Entry): number {
  return compareText(name, otherName) || compareText(value, otherValue);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
