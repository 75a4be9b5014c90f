// What an expression gives over a grid of steps, by columns: labels are worked with once per series,
// numbers once per step. A vector is one block of numbers, series after series.
import { labelsKey, metricNameLabel, withoutName, type Labels } from "../metrics/labels.ts";
import type { Span } from "./ast.ts";
import type { Budget } from "./budget.ts";
import type { Context } from "./context.ts";
import { EvaluationError } from "./value.ts";

/**
 * Row r is a series: it has `labels[r]`, and at step s the value `values[r * steps + s]` if
 * `present[r * steps + s]` is 1. What stands in `values` otherwise has no meaning. No two rows have
 * the same labels, and (but for the rows of an unfinished frame) each is present at some step.
 */
export type Frame = {
  readonly kind: "frame";
  readonly steps: number;
  readonly labels: readonly Labels[];
  readonly values: Float64Array;
  readonly present: Uint8Array;
};

/** One number per step. */
export type ScalarColumn = { readonly kind: "scalars"; readonly values: Float64Array };

export type Text = { readonly kind: "string"; readonly value: string };

/** A frame in the making, with room for a known number of rows. */
export type FrameDraft = {
  readonly budget: Budget;
  readonly steps: number;
  readonly labels: Labels[];
  readonly values: Float64Array;
  readonly present: Uint8Array;
};

/** Throws EvaluationError if the rows and steps are more than the query may hold. */
export function draftFrame(rows: number, steps: number, context: Context): FrameDraft {
  const { budget } = context;
  budget.hold(rows * steps);
  return {
    budget,
    steps,
    labels: [],
    values: new Float64Array(rows * steps),
    present: new Uint8Array(rows * steps),
  };
}

/** Where the row that is added next begins in the columns. */
export function nextOffset({ labels, steps }: FrameDraft): number {
  return labels.length * steps;
}

/** Takes what was written at the next offset as a row, unless no step of it is present. */
export function addRow(draft: FrameDraft, labels: Labels): void {
  const offset = nextOffset(draft);
  const { present, steps, budget } = draft;
  budget.work(steps);
  for (let index = offset; index < offset + steps; index++)
    if (present[index] === 1) {
      draft.labels.push(labels);
      return;
    }
}

export function finishFrame({ steps, labels, values, present }: FrameDraft): Frame {
  return { kind: "frame", steps, labels, values, present };
}

/** The frame with each row's labels replaced; the values are shared. */
export function relabelled(frame: Frame, labels: readonly Labels[]): Frame {
  return { ...frame, labels };
}

/**
 * Rows whose labels have become the same are one series, if at each step at most one of them is
 * present; otherwise throws EvaluationError, as Prometheus does.
 */
export function mergeSameLabels(frame: Frame, span: Span): Frame {
  const { labels, steps, values, present } = frame;
  if (labels.length < 2) return frame;
  const rowsByKey = new Map<string, number>();
  const targets = labels.map((each, row) => {
    const key = labelsKey(each);
    const target = rowsByKey.get(key);
    if (target === undefined) rowsByKey.set(key, row);
    return target ?? row;
  });
  if (rowsByKey.size === labels.length) return frame;
  for (const [row, target] of targets.entries()) {
    if (row === target) continue;
    for (let step = 0; step < steps; step++) {
      const [from, to] = [row * steps + step, target * steps + step];
      if (present[from] === 0) continue;
      if (present[to] === 1)
        throw new EvaluationError("vector cannot contain metrics with the same labelset", span);
      values[to] = values[from] ?? NaN;
      present[to] = 1;
    }
  }
  return rowsOf(frame, [...rowsByKey.values()]);
}

/** The frame with only these rows, in this order. */
export function rowsOf(frame: Frame, rows: readonly number[]): Frame {
  const { steps } = frame;
  const values = new Float64Array(rows.length * steps);
  const present = new Uint8Array(rows.length * steps);
  for (const [index, row] of rows.entries()) {
    values.set(frame.values.subarray(row * steps, (row + 1) * steps), index * steps);
    present.set(frame.present.subarray(row * steps, (row + 1) * steps), index * steps);
  }
  const labels = rows.map((row) => frame.labels[row] ?? {});
  return { kind: "frame", steps, labels, values, present };
}

/** Drops the names; where different metrics become one series, their steps are merged. */
export function withoutNames(frame: Frame, span: Span): Frame {
  const { labels } = frame;
  const dropped = relabelled(frame, labels.map(withoutName));
  return haveOneName(labels) ? dropped : mergeSameLabels(dropped, span);
}

/** Series of one metric stay apart without its name. */
export function haveOneName(labels: readonly Labels[]): boolean {
  const name = labels[0]?.[metricNameLabel];
  return labels.every((each) => each[metricNameLabel] === name);
}
