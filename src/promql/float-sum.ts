// Sums of many numbers, with the compensation that Prometheus uses (Neumaier's form of Kahan's), so
// that long sums, means and variances agree with it to the last digit.

/** A running sum; what rounding has lost is kept beside it, and `totalOf` puts the two together. */
export type FloatSum = { sum: number; lost: number };

export function addTo(into: FloatSum, value: number): void {
  const { sum } = into;
  const next = sum + value;
  if (next === Infinity || next === -Infinity) into.lost = 0;
  else into.lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
  into.sum = next;
}

export function totalOf({ sum, lost }: FloatSum): number {
  return sum + lost;
}

type Numbers = ArrayLike<number>;

/** Of the values from `first` up to, but not including, `end`. */
export function sumOf(values: Numbers, first = 0, end = values.length): number {
  let sum = 0;
  let lost = 0;
  for (let index = first; index < end; index++) {
    const value = values[index] ?? NaN;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) lost = 0;
    else lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

/** The mean, also where the sum would overflow; NaN of no values. */
export function meanOf(values: Numbers, first = 0, end = values.length): number {
  let sum = values[first] ?? NaN;
  let lost = 0;
  for (let index = first + 1; index < end; index++) {
    const value = values[index] ?? NaN;
    const next = sum + value;
    if (next === Infinity || next === -Infinity)
      return meanFrom({ sum, lost }, values, first, index, end);
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum / (end - first) + lost / (end - first);
}

/** Goes on from the sum of the values before `from` with a mean that follows each further value. */
function meanFrom(
  sum: FloatSum,
  values: Numbers,
  first: number,
  from: number,
  end: number,
): number {
  const before = from - first;
  const mean: FloatSum = { sum: sum.sum / before, lost: sum.lost / before };
  for (let index = from; index < end; index++) {
    const count = index - first + 1;
    const weight = (count - 1) / count;
    mean.sum *= weight;
    mean.lost *= weight;
    addTo(mean, (values[index] ?? NaN) / count);
  }
  return totalOf(mean);
}

/** The population variance, by Welford's method with compensated sums; NaN of no values. */
export function varianceOf(values: Numbers, first = 0, end = values.length): number {
  const mean: FloatSum = { sum: 0, lost: 0 };
  const squares: FloatSum = { sum: 0, lost: 0 };
  for (let index = first; index < end; index++) {
    const value = values[index] ?? NaN;
    const delta = value - totalOf(mean);
    addTo(mean, delta / (index - first + 1));
    addTo(squares, delta * (value - totalOf(mean)));
  }
  return totalOf(squares) / (end - first);
}
