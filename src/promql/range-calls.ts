// Functions over ranges: one window per series and step slides along the series' samples.
import assert from "node:assert/strict";
import { labelsKey, metricNameLabel, withoutName, type Labels } from "../metrics/labels.ts";
import { annotateCall } from "./annotation-collector.ts";
import { notACounterInfo } from "./annotations.ts";
import type { Call } from "./ast.ts";
import type { Context } from "./context.ts";
import {
  addRow,
  draftFrame,
  finishFrame,
  haveOneName,
  nextOffset,
  relabelled,
  type Frame,
} from "./frame.ts";
import type { Annotate, Range, RangeFunction } from "./function-families.ts";
import { timeAt, type Grid } from "./grid.ts";
import { isRange, rangeVector } from "./ranges.ts";
import { scalarArguments } from "./scalars.ts";
import { EvaluationError } from "./value.ts";

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

export function callOverRange(
  call: Call,
  { apply, keepsName, wantsCounter = false }: RangeFunction,
  grid: Grid,
  context: Context,
): Frame {
  const rangeAt = call.args.findIndex(isRange);
  const argument = call.args[rangeAt];
  assert.ok(argument && isRange(argument), "the type check has seen a range");
  const vector = rangeVector(argument, grid, context);
  const scalars = scalarArguments(call.args.toSpliced(rangeAt, 1), grid, context);
  const annotate = annotateCall(context.annotations, call.args);
  const draft = draftFrame(vector.size, grid.count, context);
  const { values, present } = draft;
  const none = new Float64Array();
  const range: Mutable<Range> = {
    timesMs: none,
    values: none,
    first: 0,
    end: 0,
    startMs: 0,
    endMs: 0,
    atMs: 0,
  };
  for (let row = 0; row < vector.size; row++) {
    const { labels, timesMs, values: samples, count } = vector.read(row);
    const offset = nextOffset(draft);
    range.timesMs = timesMs;
    range.values = samples;
    let [first, end, visited] = [0, 0, 0];
    for (let step = 0; step < grid.count; step++) {
      const endMs = vector.endMs(step);
      const startMs = endMs - vector.rangeMs;
      while (end < count && (timesMs[end] ?? NaN) <= endMs) end++;
      while (first < end && (timesMs[first] ?? NaN) <= startMs) first++;
      if (first === end) continue;
      range.first = first;
      range.end = end;
      range.startMs = startMs;
      range.endMs = endMs;
      range.atMs = timeAt(grid, step);
      const value = apply(range, scalars(step), annotate);
      visited += end - first;
      if (value === undefined) continue;
      values[offset + step] = value;
      present[offset + step] = 1;
    }
    context.budget.work(visited);
    addRow(draft, labels);
  }
  const frame = finishFrame(draft);
  if (wantsCounter) doubtCounters(frame.labels, annotate);
  if (keepsName) return frame;
  return relabelled(frame, namesDropped(frame.labels, call));
}

/** Series that differ by name only are refused, also where they are never present together. */
function namesDropped(labels: readonly Labels[], call: Call): readonly Labels[] {
  const dropped = labels.map(withoutName);
  if (!haveOneName(labels) && new Set(dropped.map(labelsKey)).size < dropped.length)
    throw new EvaluationError("vector cannot contain metrics with the same labelset", call);
  return dropped;
}

function doubtCounters(labels: readonly Labels[], annotate: Annotate): void {
  let previous: string | undefined;
  for (const each of labels) {
    const name = each[metricNameLabel];
    if (name === previous || name === undefined) continue;
    previous = name;
    const text = notACounterInfo(name);
    if (text !== undefined) annotate.info(text, 0);
  }
}
