// Rate rules: from where the count stood a period ago.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScaleEvent } from "./memory.ts";
import type { DirectionRules, RateRule } from "./policy.ts";
import { limitRate } from "./rates.ts";

const nowMs = 1_000_000;
const pods = (count: number): RateRule => ({ kind: "pods", pods: count, periodMs: 60_000 });
const percent = (share: number): RateRule => ({
  kind: "percent",
  percent: share,
  periodMs: 60_000,
});
const rules = (select: DirectionRules["select"], ...rates: RateRule[]): DirectionRules => ({
  stabilizationMs: 0,
  select,
  rates,
});
const ago = (seconds: number, change: number): ScaleEvent => ({
  atMs: nowMs - seconds * 1000,
  change,
});

const cases: readonly {
  readonly name: string;
  readonly from: number;
  readonly wish: number;
  readonly rules: DirectionRules;
  readonly events?: readonly ScaleEvent[];
  readonly count: number;
}[] = [
  { name: "pods up", from: 3, wish: 10, rules: rules("max", pods(4)), count: 7 },
  { name: "percent up, rounded up", from: 3, wish: 10, rules: rules("max", percent(50)), count: 5 },
  {
    name: "the largest step up",
    from: 3,
    wish: 10,
    rules: rules("max", pods(1), percent(100)),
    count: 6,
  },
  {
    name: "the smallest step up",
    from: 3,
    wish: 10,
    rules: rules("min", pods(1), percent(100)),
    count: 4,
  },
  { name: "pods down", from: 9, wish: 1, rules: rules("max", pods(4)), count: 5 },
  { name: "percent down, cut off", from: 9, wish: 1, rules: rules("max", percent(50)), count: 4 },
  {
    name: "the largest step down",
    from: 9,
    wish: 1,
    rules: rules("max", pods(1), percent(50)),
    count: 4,
  },
  {
    name: "the smallest step down",
    from: 9,
    wish: 1,
    rules: rules("min", pods(1), percent(50)),
    count: 8,
  },
  { name: "all of it down", from: 9, wish: 0, rules: rules("max", percent(100)), count: 0 },
  { name: "disabled", from: 3, wish: 9, rules: rules("disabled", pods(4)), count: 3 },
  { name: "a wish that is within reach", from: 3, wish: 4, rules: rules("max", pods(4)), count: 4 },
  {
    name: "what was added in the period counts",
    from: 5,
    wish: 9,
    rules: rules("max", pods(3)),
    events: [ago(59, 2)],
    count: 6,
  },
  {
    name: "what was added before it does not",
    from: 5,
    wish: 9,
    rules: rules("max", pods(3)),
    events: [ago(60, 2)],
    count: 8,
  },
  {
    name: "what was taken away in it may come back",
    from: 5,
    wish: 9,
    rules: rules("max", pods(3)),
    events: [ago(10, -2)],
    count: 9,
  },
  {
    name: "a rule that is exhausted holds, it does not shrink",
    from: 9,
    wish: 12,
    rules: rules("max", pods(1)),
    events: [ago(10, 5)],
    count: 9,
  },
  {
    name: "up to a count from anywhere",
    from: 1,
    wish: 9,
    rules: rules("max", { kind: "upTo", count: 4 }),
    count: 4,
  },
];

for (const { name, from, wish, rules: given, events = [], count } of cases)
  test(name, () => {
    const direction = wish > from ? "up" : "down";
    const limited = limitRate(wish, from, direction, given, events, nowMs);
    assert.equal(limited.count, count);
    assert.equal(limited.because.length, count === wish ? 0 : 1);
  });
