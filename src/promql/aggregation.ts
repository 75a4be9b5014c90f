// Aggregations over the series of one instant: grouping by labels, then one number per group.
import { dropLabels, keepLabels, labelsKey, metricNameLabel, noLabels } from "../metrics/labels.ts";
import type { Labels } from "../metrics/labels.ts";
import type { Aggregation, AggregationOp, Grouping } from "./ast.ts";
import { meanOf, sumOf } from "./float-sum.ts";
import { EvaluationError, type VectorSample } from "./value.ts";

/** Groups come in the order of their first series. */
export function aggregate(
  { op, grouping, ...span }: Aggregation,
  samples: readonly VectorSample[],
  timeMs: number,
): readonly VectorSample[] {
  const reduce = reducers.get(op);
  if (!reduce) throw new EvaluationError(`aggregation ${op} is not supported yet`, span);
  const groupLabels = grouper(grouping);
  const groups = new Map<string, { readonly labels: Labels; readonly values: number[] }>();
  for (const { labels, value } of samples) {
    const grouped = groupLabels(labels);
    const key = labelsKey(grouped);
    const group = groups.get(key);
    if (group) group.values.push(value);
    else groups.set(key, { labels: grouped, values: [value] });
  }
  return [...groups.values()].map(({ labels, values }) => ({
    labels,
    value: reduce(values),
    timeMs,
  }));
}

function grouper(grouping: Grouping | undefined): (labels: Labels) => Labels {
  if (!grouping) return () => noLabels;
  if (grouping.kind === "by") return (labels) => keepLabels(labels, grouping.labels);
  const dropped = new Set([...grouping.labels, metricNameLabel]);
  return (labels) => dropLabels(labels, dropped);
}

const reducers: ReadonlyMap<AggregationOp, (values: readonly number[]) => number> = new Map([
  ["sum", sumOf],
  ["avg", meanOf],
  ["count", (values: readonly number[]) => values.length],
  ["min", (values: readonly number[]) => extremeOf(values, (value, least) => value < least)],
  ["max", (values: readonly number[]) => extremeOf(values, (value, most) => value > most)],
  ["group", () => 1],
]);

export const supportedAggregations: ReadonlySet<AggregationOp> = new Set(reducers.keys());

/** NaN only if there is nothing else: any number replaces it. */
export function extremeOf(
  values: Iterable<number>,
  isBeyond: (value: number, extreme: number) => boolean,
): number {
  let extreme = NaN;
  for (const value of values)
    if (Number.isNaN(extreme) || isBeyond(value, extreme)) extreme = value;
  return extreme;
}
