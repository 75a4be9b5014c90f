// The shapes of functions that work on one number, one window, one histogram or one label set at a
// time. Functions of these shapes are pure and know nothing of steps and series: the evaluator reads
// the data, applies them, and pairs the results with labels.
import type { Labels } from "../metrics/labels.ts";

/** Takes what is told beside the result; `argument` is the index of the one it is about. */
export type Annotate = {
  /** The query is likely to be wrong. */
  warn(text: string, argument: number): void;
  /** The query may be right, but its author should know. */
  info(text: string, argument: number): void;
};

/** Of each sample; the scalars are those of the call, where given. Undefined leaves the sample out. */
export type NumberFunction = (value: number, ...scalars: number[]) => number | undefined;

/**
 * Samples of one series within (startMs, endMs]: those at the indices from `first` up to, but not
 * including, `end`; at least one. What the columns hold outside of these indices is another window's.
 * It is valid during the call only.
 */
export type Range = {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly first: number;
  readonly end: number;
  readonly startMs: number;
  readonly endMs: number;
  /** The time of the evaluation, which neither an offset nor `@` moves. */
  readonly atMs: number;
};

export type RangeFunction = {
  /** Undefined where the samples do not suffice: the series is left out. */
  readonly apply: (
    range: Range,
    scalars: readonly number[],
    annotate: Annotate,
  ) => number | undefined;
  readonly keepsName: boolean;
  /** It takes any fall for a reset: a series whose name is not a counter's is worth an info. */
  readonly wantsCounter?: boolean;
};

/** How many observations were at most `le`. */
export type Bucket = { readonly le: number; readonly count: number };

/**
 * Of the buckets of one histogram at one instant, as they are in the data, in ascending order of
 * `le` (of which two may be equal); at least one. They are valid during the call only.
 */
export type HistogramFunction = (
  buckets: readonly Bucket[],
  scalars: readonly number[],
  annotate: Annotate,
) => number | undefined;

/** Prepares what is to be done to every label set, or says what is wrong with the arguments. */
export type LabelFunction = (
  strings: readonly string[],
) =>
  | { readonly kind: "prepared"; readonly apply: (labels: Labels) => Labels }
  | { readonly kind: "malformed"; readonly message: string };
