// Which expressions have the same value at every step, because everything that they read stands under
// `@`. They are evaluated once.
import type { Expr } from "./ast.ts";

export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case "number":
    case "string":
      return true;
    case "vectorSelector":
    case "subquery":
      return expr.at !== undefined;
    case "rangeSelector":
      return expr.selector.at !== undefined;
    case "unary":
      return isStepInvariant(expr.expr);
    case "binary":
      return isStepInvariant(expr.left) && isStepInvariant(expr.right);
    case "aggregation":
      return isStepInvariant(expr.expr) && (!expr.parameter || isStepInvariant(expr.parameter));
    case "call":
      return !readsTheTime.has(expr.name) && expr.args.every(isStepInvariant);
  }
}

/** Functions of the evaluation's time, also where their arguments do not depend on it. */
const readsTheTime: ReadonlySet<string> = new Set([
  "time",
  "timestamp",
  "predict_linear",
  "minute",
  "hour",
  "day_of_week",
  "day_of_month",
  "day_of_year",
  "days_in_month",
  "month",
  "year",
]);
