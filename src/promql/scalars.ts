// Scalars over a grid: one number per step.
import assert from "node:assert/strict";
import type { Expr } from "./ast.ts";
import type { Context } from "./context.ts";
import type { ScalarColumn } from "./frame.ts";
import type { Grid } from "./grid.ts";

export function scalarColumn(steps: number, valueAt: (step: number) => number): ScalarColumn {
  const values = new Float64Array(steps);
  for (let step = 0; step < steps; step++) values[step] = valueAt(step);
  return { kind: "scalars", values };
}

/** The values of a scalar expression. */
export function evaluateScalar(expr: Expr, grid: Grid, context: Context): Float64Array {
  const result = context.evaluate(expr, grid, context);
  assert.ok(result.kind === "scalars", "the type check has seen a scalar");
  return result.values;
}

/** Gives the values of all arguments at a step; what it gives is valid until the next call. */
export function scalarArguments(
  args: readonly Expr[],
  grid: Grid,
  context: Context,
): (step: number) => readonly number[] {
  const columns = args.map((arg) => evaluateScalar(arg, grid, context));
  const current: number[] = columns.map(() => NaN);
  return (step) => {
    for (let index = 0; index < columns.length; index++)
      current[index] = columns[index]?.[step] ?? NaN;
    return current;
  };
}
