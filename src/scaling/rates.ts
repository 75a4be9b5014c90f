// Rate rules, as Kubernetes' scaling behavior has them: how far the count may move from where it
// stood one period ago.
import { ceilExact } from "./ceil.ts";
import type { ScaleEvent } from "./memory.ts";
import type { DirectionRules, RateRule } from "./policy.ts";
import type { Reason } from "./reason.ts";

type Direction = "up" | "down";

export type RateLimited = { readonly count: number; readonly because: readonly Reason[] };

/** Moves `wish` towards `current` as far as the rules demand, never past it. */
export function limitRate(
  wish: number,
  current: number,
  direction: Direction,
  rules: DirectionRules,
  events: readonly ScaleEvent[],
  nowMs: number,
): RateLimited {
  if (wish === current) return { count: wish, because: [] };
  if (rules.select === "disabled")
    return { count: current, because: [{ kind: "directionDisabled", direction, wish }] };
  if (rules.rates.length === 0) return { count: wish, because: [] };
  const limit = rateLimit(current, direction, rules, events, nowMs);
  const count = direction === "up" ? Math.min(wish, limit) : Math.max(wish, limit);
  if (count === wish) return { count, because: [] };
  const { rates } = rules;
  return { count, because: [{ kind: "rateLimited", direction, wish, limit: count, rates }] };
}

/** Forgets what no rule can see any more. */
export function recentEvents(
  events: readonly ScaleEvent[],
  rules: readonly DirectionRules[],
  nowMs: number,
): readonly ScaleEvent[] {
  const longestMs = Math.max(0, ...rules.flatMap((one) => one.rates.map(periodOf)));
  return events.filter((event) => event.atMs > nowMs - longestMs);
}

function rateLimit(
  current: number,
  direction: Direction,
  { rates, select }: DirectionRules,
  events: readonly ScaleEvent[],
  nowMs: number,
): number {
  const limits = rates.map((rate) => {
    const start = countBefore(current, events, nowMs - periodOf(rate));
    return direction === "up" ? upLimit(rate, start) : downLimit(rate, start);
  });
  // "max" means the largest change, which is the smallest count when shrinking.
  const largestChange = (select === "max") === (direction === "up");
  const chosen = largestChange ? Math.max(...limits) : Math.min(...limits);
  return direction === "up" ? Math.max(current, chosen) : Math.min(current, chosen);
}

function countBefore(current: number, events: readonly ScaleEvent[], sinceMs: number): number {
  return events
    .filter((event) => event.atMs > sinceMs)
    .reduce((count, event) => count - event.change, current);
}

function upLimit(rate: RateRule, start: number): number {
  switch (rate.kind) {
    case "pods":
      return start + rate.pods;
    case "percent":
      return ceilExact(start * (1 + rate.percent / 100));
    case "upTo":
      return rate.count;
  }
}

function downLimit(rate: RateRule, start: number): number {
  switch (rate.kind) {
    case "pods":
      return start - rate.pods;
    case "percent":
      return Math.trunc(start * (1 - rate.percent / 100));
    case "upTo":
      return start;
  }
}

function periodOf(rate: RateRule): number {
  return rate.kind === "upTo" ? 0 : rate.periodMs;
}
