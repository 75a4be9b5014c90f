// Evaluates a parsed query at one instant, over the series store. Selectors are read here; each
// family of operators and functions has a file of its own. What is not supported is refused before
// anything is read.
import assert from "node:assert/strict";
import { labelsKey, metricNameLabel, withoutName } from "../metrics/labels.ts";
import { compileMatcher, type CompiledMatcher } from "../metrics/matcher.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { aggregate } from "./aggregation.ts";
import type { Call, Expr, RangeSelector, Span, TimeShift, VectorSelector } from "./ast.ts";
import { applyBinary } from "./binary.ts";
import { instantFunctions } from "./instant-functions.ts";
import type { RangeFunction } from "./function-families.ts";
import { rangeFunctions } from "./range-functions.ts";
import { unsupportedIn } from "./unsupported.ts";
import { EvaluationError, type Value, type Vector, type VectorSample } from "./value.ts";

export type Evaluation = { readonly value: Value; readonly warnings: readonly string[] };

/** How far back a selector looks for a series' newest sample; the default is Prometheus'. */
const defaultLookbackMs = 5 * 60_000;

/**
 * Evaluates a query that parseQuery accepted. Throws EvaluationError where the query cannot be
 * evaluated: it uses what is not supported yet, or its series do not pair as it asks.
 */
export function evaluateInstant(
  expr: Expr,
  store: SeriesStore,
  atMs: number,
  { lookbackMs = defaultLookbackMs }: { readonly lookbackMs?: number } = {},
): Evaluation {
  const unsupported = unsupportedIn(expr)[0];
  if (unsupported) throw new EvaluationError(unsupported.message, unsupported);
  return { value: evaluate(expr, { store, atMs, lookbackMs }), warnings: [] };
}

type Context = {
  readonly store: SeriesStore;
  readonly atMs: number;
  readonly lookbackMs: number;
};

function evaluate(expr: Expr, context: Context): Value {
  switch (expr.kind) {
    case "number":
      return { kind: "scalar", value: expr.value };
    case "string":
      throw new EvaluationError("a string as the result of a query is not supported yet", expr);
    case "rangeSelector":
    case "subquery":
      throw new EvaluationError(
        "a range vector as the result of a query is not supported yet",
        expr,
      );
    case "vectorSelector":
      return { kind: "vector", samples: selectInstant(expr, context) };
    case "unary": {
      const value = evaluate(expr.expr, context);
      return expr.op === "-" ? negated(value, expr) : value;
    }
    case "binary": {
      const value = applyBinary(expr, evaluate(expr.left, context), evaluate(expr.right, context));
      return value.kind === "vector" ? distinct(value, expr) : value;
    }
    case "aggregation": {
      const value = evaluate(expr.expr, context);
      assert.equal(value.kind, "vector");
      const samples = value.kind === "vector" ? value.samples : [];
      return { kind: "vector", samples: aggregate(expr, samples, context.atMs) };
    }
    case "call":
      return call(expr, context);
  }
}

function selectInstant(selector: VectorSelector, context: Context): readonly VectorSample[] {
  const atMs = shifted(selector, context);
  const { lookbackMs } = context;
  const samples: VectorSample[] = [];
  for (const series of context.store.select(matchersOf(selector), atMs - lookbackMs, atMs)) {
    const sample = series.at(atMs, lookbackMs);
    if (sample) samples.push({ labels: series.labels, value: sample.value, timeMs: context.atMs });
  }
  return samples;
}

/** The time that the selector looks at: `@` replaces that of the evaluation, the offset shifts it. */
function shifted({ at, offsetMs }: TimeShift, context: Context): number {
  const atMs = at?.kind === "time" ? at.timeMs : context.atMs;
  return atMs - offsetMs;
}

/** What the store is asked for: the name and the matchers, compiled. */
export function matchersOf({ name, matchers }: VectorSelector): readonly CompiledMatcher[] {
  const named =
    name === undefined ? [] : [{ label: metricNameLabel, op: "=", value: name } as const];
  return [...named, ...matchers].map((matcher) => {
    const compiled = compileMatcher(matcher);
    assert.ok(compiled.kind === "compiled", "the parser has compiled every matcher before");
    return compiled.matcher;
  });
}

function negated(value: Value, span: Span): Value {
  if (value.kind === "scalar") return { kind: "scalar", value: -value.value };
  const samples = value.samples.map((sample) => ({
    ...sample,
    labels: withoutName(sample.labels),
    value: -sample.value,
  }));
  return distinct({ kind: "vector", samples }, span);
}

function call(expr: Call, context: Context): Value {
  const ranged = rangeFunctions.get(expr.name);
  if (ranged) {
    const range = expr.args.find((arg) => arg.kind === "rangeSelector");
    assert.ok(range, "the type check has seen a range");
    return distinct(overRange(ranged, range, context), expr);
  }
  const instant = instantFunctions.get(expr.name);
  assert.ok(instant, "unsupported functions were refused before");
  const args = expr.args.map((arg) => evaluate(arg, context));
  const value = instant(args, context.atMs);
  return value.kind === "vector" ? distinct(value, expr) : value;
}

function overRange(
  { apply, keepsName }: RangeFunction,
  { selector, rangeMs }: RangeSelector,
  context: Context,
): Vector {
  const endMs = shifted(selector, context);
  const startMs = endMs - rangeMs;
  const samples: VectorSample[] = [];
  for (const series of context.store.select(matchersOf(selector), startMs, endMs)) {
    const window = series.window(startMs, endMs);
    const end = window.values.length;
    const range = { ...window, first: 0, end, startMs, endMs, atMs: context.atMs };
    const value = end > 0 ? apply(range, [], { warn: () => {}, info: () => {} }) : undefined;
    const labels = keepsName ? series.labels : withoutName(series.labels);
    if (value !== undefined) samples.push({ labels, value, timeMs: context.atMs });
  }
  return { kind: "vector", samples };
}

/** Series that differed by name only may become the same; Prometheus refuses that, and so do we. */
function distinct(vector: Vector, span: Span): Vector {
  const keys = new Set(vector.samples.map((sample) => labelsKey(sample.labels)));
  if (keys.size < vector.samples.length)
    throw new EvaluationError("vector cannot contain metrics with the same labelset", span);
  return vector;
}
