// Functions of each number by itself: mathematics, trigonometry, clamping and rounding.
import type { NumberFunction } from "./function-families.ts";

export const mathFunctions: ReadonlyMap<string, NumberFunction> = new Map<string, NumberFunction>([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["exp", Math.exp],
  ["sqrt", Math.sqrt],
  ["ln", Math.log],
  ["log2", Math.log2],
  ["log10", Math.log10],
  ["sgn", Math.sign],
  ["sin", Math.sin],
  ["cos", Math.cos],
  ["tan", Math.tan],
  ["asin", Math.asin],
  ["acos", Math.acos],
  ["atan", Math.atan],
  ["sinh", Math.sinh],
  ["cosh", Math.cosh],
  ["tanh", Math.tanh],
  ["asinh", Math.asinh],
  ["acosh", Math.acosh],
  ["atanh", Math.atanh],
  ["deg", (value) => (value * 180) / Math.PI],
  ["rad", (value) => (value * Math.PI) / 180],
  ["round", (value, to = 1) => roundTo(value, to)],
  ["clamp", (value, least = NaN, most = NaN) => clamp(value, least, most)],
  ["clamp_min", (value, least = NaN) => clamp(value, least, Infinity)],
  ["clamp_max", (value, most = NaN) => clamp(value, -Infinity, most)],
]);

/** Halves go up. The division by the inverse keeps 0.1 and the like exact, as Prometheus does. */
function roundTo(value: number, to: number): number {
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** An empty range (least above most) leaves every sample out. */
function clamp(value: number, least: number, most: number): number | undefined {
  if (most < least) return undefined;
  return greater(least, lesser(most, value));
}

// As in Go, an infinity that settles the matter does so also against what is not a number.
const greater = (a: number, b: number): number =>
  a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
const lesser = (a: number, b: number): number =>
  a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
