// The quantile of a set of numbers, as `quantile` and `quantile_over_time` have it.

/**
 * Interpolates between the two values next to rank φ·(n−1); NaN counts as the smallest value. Below
 * 0 it is -Inf, above 1 +Inf, and NaN where φ is NaN or there is no value. Of 1, 2, 4 the 0.75
 * quantile is at rank 1.5, so 3. The values are left as they are.
 */
export function quantileOf(φ: number, values: Iterable<number>): number {
  const sorted = Float64Array.from(values);
  const count = sorted.length;
  if (count === 0 || Number.isNaN(φ)) return NaN;
  if (φ < 0) return -Infinity;
  if (φ > 1) return Infinity;
  // A typed array sorts numbers by value, with NaN at the end.
  sorted.sort();
  const numbers = sorted.findLastIndex((value) => !Number.isNaN(value)) + 1;
  const at = (rank: number): number => {
    const index = rank - (count - numbers);
    return index < 0 ? NaN : (sorted[index] ?? NaN);
  };
  const rank = φ * (count - 1);
  const lower = Math.floor(rank);
  const weight = rank - lower;
  return at(lower) * (1 - weight) + at(Math.min(count - 1, lower + 1)) * weight;
}
