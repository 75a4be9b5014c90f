import assert from "node:assert/strict";
import { test } from "node:test";
import { mathFunctions } from "./math-functions.ts";

type Case = readonly [name: string, args: readonly number[], wanted: number | undefined];

const cases: readonly Case[] = [
  ["abs", [-2.5], 2.5],
  ["ceil", [-2.5], -2],
  ["floor", [-2.5], -3],
  ["exp", [0], 1],
  ["sqrt", [-1], NaN],
  ["ln", [0], -Infinity],
  ["ln", [-1], NaN],
  ["log2", [8], 3],
  ["log10", [1000], 3],
  ["sgn", [-7], -1],
  ["sgn", [0], 0],
  ["sgn", [NaN], NaN],
  ["sin", [0], 0],
  ["cos", [0], 1],
  ["tan", [0], 0],
  ["asin", [1], Math.PI / 2],
  ["acos", [2], NaN],
  ["atan", [Infinity], Math.PI / 2],
  ["sinh", [0], 0],
  ["cosh", [0], 1],
  ["tanh", [Infinity], 1],
  ["asinh", [0], 0],
  ["acosh", [1], 0],
  ["atanh", [1], Infinity],
  ["deg", [Math.PI], 180],
  ["rad", [180], Math.PI],
  ["round", [2.5], 3],
  ["round", [-2.5], -2],
  ["round", [0.15, 0.1], 0.2],
  ["round", [12_345, 1000], 12_000],
  ["round", [NaN], NaN],
  ["round", [5, 0], NaN],
  ["clamp", [5, 0, 3], 3],
  ["clamp", [-5, 0, 3], 0],
  ["clamp", [2, 0, 3], 2],
  ["clamp", [2, 3, 0], undefined],
  ["clamp", [2, NaN, 3], NaN],
  ["clamp", [NaN, 0, 3], NaN],
  ["clamp_min", [-5, 0], 0],
  ["clamp_max", [5, 3], 3],
  ["clamp_max", [5, NaN], NaN],
];

for (const [name, args, wanted] of cases)
  test(`${name}(${args.join(", ")}) is ${wanted}`, () => {
    const [value = NaN, ...scalars] = args;
    assert.equal(mathFunctions.get(name)?.(value, ...scalars), wanted);
  });

test("every function is in some case", () => {
  const tried = new Set(cases.map(([name]) => name));
  assert.deepEqual(
    [...mathFunctions.keys()].filter((name) => !tried.has(name)),
    [],
  );
});
