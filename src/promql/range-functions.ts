// Functions of the samples of one series over a range of time: rates, and aggregations over time.
import type { SampleWindow } from "../metrics/series.ts";
import { extremeOf } from "./aggregation.ts";
import { meanOf, sumOf } from "./float-sum.ts";

/** The samples in (startMs, endMs]; there is at least one. */
export type Range = SampleWindow & { readonly startMs: number; readonly endMs: number };

export type RangeFunction = {
  /** Undefined where the samples do not suffice: the series is left out. */
  readonly apply: (range: Range) => number | undefined;
  readonly keepsName: boolean;
};

export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map([
  ["rate", dropsName((range) => extrapolated(range, { counter: true, perSecond: true }))],
  ["increase", dropsName((range) => extrapolated(range, { counter: true, perSecond: false }))],
  ["delta", dropsName((range) => extrapolated(range, { counter: false, perSecond: false }))],
  ["avg_over_time", dropsName(({ values }) => meanOf(values))],
  ["sum_over_time", dropsName(({ values }) => sumOf(values))],
  ["count_over_time", dropsName(({ values }) => values.length)],
  ["min_over_time", dropsName(({ values }) => extremeOf(values, (a, b) => a < b))],
  ["max_over_time", dropsName(({ values }) => extremeOf(values, (a, b) => a > b))],
  ["present_over_time", dropsName(() => 1)],
  ["last_over_time", { apply: ({ values }: Range) => values.at(-1), keepsName: true }],
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
function extrapolated(
  { timesMs, values, startMs, endMs }: Range,
  { counter, perSecond }: { readonly counter: boolean; readonly perSecond: boolean },
): number | undefined {
  const count = values.length;
  const [first, last] = [values[0], values.at(-1)];
  const [firstMs, lastMs] = [timesMs[0], timesMs.at(-1)];
  if (count < 2 || first === undefined || last === undefined) return undefined;
  if (firstMs === undefined || lastMs === undefined) return undefined;
  let growth = last - first;
  if (counter) growth += resetsOf(values);

  const sampledMs = lastMs - firstMs;
  const intervalMs = sampledMs / (count - 1);
  const thresholdMs = intervalMs * 1.1;
  let beforeMs = firstMs - startMs;
  let afterMs = endMs - lastMs;
  if (beforeMs >= thresholdMs) beforeMs = intervalMs / 2;
  if (counter && growth > 0 && first >= 0)
    beforeMs = Math.min(beforeMs, sampledMs * (first / growth));
  if (afterMs >= thresholdMs) afterMs = intervalMs / 2;

  const total = growth * ((sampledMs + beforeMs + afterMs) / sampledMs);
  return perSecond ? total / ((endMs - startMs) / 1000) : total;
}

/** The sum of what a counter had reached at each of its resets. */
function resetsOf(values: Float64Array): number {
  let reached = 0;
  for (let index = 1; index < values.length; index++) {
    const before = values[index - 1] ?? NaN;
    if ((values[index] ?? NaN) < before) reached += before;
  }
  return reached;
}
