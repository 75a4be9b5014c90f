import assert from "node:assert/strict";
import { test } from "node:test";
import type { Range } from "./function-families.ts";
import { rangeFunctions } from "./range-functions.ts";

/** Samples 10 s apart, the last one at the end of a range of a minute, unless told otherwise. */
function rangeOf(values: readonly number[], options: Partial<Range> = {}): Range {
  const endMs = options.endMs ?? 1_000_000;
  // Others' samples lie on both sides, as in a column that windows share.
  const column = Float64Array.of(1e9, ...values, -1e9);
  return {
    timesMs: column.map((_, index) => endMs - (values.length - index) * 10_000),
    values: column,
    first: 1,
    end: values.length + 1,
    startMs: endMs - 60_000,
    endMs,
    atMs: endMs,
    ...options,
  };
}

function call(name: string, range: Range, ...scalars: number[]) {
  const warnings: string[] = [];
  const annotate = { warn: (text: string) => warnings.push(text), info: () => {} };
  const value = rangeFunctions.get(name)?.apply(range, scalars, annotate);
  return { value, warnings };
}

type Case = readonly [
  name: string,
  values: readonly number[],
  wanted: number | undefined,
  ...scalars: readonly number[],
];

const cases: readonly Case[] = [
  // 6 intervals of 10 s fill the range exactly, so nothing is extrapolated.
  ["rate", [0, 10, 20, 30, 40, 50, 60], 1],
  ["increase", [0, 10, 20, 30, 40, 50, 60], 60],
  ["delta", [60, 50, 40, 30, 20, 10, 0], -60],
  // 40 s of 60; the start is 20 s off, so half an interval is added: 40 → 45 of growth in 45 s.
  ["increase", [100, 110, 120, 130, 140], 45],
  // The counter was zero 2 s before its first sample.
  ["increase", [2, 12, 22, 32, 42], 42],
  ["delta", [2, 12, 22, 32, 42], 45],
  // 30 is lost at the reset: 60 of growth in 60 s.
  ["increase", [0, 10, 20, 30, 10, 20, 30], 60],
  ["increase", [5], undefined],
  ["rate", [5], undefined],
  ["delta", [5], undefined],
  ["rate", [1, NaN], NaN],
  ["irate", [0, 10, 30], 2],
  ["irate", [0, 30, 10], 1],
  ["irate", [1], undefined],
  ["idelta", [0, 30, 10], -20],
  ["idelta", [1], undefined],
  ["resets", [1, 0, 0, 2, 1, NaN, 0], 2],
  ["resets", [1], 0],
  ["changes", [1, 1, 2, NaN, NaN, 2], 3],
  ["changes", [NaN], 0],
  ["deriv", [0, 10, 20], 1],
  ["deriv", [3, 3, 3], 0],
  ["deriv", [Infinity, Infinity], NaN],
  ["deriv", [3], undefined],
  ["predict_linear", [0, 10, 20], 80, 60],
  ["predict_linear", [7, 7], 7, 3600],
  ["predict_linear", [7], undefined, 60],
  ["sum_over_time", [1e100, 1, -1e100, 2], 3],
  ["sum_over_time", [Infinity, 1], Infinity],
  ["sum_over_time", [Infinity, -Infinity], NaN],
  ["avg_over_time", [1, 2, 6], 3],
  ["avg_over_time", [1e308, 1e308, 1e308], 1e308],
  ["avg_over_time", [-1e308, -1e308, 1e308, 1e308], 0],
  ["avg_over_time", [Infinity, 1], Infinity],
  ["avg_over_time", [Infinity, -Infinity], NaN],
  ["count_over_time", [1, NaN, 3], 3],
  ["min_over_time", [NaN, 3, 1, NaN, 2], 1],
  ["max_over_time", [NaN, 3, 1, NaN, 2], 3],
  ["min_over_time", [NaN], NaN],
  ["max_over_time", [-Infinity], -Infinity],
  ["stdvar_over_time", [2, 4, 4, 4, 5, 5, 7, 9], 4],
  ["stddev_over_time", [2, 4, 4, 4, 5, 5, 7, 9], 2],
  ["stdvar_over_time", [1e9, 1e9 + 2], 1],
  ["stdvar_over_time", [1, Infinity], NaN],
  ["quantile_over_time", [4, 1, 2], 3, 0.75],
  ["quantile_over_time", [4, 1, 2], 1, 0],
  ["quantile_over_time", [4, 1, 2], 4, 1],
  ["quantile_over_time", [4, NaN, 2], NaN, 0],
  ["quantile_over_time", [4, NaN, 2], 2, 0.5],
  ["present_over_time", [NaN], 1],
  ["last_over_time", [1, 2, NaN, 5], 5],
];

for (const [name, values, wanted, ...scalars] of cases)
  test(`${name} of ${values.join(", ")}${scalars.length > 0 ? ` with ${scalars.join()}` : ""} is ${wanted}`, () => {
    const { value } = call(name, rangeOf(values), ...scalars);
    if (wanted === undefined || !Number.isFinite(wanted)) assert.equal(value, wanted);
    else assert.ok(Math.abs((value ?? NaN) - wanted) <= 1e-12 * Math.abs(wanted), `${value}`);
  });

test("every function is in some case", () => {
  const tried = new Set(cases.map(([name]) => name));
  assert.deepEqual(
    [...rangeFunctions.keys()].filter((name) => !tried.has(name)),
    [],
  );
});

test("a prediction starts at the time of the evaluation, wherever the range lies", () => {
  const range = rangeOf([0, 10, 20], { endMs: 700_000, startMs: 640_000, atMs: 1_000_000 });
  assert.equal(call("predict_linear", range, 60).value, 20 + 300 + 60);
});

test("a trend is exact at times that are far from zero", () => {
  const range = rangeOf([0, 1, 2, 3], { endMs: 1.7e12, startMs: 1.7e12 - 60_000, atMs: 1.7e12 });
  assert.equal(call("deriv", range).value, 0.1);
});

for (const [φ, value, got] of [
  [1.5, Infinity, "1.5"],
  [-1e-7, -Infinity, "-1e-07"],
  [NaN, NaN, "NaN"],
] as const)
  test(`a quantile of ${φ} is answered, with a warning`, () => {
    const answer = call("quantile_over_time", rangeOf([1, 2]), φ);
    assert.equal(answer.value, value);
    assert.deepEqual(answer.warnings, [
      `PromQL warning: quantile value should be between 0 and 1, got ${got}`,
    ]);
  });
