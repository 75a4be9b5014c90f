// Sums of many numbers, with the compensation that Prometheus uses (Neumaier's form of Kahan's), so
// that long sums agree with it to the last digit.

export function sumOf(values: Iterable<number>): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    if (Number.isFinite(next))
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    else lost = 0;
    sum = next;
  }
  return sum + lost;
}

/** The mean, also where the sum would overflow; NaN of no values. */
export function meanOf(values: readonly number[] | Float64Array): number {
  const sum = sumOf(values);
  if (Number.isFinite(sum) || values.some((value) => !Number.isFinite(value)))
    return sum / values.length;
  return sumOf(Array.from(values, (value) => value / values.length));
}
