// Numbers as Prometheus' text formats write them, which are Go's: what Go's parser takes is taken, and
// what it refuses (hex, underscores, an overflow) is refused with its words.
import { quote } from "./exposition-fault.ts";

/** The number, or what is wrong with the word. */
export function parseGoFloat(word: string): number | string {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word)) {
    const value = Number(word);
    return Number.isFinite(value) ? value : `parsing ${quote(word)}: value out of range`;
  }
  if (/^[+-]?inf(?:inity)?$/i.test(word)) return word.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(word)) return NaN;
  if (/[p_]/i.test(word)) return `unsupported character in float ${quote(word)}`;
  return `parsing ${quote(word)}: invalid syntax`;
}

/**
 * As OpenMetrics writes a bound: `1` becomes `1.0`, so that the same bucket has the same label however
 * a program spells it. Prometheus does so since 3.0 with `le` and `quantile`; a text that is no number
 * stays as it is.
 */
export function canonicalBound(text: string): string {
  if (alreadyCanonical.test(text)) return text;
  const value = parseGoFloat(text);
  if (typeof value === "string") return text;
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const written = goFloat(value);
  return /[.e]/.test(written) ? written : `${written}.0`;
}

/** Most bounds: short decimals without a digit too many. */
const alreadyCanonical = /^(?:0|[1-9]\d{0,8})\.(?:0|\d{0,3}[1-9])$/;

/** Go's `%v`: an exponent of at least two digits, from 1e21 on and below 1e-4. */
function goFloat(value: number): string {
  const size = Math.abs(value);
  const exponential = size >= 1e21 || (size < 1e-4 && size > 0);
  const written = exponential ? value.toExponential() : String(value);
  const signed = Object.is(value, -0) ? "-0" : written;
  return signed.replace(/e([+-])(\d)$/, "e$10$2");
}
