// Functions of the buckets of one classic histogram. They take the counts as they come: where these
// contradict each other they make the best of it, and say so.
import { forcedMonotonicityInfo, quantileWarning } from "./annotations.ts";
import type { Bucket, HistogramFunction } from "./function-families.ts";

export const histogramFunctions: ReadonlyMap<string, HistogramFunction> = new Map<
  string,
  HistogramFunction
>([
  ["histogram_quantile", histogramQuantile],
  ["histogram_fraction", (buckets, [from = NaN, to = NaN]) => fractionBetween(buckets, from, to)],
]);

/** Differences between buckets that are smaller than this share of their sum are taken for none. */
const roundingTolerance = 1e-12;

/**
 * The value below which the share φ of all observations lies, reckoned as if those of a bucket were
 * spread evenly over it. The special cases are Prometheus':
 * - φ is NaN, or the highest bucket is not +Inf, or it is the only one, or nothing was observed: NaN
 * - φ < 0: -Inf; φ > 1: +Inf; both are warned of, as is NaN
 * - it falls into the +Inf bucket: the bound of the one before
 * - it falls into the lowest bucket: that begins at 0, or, if its bound is not above 0, gives its bound
 *
 * Worked example: 10 observations up to 1, 30 up to 2, 40 in all. The 0.5 quantile is the 20th, which
 * is the 10th of 20 in the bucket from 1 to 2: 1.5.
 */
function histogramQuantile(
  ...[buckets, [φ = NaN], annotate]: Parameters<HistogramFunction>
): number {
  const warning = quantileWarning(φ);
  if (warning !== undefined) annotate.warn(warning, 0);
  if (Number.isNaN(φ)) return NaN;
  if (φ < 0) return -Infinity;
  if (φ > 1) return Infinity;
  if (buckets.at(-1)?.le !== Infinity) return NaN;

  const { bounds, counts } = merged(buckets);
  if (makeMonotonic(counts)) annotate.info(forcedMonotonicityInfo, 1);
  const last = counts.length - 1;
  const total = counts[last] ?? 0;
  if (last < 1 || total === 0) return NaN;
  const rank = φ * total;
  let index = 0;
  while (index < last && !((counts[index] ?? NaN) >= rank)) index++;
  const bound = bounds[index] ?? NaN;
  if (index === last) return bounds[last - 1] ?? NaN;
  if (index === 0 && bound <= 0) return bound;
  const [start, below] =
    index === 0 ? [0, 0] : [bounds[index - 1] ?? NaN, counts[index - 1] ?? NaN];
  return start + (bound - start) * ((rank - below) / ((counts[index] ?? NaN) - below));
}

/**
 * The share of all observations between `from` and `to`, interpolated within buckets: in a way the
 * inverse of the quantile. NaN where a bound is NaN, the highest bucket is not +Inf, or nothing was
 * observed. Of the +Inf bucket nothing counts as below any finite bound, and a lowest bucket that
 * reaches below 0 counts as a whole.
 */
function fractionBetween(buckets: readonly Bucket[], from: number, to: number): number {
  if (buckets.at(-1)?.le !== Infinity) return NaN;
  const histogram = merged(buckets);
  const total = histogram.counts.at(-1) ?? 0;
  if (total === 0 || Number.isNaN(from) || Number.isNaN(to)) return NaN;
  if (from >= to) return 0;
  return (countBelow(histogram, to) - countBelow(histogram, from)) / total;
}

type Histogram = { readonly bounds: readonly number[]; readonly counts: number[] };

/** How many observations lie below `value`, at most all of them. */
function countBelow({ bounds, counts }: Histogram, value: number): number {
  const total = counts.at(-1) ?? 0;
  let start = (bounds[0] ?? NaN) > 0 ? 0 : -Infinity;
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index] ?? NaN;
    if (start >= value) return Math.min(below, total);
    if (bound > value) {
      const inside = (count - below) * ((value - start) / (bound - start));
      return Math.min(start === -Infinity ? count : below + inside, total);
    }
    start = bound;
    below = count;
  }
  return total;
}

/** Buckets of the same bound become one. */
function merged(buckets: readonly Bucket[]): Histogram {
  const bounds: number[] = [];
  const counts: number[] = [];
  for (const { le, count } of buckets)
    if (le === bounds.at(-1)) counts.push((counts.pop() ?? 0) + count);
    else {
      bounds.push(le);
      counts.push(count);
    }
  return { bounds, counts };
}

/**
 * Counts can only grow with the bound. A difference that rounding explains is dropped in silence; a
 * count that is smaller than the one before is set to that. True if there was such a count.
 */
function makeMonotonic(counts: number[]): boolean {
  let forced = false;
  let before = counts[0] ?? 0;
  for (const [index, count] of counts.entries()) {
    if (count === before) continue;
    if (isAlmost(before, count)) counts[index] = before;
    else if (count < before) {
      counts[index] = before;
      forced = true;
    } else before = count;
  }
  return forced;
}

function isAlmost(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  if (a === 0 || b === 0) return false;
  const sum = Math.abs(a) + Math.abs(b);
  return Math.abs(a - b) / Math.min(sum, Number.MAX_VALUE) < roundingTolerance;
}
