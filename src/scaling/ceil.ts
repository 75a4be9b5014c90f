// Rounding up without the surprises of either side: no milli-units, as the metrics API has them,
// and no replica bought by the noise of binary fractions.

/** Far above the noise of a division (about 1e-16) and far below anything a metric means. */
const noise = 1e-9;

/**
 * The least whole number that is not below `quotient`: 0.6 / 0.2 = 2.9999999999999996 gives 3,
 * 2.1 / 0.7 = 3.0000000000000004 gives 3, and 3.001 gives 4.
 */
export function ceilExact(quotient: number): number {
  const nearest = Math.round(quotient);
  if (Math.abs(quotient - nearest) <= noise * Math.max(1, Math.abs(quotient))) return nearest;
  return Math.ceil(quotient);
}

/** Whether `left` is at most `right`, up to the same noise. */
export function atMost(left: number, right: number): boolean {
  return left <= right + noise * Math.max(1, Math.abs(right));
}
