// What a query over HTTP may cost. Evaluation holds the process that also scales, so these are far
// below Prometheus' own (2 min, 50 million samples): a query may delay a decision by its own length.

export type QueryLimits = {
  /** For waiting and evaluation together; a request may ask for less. */
  readonly timeoutMs: number;
  /** How many samples a query may read and make in all. */
  readonly maxSamples: number;
  /** As Prometheus has it: a week at one-minute steps. */
  readonly maxPoints: number;
  /** How far back a selector looks; a request may ask for another. */
  readonly lookbackMs: number;
};

export const defaultQueryLimits: QueryLimits = {
  timeoutMs: 2_000,
  maxSamples: 10_000_000,
  maxPoints: 11_000,
  lookbackMs: 5 * 60_000,
};
