// `topk` and `bottomk`: they choose among the series of each group, anew at each step, and leave those
// that they choose as they are.
import type { Span } from "./ast.ts";
import type { Context } from "./context.ts";
import { addRow, draftFrame, finishFrame, nextOffset, rowsOf, type Frame } from "./frame.ts";
import type { Groups } from "./grouping.ts";
import { formatNumber } from "./literals.ts";
import { EvaluationError } from "./value.ts";

/**
 * `sizes` has the number of series to choose, for each step. At one step alone the series come group
 * by group, the first in rank first. NaN ranks last both ways; of equal values the earlier series
 * ranks first.
 */
export function chooseRanked(
  op: "topk" | "bottomk",
  span: Span,
  frame: Frame,
  groups: Groups,
  sizes: Float64Array,
  context: Context,
): Frame {
  const { labels, steps, values, present } = frame;
  checkSizes(sizes, span);
  const members: number[][] = Array.from({ length: groups.count }, () => []);
  const chosen = new Uint8Array(labels.length * steps);
  const order: number[] = [];
  for (let step = 0; step < steps; step++) {
    const size = Math.trunc(sizes[step] ?? 0);
    if (size < 1) continue;
    for (const group of members) group.length = 0;
    for (let row = 0; row < labels.length; row++)
      if (present[row * steps + step] === 1) members[groups.ofRow[row] ?? 0]?.push(row);
    context.budget.work(labels.length);
    const valueOf = (row: number): number => values[row * steps + step] ?? NaN;
    for (const group of members) {
      for (const row of firstInRank(group, size, (a, b) =>
        compareRanks(op, valueOf(a), valueOf(b)),
      )) {
        chosen[row * steps + step] = 1;
        order.push(row);
      }
    }
  }
  if (steps === 1) return rowsOf(frame, order);
  const draft = draftFrame(labels.length, steps, context);
  for (const [row, each] of labels.entries()) {
    const [from, to] = [row * steps, nextOffset(draft)];
    draft.values.set(values.subarray(from, from + steps), to);
    draft.present.set(chosen.subarray(from, from + steps), to);
    addRow(draft, each);
  }
  return finishFrame(draft);
}

/** For few of many it is cheaper to put each in its place than to sort them all. */
const fewSize = 16;

function firstInRank(
  rows: number[],
  size: number,
  compare: (a: number, b: number) => number,
): readonly number[] {
  if (size > fewSize) return rows.sort(compare).slice(0, size);
  const first: number[] = [];
  for (const row of rows) {
    let place = first.length;
    while (place > 0 && compare(row, first[place - 1] ?? row) < 0) place--;
    if (place >= size) continue;
    first.splice(place, 0, row);
    if (first.length > size) first.pop();
  }
  return first;
}

// Numbers from here on do not fit the 64-bit integers in which Prometheus counts.
const int64Limit = 2 ** 63;

function checkSizes(sizes: Float64Array, span: Span): void {
  if (sizes.every((size) => size < 1)) return;
  for (const size of sizes) {
    if (Number.isNaN(size)) throw new EvaluationError("Parameter value is NaN", span);
    if (size >= int64Limit)
      throw new EvaluationError(`Scalar value ${formatNumber(size)} overflows int64`, span);
    if (size <= -int64Limit)
      throw new EvaluationError(`Scalar value ${formatNumber(size)} underflows int64`, span);
  }
}

function compareRanks(op: "topk" | "bottomk", a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return op === "topk" ? b - a || 0 : a - b || 0;
}
