// Functions of the samples of one series over a range of time: rates, trends, and aggregations over
// time.
import { quantileWarning } from "./annotations.ts";
import { addTo, meanOf, sumOf, totalOf, varianceOf, type FloatSum } from "./float-sum.ts";
import type { Annotate, Range, RangeFunction } from "./function-families.ts";
import { quantileOf } from "./quantile.ts";

export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["rate", { ...dropsName((range) => extrapolated(range, true, true)), wantsCounter: true }],
  ["increase", { ...dropsName((range) => extrapolated(range, true, false)), wantsCounter: true }],
  ["delta", dropsName((range) => extrapolated(range, false, false))],
  ["irate", dropsName(instantRate)],
  ["idelta", dropsName(instantDelta)],
  ["resets", dropsName((range) => countSteps(range, (before, value) => value < before))],
  ["changes", dropsName((range) => countSteps(range, differ))],
  ["deriv", dropsName((range) => trendOf(range, range.timesMs[range.first] ?? NaN)?.slope)],
  ["predict_linear", dropsName(predictLinear)],
  ["sum_over_time", dropsName(({ values, first, end }) => sumOf(values, first, end))],
  ["avg_over_time", dropsName(({ values, first, end }) => meanOf(values, first, end))],
  ["count_over_time", dropsName(({ first, end }) => end - first)],
  ["min_over_time", dropsName((range) => extreme(range, (value, least) => value < least))],
  ["max_over_time", dropsName((range) => extreme(range, (value, most) => value > most))],
  ["stddev_over_time", dropsName((range) => Math.sqrt(varianceIn(range)))],
  ["stdvar_over_time", dropsName(varianceIn)],
  ["quantile_over_time", dropsName(quantileOverTime)],
  ["present_over_time", dropsName(() => 1)],
  ["last_over_time", { apply: ({ values, end }) => values[end - 1], keepsName: true }],
]);

function dropsName(apply: RangeFunction["apply"]): RangeFunction {
  return { apply, keepsName: false };
}

/**
 * How much the series grew over the whole range, though its samples cover only part of it: as
 * Prometheus has it (extrapolatedRate), the growth between first and last sample is extended to the
 * range's ends, by no more than half an interval where an end is further off than 1.1 intervals, and
 * for a counter not beyond where it would have been zero. A counter that falls was reset.
 *
 * Worked example: samples 0, 60, 120 at 15, 30, 45 s in a range of 60 s grew by 120 in 30 s. Both
 * ends are one interval off, but the counter was zero at its first sample, so only the far end
 * counts: 120 × (30 + 15) / 30 = 180, a rate of 3/s.
 */
function extrapolated(range: Range, isCounter: boolean, perSecond: boolean): number | undefined {
  const { timesMs, values, first, end, startMs, endMs } = range;
  const count = end - first;
  if (count < 2) return undefined;
  const firstValue = values[first] ?? NaN;
  const firstMs = timesMs[first] ?? NaN;
  const lastMs = timesMs[end - 1] ?? NaN;
  let growth = (values[end - 1] ?? NaN) - firstValue;
  if (isCounter) growth += reachedBeforeResets(range);

  const sampled = (lastMs - firstMs) / 1000;
  const interval = sampled / (count - 1);
  const threshold = interval * 1.1;
  let before = (firstMs - startMs) / 1000;
  let after = (endMs - lastMs) / 1000;
  if (before >= threshold) before = interval / 2;
  if (isCounter && growth > 0 && firstValue >= 0)
    before = Math.min(before, sampled * (firstValue / growth));
  if (after >= threshold) after = interval / 2;

  const factor = (sampled + before + after) / sampled;
  return growth * (perSecond ? factor / ((endMs - startMs) / 1000) : factor);
}

/** The sum of what a counter had reached at each of its resets. */
function reachedBeforeResets({ values, first, end }: Range): number {
  let reached = 0;
  let before = values[first] ?? NaN;
  for (let index = first + 1; index < end; index++) {
    const value = values[index] ?? NaN;
    if (value < before) reached += before;
    before = value;
  }
  return reached;
}

/** The growth per second between the last two samples; after a reset, that from zero. */
function instantRate({ timesMs, values, first, end }: Range): number | undefined {
  if (end - first < 2) return undefined;
  const [before = NaN, last = NaN] = [values[end - 2], values[end - 1]];
  const seconds = ((timesMs[end - 1] ?? NaN) - (timesMs[end - 2] ?? NaN)) / 1000;
  return (last < before ? last : last - before) / seconds;
}

function instantDelta({ values, first, end }: Range): number | undefined {
  if (end - first < 2) return undefined;
  return (values[end - 1] ?? NaN) - (values[end - 2] ?? NaN);
}

/** How many of the steps from one sample to the next are such ones. */
function countSteps(
  { values, first, end }: Range,
  isSuch: (before: number, value: number) => boolean,
): number {
  let count = 0;
  for (let index = first + 1; index < end; index++)
    if (isSuch(values[index - 1] ?? NaN, values[index] ?? NaN)) count++;
  return count;
}

/** NaN does not differ from NaN. */
function differ(before: number, value: number): boolean {
  return value !== before && !(Number.isNaN(value) && Number.isNaN(before));
}

/** NaN only if there is nothing else: any number replaces it. */
function extreme(
  { values, first, end }: Range,
  isBeyond: (value: number, extreme: number) => boolean,
): number {
  let found = values[first] ?? NaN;
  for (let index = first + 1; index < end; index++) {
    const value = values[index] ?? NaN;
    if (Number.isNaN(found) || isBeyond(value, found)) found = value;
  }
  return found;
}

function varianceIn({ values, first, end }: Range): number {
  return varianceOf(values, first, end);
}

function quantileOverTime(
  { values, first, end }: Range,
  [φ = NaN]: readonly number[],
  annotate: Annotate,
): number {
  const warning = quantileWarning(φ);
  if (warning !== undefined) annotate.warn(warning, 0);
  return quantileOf(φ, values.subarray(first, end));
}

function predictLinear(range: Range, [seconds = NaN]: readonly number[]): number | undefined {
  const trend = trendOf(range, range.atMs);
  return trend && trend.slope * seconds + trend.intercept;
}

/**
 * The straight line through the samples by least squares: its slope per second, and its value at
 * `interceptMs`. Undefined for fewer than two samples; a constant series has no slope at all, where
 * rounding might have shown one.
 */
function trendOf(
  { timesMs, values, first, end }: Range,
  interceptMs: number,
): { readonly slope: number; readonly intercept: number } | undefined {
  const count = end - first;
  if (count < 2) return undefined;
  const firstValue = values[first] ?? NaN;
  let isConstant = true;
  const zero = (): FloatSum => ({ sum: 0, lost: 0 });
  const [sumX, sumY, sumXY, sumXX] = [zero(), zero(), zero(), zero()];
  for (let index = first; index < end; index++) {
    const x = ((timesMs[index] ?? NaN) - interceptMs) / 1000;
    const y = values[index] ?? NaN;
    if (index > first && y !== firstValue) isConstant = false;
    addTo(sumX, x);
    addTo(sumY, y);
    addTo(sumXY, x * y);
    addTo(sumXX, x * x);
  }
  if (isConstant)
    return Number.isFinite(firstValue)
      ? { slope: 0, intercept: firstValue }
      : { slope: NaN, intercept: NaN };
  const [x, y] = [totalOf(sumX), totalOf(sumY)];
  const slope = (totalOf(sumXY) - (x * y) / count) / (totalOf(sumXX) - (x * x) / count);
  return { slope, intercept: y / count - (slope * x) / count };
}
