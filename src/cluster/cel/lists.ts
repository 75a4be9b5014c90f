// Kubernetes' functions on lists: order, sums, extremes, positions, and lists as sets.
import type { FunctionTable } from "./function-table.ts";

/** Says whether two values are equal as `==` does. */
export type Equal = (left: unknown, right: unknown) => boolean;

export function listFunctions(equal: Equal): FunctionTable {
  return {
    "list<T>.isSorted(): bool": (list: readonly Ordered[]) =>
      list.every((item, index) => index === 0 || !(item < (list[index - 1] ?? item))),
    "list<T>.min(): T": (list: readonly Ordered[]) =>
      extreme(list, "min", (item, best) => item < best),
    "list<T>.max(): T": (list: readonly Ordered[]) =>
      extreme(list, "max", (item, best) => item > best),
    "list<T>.indexOf(T): int": (list: readonly unknown[], wanted: unknown) =>
      BigInt(list.findIndex((item) => equal(item, wanted))),
    "list<T>.lastIndexOf(T): int": (list: readonly unknown[], wanted: unknown) =>
      BigInt(list.findLastIndex((item) => equal(item, wanted))),
    "list<int>.sum(): int": (list: readonly bigint[]) => list.reduce((sum, item) => sum + item, 0n),
    "list<double>.sum(): double": (list: readonly number[]) =>
      list.reduce((sum, item) => sum + item, 0),
  };
}

export function setFunctions(equal: Equal): FunctionTable {
  const contains = (list: readonly unknown[], part: readonly unknown[]): boolean =>
    part.every((wanted) => list.some((item) => equal(item, wanted)));
  return {
    "contains(list<T>, list<T>): bool": contains,
    "equivalent(list<T>, list<T>): bool": (left: readonly unknown[], right: readonly unknown[]) =>
      contains(left, right) && contains(right, left),
    "intersects(list<T>, list<T>): bool": (left: readonly unknown[], right: readonly unknown[]) =>
      left.some((item) => right.some((other) => equal(item, other))),
  };
}

/** Numbers, text, times and durations: whatever `<` orders. */
type Ordered = number | bigint | string | Date;

function extreme(
  list: readonly Ordered[],
  name: string,
  isBetter: (item: Ordered, best: Ordered) => boolean,
): Ordered {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError(`${name} called on empty list`);
  return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first);
}
