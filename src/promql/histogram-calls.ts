// Functions over classic histograms: the series of one histogram are found by their labels, once, and
// their values at a step are its buckets.
import {
  dropLabels,
  labelsKey,
  labelValue,
  metricNameLabel,
  type Labels,
} from "../metrics/labels.ts";
import { annotateCall } from "./annotation-collector.ts";
import { bucketLabelWarning } from "./annotations.ts";
import type { Call } from "./ast.ts";
import type { Context } from "./context.ts";
import { addRow, draftFrame, finishFrame, nextOffset, withoutNames, type Frame } from "./frame.ts";
import type { Bucket, HistogramFunction } from "./function-families.ts";
import type { Grid } from "./grid.ts";
import { scalarArguments } from "./scalars.ts";
import { evaluateVector } from "./vector-functions.ts";

/** The vector is the last argument; before it stand scalars. */
export function callOnHistograms(
  call: Call,
  apply: HistogramFunction,
  grid: Grid,
  context: Context,
): Frame {
  const vector = evaluateVector(call.args.at(-1), grid, context);
  const scalars = scalarArguments(call.args.slice(0, -1), grid, context);
  const annotate = annotateCall(context.annotations, call.args);
  const histograms = histogramsOf(vector.labels, (text) =>
    annotate.warn(text, call.args.length - 1),
  );
  const { steps } = vector;
  const draft = draftFrame(histograms.length, steps, context);
  const buckets: Mutable<Bucket>[] = [];
  const pool: Mutable<Bucket>[] = [];
  for (const { labels, bounds } of histograms) {
    const to = nextOffset(draft);
    context.budget.work(bounds.length * steps);
    for (let step = 0; step < steps; step++) {
      buckets.length = 0;
      for (const { le, row } of bounds) {
        const at = row * steps + step;
        if (vector.present[at] === 0) continue;
        const bucket = (pool[buckets.length] ??= { le, count: 0 });
        bucket.le = le;
        bucket.count = vector.values[at] ?? NaN;
        buckets.push(bucket);
      }
      if (buckets.length === 0) continue;
      const value = apply(buckets, scalars(step), annotate);
      if (value === undefined) continue;
      draft.values[to + step] = value;
      draft.present[to + step] = 1;
    }
    addRow(draft, labels);
  }
  return withoutNames(finishFrame(draft), call);
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

type Histogram = {
  readonly labels: Labels;
  /** In ascending order of `le`. */
  readonly bounds: readonly Bound[];
};

type Bound = { readonly le: number; readonly row: number };

/** Series that differ in `le` only are one histogram; those without a usable `le` are told and left out. */
function histogramsOf(rows: readonly Labels[], warn: (text: string) => void): readonly Histogram[] {
  const histograms = new Map<string, { readonly labels: Labels; readonly bounds: Bound[] }>();
  for (const [row, each] of rows.entries()) {
    const text = labelValue(each, "le");
    const le = parseBound(text);
    if (le === undefined) {
      warn(bucketLabelWarning(text, labelValue(each, metricNameLabel)));
      continue;
    }
    const labels = dropLabels(each, leOnly);
    const key = labelsKey(labels);
    const histogram = histograms.get(key);
    if (histogram) histogram.bounds.push({ le, row });
    else histograms.set(key, { labels, bounds: [{ le, row }] });
  }
  for (const { bounds } of histograms.values()) bounds.sort((a, b) => a.le - b.le || 0);
  return [...histograms.values()];
}

/** Only what a number's text may be: neither a duration nor what Go's literals allow beyond that. */
function parseBound(text: string): number | undefined {
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

const leOnly: ReadonlySet<string> = new Set(["le"]);
