// What evaluating a query gives.
import type { Labels } from "../metrics/labels.ts";
import type { Span } from "./ast.ts";

/** `timeMs` is the time of the evaluation, as in Prometheus, and not that of the scrape. */
export type VectorSample = {
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: number;
};

export type Vector = { readonly kind: "vector"; readonly samples: readonly VectorSample[] };
export type Scalar = { readonly kind: "scalar"; readonly value: number };
export type Value = Vector | Scalar;

/**
 * The query is well-formed, but cannot be evaluated: over this data (series that do not pair one to
 * one), or by this evaluator. The offsets say which part of the query it was.
 */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
  readonly from: number;
  readonly to: number;

  constructor(message: string, span: Span) {
    super(message);
    this.from = span.from;
    this.to = span.to;
  }
}
