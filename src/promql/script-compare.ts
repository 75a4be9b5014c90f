// Whether an evaluation gave what a script wants, as promqltest compares them: numbers to a relative
// error, series in any order unless order is asked for.
import { formatLabels, labelsKey, type Labels } from "../metrics/labels.ts";
import { formatNumber, quote } from "./literals.ts";
import type { NotedSeries, Point } from "./script-series.ts";
import type { Pattern, Steps, Wanted } from "./script.ts";

/** A result as lines of the script language would write it. */
export type ScriptResult =
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "vector" | "matrix"; readonly series: readonly NotedSeries[] }
  /** A matrix of which this series has a sample at a time that is no step. */
  | { readonly kind: "unplaced"; readonly labels: Labels; readonly timesMs: readonly number[] };

export type Difference = {
  readonly problem: string;
  readonly wanted: readonly string[];
  readonly got: readonly string[];
};

/** Undefined when the result is what is wanted. */
export function compareResult(wanted: Wanted, result: ScriptResult): Difference | undefined {
  const wantedLines = linesOfWanted(wanted);
  const got = linesOf(result);
  const differs = (problem: string): Difference => ({ problem, wanted: wantedLines, got });
  switch (result.kind) {
    case "scalar":
      if (wanted.scalar === undefined) return differs("the result is a scalar");
      return almostEqual(wanted.scalar, result.value) ? undefined : differs("another value");
    case "string":
      if (wanted.text === undefined) return differs("the result is a string");
      return wanted.text === result.text ? undefined : differs("another string");
    case "unplaced":
      return differs("the result has samples at other times");
    case "vector":
    case "matrix": {
      if (wanted.scalar !== undefined || wanted.text !== undefined)
        return differs(`the result is a ${result.kind}`);
      const problem = compareSeries(wanted, result.series);
      return problem === undefined ? undefined : differs(problem);
    }
  }
}

function compareSeries(wanted: Wanted, got: readonly NotedSeries[]): string | undefined {
  // As in a load, of a series that is given twice the last line counts.
  const missing = new Map(wanted.series.map((series) => [labelsKey(series.labels), series]));
  for (const [index, { labels, points }] of got.entries()) {
    const key = labelsKey(labels);
    const expected = missing.get(key);
    if (!expected) return `not wanted: ${formatLabels(labels)}`;
    missing.delete(key);
    if (wanted.ordered && labelsKey(wanted.series[index]?.labels ?? {}) !== key)
      return `another order, from ${formatLabels(labels)} on`;
    if (!samePoints(expected.points, points)) return `other values of ${formatLabels(labels)}`;
  }
  const [first] = missing.values();
  return first && `missing: ${formatLabels(first.labels)}`;
}

function samePoints(wanted: readonly Point[], got: readonly Point[]): boolean {
  const length = Math.max(wanted.length, got.length);
  for (let index = 0; index < length; index++) {
    const [left = "gap", right = "gap"] = [wanted[index], got[index]];
    const same =
      typeof left === "number" && typeof right === "number"
        ? almostEqual(left, right)
        : left === right;
    if (!same) return false;
  }
  return true;
}

/** promqltest's tolerance. */
const epsilon = 1e-6;
const smallestNormal = 2 ** -1022;

/** Relative to the sum of both; a number that should be zero has to be. NaN equals NaN. */
export function almostEqual(left: number, right: number): boolean {
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  const difference = Math.abs(left - right);
  const size = Math.abs(left) + Math.abs(right);
  if (left === 0 || right === 0 || size < smallestNormal)
    return difference < epsilon * smallestNormal;
  return difference / Math.min(size, Number.MAX_VALUE) < epsilon;
}

/** Which annotations were wanted and did not come, or came and were not wanted. */
export function compareAnnotations(
  kind: "warning" | "info",
  { patterns, none }: { readonly patterns: readonly Pattern[]; readonly none: boolean },
  got: readonly string[],
): Difference | undefined {
  const wanted = none ? ["none"] : patterns.map(({ text }) => text);
  const absent = patterns.find(({ matches }) => !got.some(matches));
  if (absent) return { problem: `no such ${kind}: ${absent.text}`, wanted, got };
  const checked = none || patterns.length > 0;
  const stray = got.find((text) => checked && !patterns.some(({ matches }) => matches(text)));
  if (stray !== undefined) return { problem: `not wanted: the ${kind}`, wanted, got };
  return undefined;
}

function linesOfWanted({ scalar, text, series, steps }: Wanted): readonly string[] {
  if (scalar !== undefined) return [formatNumber(scalar)];
  if (text !== undefined) return [quote(text)];
  return linesOf({ kind: steps ? "matrix" : "vector", series });
}

function linesOf(result: ScriptResult): readonly string[] {
  switch (result.kind) {
    case "scalar":
      return [formatNumber(result.value)];
    case "string":
      return [quote(result.text)];
    case "unplaced":
      return [`${formatLabels(result.labels)} at ${result.timesMs.join(", ")} ms`];
    case "vector":
    case "matrix":
      return result.series.map(
        ({ labels, points }) => `${formatLabels(labels)} ${pointText(points)}`,
      );
  }
}

function pointText(points: readonly Point[]): string {
  return points
    .map((point) =>
      typeof point === "number" ? formatNumber(point) : point === "gap" ? "_" : point,
    )
    .join(" ");
}

/** The samples of a matrix series, each at its step; undefined if one is at none. */
export function pointsAtSteps(
  timesMs: Float64Array,
  values: Float64Array,
  { startMs, endMs, stepMs }: Steps,
): readonly Point[] | undefined {
  const points: Point[] = [];
  for (const [index, timeMs] of timesMs.entries()) {
    const step = (timeMs - startMs) / stepMs;
    if (!Number.isInteger(step) || step < points.length || timeMs > endMs) return undefined;
    while (points.length < step) points.push("gap");
    points.push(values[index] ?? NaN);
  }
  return points;
}
