import assert from "node:assert/strict";
import { test } from "node:test";
import { histogramFunctions } from "./histogram-functions.ts";

type Counts = readonly (readonly [le: number, count: number])[];

function call(name: string, counts: Counts, ...scalars: number[]) {
  const told: string[] = [];
  const note = (text: string, argument: number) => told.push(`${argument}: ${text}`);
  const buckets = counts.map(([le, count]) => ({ le, count }));
  const annotate = { warn: note, info: note };
  return { value: histogramFunctions.get(name)?.(buckets, scalars, annotate), told };
}

const latency: Counts = [
  [1, 10],
  [2, 30],
  [Infinity, 40],
];
const temperature: Counts = [
  [-10, 10],
  [0, 20],
  [10, 40],
  [Infinity, 40],
];

const quantiles: readonly (readonly [what: string, counts: Counts, φ: number, wanted: number])[] = [
  ["within a bucket", latency, 0.5, 1.5],
  ["at the bound of a bucket", latency, 0.25, 1],
  ["in the lowest bucket, which begins at 0", latency, 0.125, 0.5],
  ["in the +Inf bucket: the highest bound", latency, 0.9, 2],
  ["the smallest", latency, 0, 0],
  ["the largest", latency, 1, 2],
  ["in a lowest bucket below 0: its bound", temperature, 0.1, -10],
  ["in a bucket below 0", temperature, 0.375, -5],
  ["without +Inf", latency.slice(0, 2), 0.5, NaN],
  ["of the +Inf bucket alone", latency.slice(2), 0.5, NaN],
  [
    "of nothing observed",
    [
      [1, 0],
      [Infinity, 0],
    ],
    0.5,
    NaN,
  ],
  [
    "of equal bounds, which are added",
    [
      [1, 4],
      [1, 6],
      [2, 30],
      [Infinity, 40],
    ],
    0.5,
    1.5,
  ],
  [
    "of empty buckets in between",
    [
      [1, 10],
      [2, 10],
      [3, 20],
      [Infinity, 20],
    ],
    0.5,
    1,
  ],
  [
    "of a rounding error",
    [
      [1, 10],
      [2, 10 - 1e-14],
      [Infinity, 20],
    ],
    0.75,
    2,
  ],
  [
    "of NaN counts",
    [
      [1, NaN],
      [Infinity, NaN],
    ],
    0.5,
    1,
  ],
];

for (const [what, counts, φ, wanted] of quantiles)
  test(`the ${φ} quantile ${what} is ${wanted}`, () => {
    assert.deepEqual(call("histogram_quantile", counts, φ), { value: wanted, told: [] });
  });

for (const [φ, wanted] of [
  [-0.1, -Infinity],
  [1.1, Infinity],
  [NaN, NaN],
] as const)
  test(`φ of ${φ} gives ${wanted} and a warning`, () => {
    assert.deepEqual(call("histogram_quantile", latency, φ), {
      value: wanted,
      told: [`0: PromQL warning: quantile value should be between 0 and 1, got ${φ}`],
    });
  });

test("a count below the one before is raised to it, and that is told", () => {
  const { value, told } = call(
    "histogram_quantile",
    [
      [1, 10],
      [2, 5],
      [3, 20],
      [Infinity, 20],
    ],
    0.75,
  );
  assert.equal(value, 2.5);
  assert.match(
    told.join(),
    /^1: PromQL info: input to histogram_quantile needed to be fixed for mono/,
  );
});

const fractions: readonly (readonly [Counts, number, number, number])[] = [
  [latency, 0, 1, 0.25],
  [latency, 0, 1.5, 0.5],
  [latency, 1.5, 2, 0.25],
  [latency, 0.5, 1.5, 0.375],
  [latency, -Infinity, Infinity, 1],
  [latency, 0, Infinity, 1],
  // Where in the +Inf bucket its observations lie is not known: all of them count as above.
  [latency, 2, 1e9, 0],
  [latency, 1e9, Infinity, 0.25],
  [latency, -5, 0, 0],
  [latency, 2, 1, 0],
  [latency, 1, 1, 0],
  [latency, NaN, 1, NaN],
  [latency, 0, NaN, NaN],
  [latency.slice(0, 2), 0, 1, NaN],
  [
    [
      [1, 0],
      [Infinity, 0],
    ],
    0,
    1,
    NaN,
  ],
  [temperature, -Infinity, 0, 0.5],
  [temperature, -5, 5, 0.375],
  // The lowest bucket reaches down without end, so it counts as a whole.
  [temperature, -Infinity, -20, 0.25],
];

for (const [counts, from, to, wanted] of fractions)
  test(`the fraction from ${from} to ${to} of ${JSON.stringify(counts)} is ${wanted}`, () => {
    assert.deepEqual(call("histogram_fraction", counts, from, to), { value: wanted, told: [] });
  });
