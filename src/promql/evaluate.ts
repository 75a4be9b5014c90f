// Evaluates a parsed query over the series store: at one instant, or over a grid of them at once (see
// frame.ts). Each family of operators and functions has a file of its own.
import { SampleBuffer } from "../metrics/sample-buffer.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { aggregate } from "./aggregation.ts";
import { collectAnnotations } from "./annotation-collector.ts";
import type { Expr } from "./ast.ts";
import { applyBinary } from "./binary.ts";
import { budgetOf } from "./budget.ts";
import { evaluateCall } from "./calls.ts";
import { typeOf } from "./check.ts";
import type { Context, Result } from "./context.ts";
import { draftFrame, finishFrame, withoutNames, type Frame } from "./frame.ts";
import { gridBetween, instantGrid, type Grid } from "./grid.ts";
import { isRange } from "./ranges.ts";
import { instantValue, matrixOf, rangeValue } from "./result.ts";
import { scalarColumn } from "./scalars.ts";
import { selectInstant } from "./selectors.ts";
import { isStepInvariant } from "./step-invariance.ts";
import { EvaluationError, type Matrix, type Value } from "./value.ts";
import { evaluateVector } from "./vector-functions.ts";

/** Annotations are in Prometheus' words. */
export type Evaluation<V extends Value = Value> = {
  readonly value: V;
  /** The query is likely to be wrong. */
  readonly warnings: readonly string[];
  /** The query may be right, but its author should know. */
  readonly infos: readonly string[];
};

export type EvaluationOptions = {
  /** How far back a selector looks for a series' newest sample; the default is Prometheus', 5 min. */
  readonly lookbackMs?: number;
  /** The step of subqueries that name none; 1 min, the default evaluation interval of Prometheus. */
  readonly subqueryStepMs?: number;
  /** How many samples the query may read and make in all, see budget.ts. */
  readonly maxSamples?: number;
  /** Called every few milliseconds; it may throw an EvaluationError of kind "timeout". */
  readonly checkpoint?: () => void;
  /** The query's text: with it, annotations name the place as `(line:column)`. */
  readonly queryText?: string;
};

// A value and its presence take 9 bytes, so a query stays below 100 MB, and with the cheapest work
// below a second. Decisions share its thread: Prometheus' 50 million would stop them for too long.
const defaultMaxSamples = 10_000_000;

/**
 * Evaluates a query that parseQuery accepted. Throws EvaluationError where it cannot be evaluated: its
 * series do not pair as it asks, an argument has no meaning, or it is over its limits.
 */
export function evaluateInstant(
  expr: Expr,
  store: SeriesStore,
  atMs: number,
  options: EvaluationOptions = {},
): Evaluation {
  const context = contextOf(store, atMs, atMs, options);
  const value = isRange(expr)
    ? rangeValue(expr, atMs, context)
    : instantValue(evaluate(expr, instantGrid(atMs), context), atMs);
  return evaluation(value, context);
}

/** From the start, every step, up to the end. Throws as evaluateInstant does. */
export function evaluateRange(
  expr: Expr,
  store: SeriesStore,
  { startMs, endMs, stepMs }: RangeOfTime,
  options: EvaluationOptions = {},
): Evaluation<Matrix> {
  const context = contextOf(store, startMs, endMs, options);
  const grid = gridBetween(startMs, endMs, stepMs);
  const result = isRange(expr) ? undefined : evaluate(expr, grid, context);
  if (!result || result.kind === "string") {
    const type = result ? "string" : "range vector";
    throw new EvaluationError(
      `invalid expression type "${type}" for range query, must be Scalar or instant Vector`,
      expr,
    );
  }
  return evaluation(matrixOf(result, grid), context);
}

export type RangeOfTime = {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
};

function evaluation<V extends Value>(value: V, { annotations }: Context): Evaluation<V> {
  return { value, warnings: annotations.warnings(), infos: annotations.infos() };
}

function contextOf(
  store: SeriesStore,
  startMs: number,
  endMs: number,
  options: EvaluationOptions,
): Context {
  return {
    store,
    startMs,
    endMs,
    evaluate,
    buffer: new SampleBuffer(0),
    lookbackMs: options.lookbackMs ?? 5 * 60_000,
    subqueryStepMs: options.subqueryStepMs ?? 60_000,
    budget: budgetOf(options.maxSamples ?? defaultMaxSamples, options.checkpoint),
    annotations: collectAnnotations(options.queryText),
  };
}

function evaluate(expr: Expr, grid: Grid, context: Context): Result {
  if (grid.count === 0)
    return typeOf(expr) === "scalar"
      ? scalarColumn(0, () => NaN)
      : finishFrame(draftFrame(0, 0, context));
  if (grid.count > 1 && isStepInvariant(expr) && expr.kind !== "number")
    return repeated(evaluate(expr, { ...grid, count: 1 }, context), grid.count, context);
  switch (expr.kind) {
    case "number":
      return scalarColumn(grid.count, () => expr.value);
    case "string":
      return { kind: "string", value: expr.value };
    case "vectorSelector":
      return selectInstant(expr, grid, context);
    case "rangeSelector":
    case "subquery":
      throw new EvaluationError("a range vector can only be the argument of a function", expr);
    case "unary": {
      const result = evaluate(expr.expr, grid, context);
      return expr.op === "-" ? negated(result, expr) : result;
    }
    case "binary": {
      const left = evaluate(expr.left, grid, context);
      return applyBinary(expr, left, evaluate(expr.right, grid, context), context);
    }
    case "aggregation":
      return aggregate(expr, evaluateVector(expr.expr, grid, context), grid, context);
    case "call":
      return evaluateCall(expr, grid, context);
  }
}

function negated(result: Result, expr: Expr): Result {
  if (result.kind === "string") return result;
  const values = result.values.map((value) => -value);
  return result.kind === "scalars"
    ? { ...result, values }
    : withoutNames({ ...result, values }, expr);
}

/** What one step gave, at as many steps. */
function repeated(result: Result, steps: number, context: Context): Result {
  switch (result.kind) {
    case "string":
      return result;
    case "scalars":
      return scalarColumn(steps, () => result.values[0] ?? NaN);
    case "frame":
      return repeatedFrame(result, steps, context);
  }
}

function repeatedFrame({ labels, values }: Frame, steps: number, context: Context): Frame {
  const draft = draftFrame(labels.length, steps, context);
  for (const [row, each] of labels.entries()) {
    draft.values.fill(values[row] ?? NaN, row * steps, (row + 1) * steps);
    draft.labels.push(each);
  }
  draft.present.fill(1);
  return finishFrame(draft);
}
