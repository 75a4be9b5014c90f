import assert from "node:assert/strict";
import { test } from "node:test";
import { quantityValue } from "./quantity.ts";

const cases: readonly [text: string, value: number | undefined][] = [
  ["2", 2],
  ["500m", 0.5],
  ["2333m", 2.333],
  ["4Gi", 4 * 1024 ** 3],
  ["1.5Gi", 1.5 * 1024 ** 3],
  ["10M", 10_000_000],
  ["1e3", 1000],
  ["1E3", 1000],
  ["2E", 2e18],
  ["100n", 1e-7],
  [".5", 0.5],
  ["-1", -1],
  ["", undefined],
  ["4GB", undefined],
  ["4 Gi", undefined],
  ["m", undefined],
  ["1e", undefined],
];

for (const [text, value] of cases)
  test(`"${text}" is ${value}`, () => assert.equal(quantityValue(text), value));
