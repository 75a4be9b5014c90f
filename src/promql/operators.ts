// The operators between two numbers.
import type { ArithmeticOp, ComparisonOp } from "./ast.ts";

export const arithmetic: {
  readonly [op in ArithmeticOp]: (left: number, right: number) => number;
} = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "^": power,
  atan2: Math.atan2,
};

export const comparisons: {
  readonly [op in ComparisonOp]: (left: number, right: number) => boolean;
} = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

/** IEEE 754's pow, as Go has it: 1 to any power, NaN included, is 1. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/**
 * What an operator makes of a pair: a number, or undefined for a comparison that does not hold. One
 * that holds gives `kept`, which is the left number, or that of the vector beside a scalar.
 */
export type PairOperator = (left: number, right: number, kept: number) => number | undefined;

export function pairOperator(op: ArithmeticOp | ComparisonOp, returnBool: boolean): PairOperator {
  if (isArithmetic(op)) return arithmetic[op];
  const holds = comparisons[op];
  if (returnBool) return (left, right) => (holds(left, right) ? 1 : 0);
  return (left, right, kept) => (holds(left, right) ? kept : undefined);
}

export function isArithmetic(op: string): op is ArithmeticOp {
  return Object.hasOwn(arithmetic, op);
}
