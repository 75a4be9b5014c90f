// Operators between two results: between scalars, between a vector and a scalar, between vectors.
import assert from "node:assert/strict";
import type { Binary } from "./ast.ts";
import type { Context, Result } from "./context.ts";
import {
  addRow,
  draftFrame,
  finishFrame,
  nextOffset,
  withoutNames,
  type Frame,
  type ScalarColumn,
} from "./frame.ts";
import { isArithmetic, pairOperator } from "./operators.ts";
import { scalarColumn } from "./scalars.ts";
import { combineSets } from "./set-operators.ts";
import { matchVectors } from "./vector-matching.ts";

export function applyBinary(expr: Binary, left: Result, right: Result, context: Context): Result {
  assert.ok(left.kind !== "string" && right.kind !== "string", "the type check refuses strings");
  const { op } = expr;
  if (op === "and" || op === "or" || op === "unless") {
    assert.ok(left.kind === "frame" && right.kind === "frame", "set operators take vectors only");
    return combineSets({ ...expr, op }, left, right, context);
  }
  if (left.kind === "frame")
    return right.kind === "frame"
      ? matchVectors({ ...expr, op }, left, right, context)
      : withScalar({ ...expr, op }, left, right, false, context);
  if (right.kind === "frame") return withScalar({ ...expr, op }, right, left, true, context);
  // Between scalars the type check lets comparisons with `bool` through only.
  const apply = pairOperator(op, true);
  return scalarColumn(left.values.length, (step) => {
    const [a, b] = [left.values[step] ?? NaN, right.values[step] ?? NaN];
    return apply(a, b, a) ?? NaN;
  });
}

/** A comparison without `bool` keeps the samples for which it holds, as they are. */
function withScalar(
  expr: Binary & { readonly op: Parameters<typeof pairOperator>[0] },
  { labels, steps, values, present }: Frame,
  scalars: ScalarColumn,
  scalarIsLeft: boolean,
  context: Context,
): Frame {
  const apply = pairOperator(expr.op, expr.returnBool);
  const draft = draftFrame(labels.length, steps, context);
  for (const [row, each] of labels.entries()) {
    const to = nextOffset(draft);
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] === 0) continue;
      const value = values[from] ?? NaN;
      const scalar = scalars.values[step] ?? NaN;
      const result = scalarIsLeft ? apply(scalar, value, value) : apply(value, scalar, value);
      if (result === undefined) continue;
      draft.values[to + step] = result;
      draft.present[to + step] = 1;
    }
    addRow(draft, each);
  }
  const frame = finishFrame(draft);
  return isArithmetic(expr.op) || expr.returnBool ? withoutNames(frame, expr) : frame;
}
