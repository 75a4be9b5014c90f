// What evaluating a query gives.
import type { Labels } from "../metrics/labels.ts";
import type { Span } from "./ast.ts";

/** `timeMs` is the time of the evaluation, as in Prometheus, and not that of the scrape. */
export type VectorSample = {
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: number;
};

/** Times ascend; both columns have the same length, which is at least 1. */
export type MatrixSeries = {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
};

export type Vector = { readonly kind: "vector"; readonly samples: readonly VectorSample[] };
export type Matrix = { readonly kind: "matrix"; readonly series: readonly MatrixSeries[] };
export type Scalar = { readonly kind: "scalar"; readonly value: number };
export type StringValue = { readonly kind: "string"; readonly value: string };
export type Value = Vector | Matrix | Scalar | StringValue;

/**
 * - execution: over this data the query has no answer (series that do not pair one to one), or an
 *   argument has no meaning (a label's name that is none)
 * - timeout: whoever asked has set a time, and it is over
 * - limit: it would touch more samples than it may
 */
export type EvaluationErrorKind = "execution" | "timeout" | "limit";

/** The query is well-formed, but has no result. The offsets say which part of the query it was. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
  readonly from: number;
  readonly to: number;
  readonly kind: EvaluationErrorKind;

  constructor(message: string, span: Span, kind: EvaluationErrorKind = "execution") {
    super(message);
    this.from = span.from;
    this.to = span.to;
    this.kind = kind;
  }
}
