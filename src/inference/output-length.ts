// How many tokens a model says before it stops by itself. A simulation needs it because a limit of
// max_tokens alone would make every answer equally long.
import type { Random } from "../lib/random.ts";

export type OutputLength = {
  readonly tokens: number;
  /** `length`: cut by the limit; `stop`: the model had said what it had to say. */
  readonly reason: "length" | "stop";
};

/**
 * Natural lengths are log-normal (chat traces look so): median 250 tokens, sigma 0.7, which means
 * that 10 % of answers end before 100 tokens and 2 % exceed 1000. Both are chosen, not measured.
 */
const medianTokens = 250;
const sigma = 0.7;
const shortestTokens = 5;
const longestTokens = 4096;

/** Draws a length of at least `minTokens` and at most `maxTokens`; takes two numbers of `random`. */
export function drawOutputLength(
  random: Random,
  maxTokens: number,
  options: { readonly minTokens?: number; readonly ignoreEos?: boolean } = {},
): OutputLength {
  const natural = clamp(
    Math.round(medianTokens * Math.exp(sigma * standardNormal(random))),
    Math.max(shortestTokens, options.minTokens ?? 0),
    Math.max(longestTokens, options.minTokens ?? 0),
  );
  if (options.ignoreEos || natural >= maxTokens) return { tokens: maxTokens, reason: "length" };
  return { tokens: natural, reason: "stop" };
}

/** Box and Muller's transform. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
