import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "./random.ts";
import {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityValue,
  type Quantity,
} from "./quantity.ts";

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

const canonical: readonly [text: string | number, written: string][] = [
  ["0", "0"],
  ["0.5", "500m"],
  [0.5, "500m"],
  [1, "1"],
  ["1000m", "1"],
  ["1500m", "1500m"],
  ["1000", "1k"],
  ["1.5k", "1500"],
  ["1024Ki", "1Mi"],
  ["6Gi", "6Gi"],
  ["1.5Gi", "1536Mi"],
  ["0.5Ki", "512"],
  ["1e3", "1e3"],
  ["2e4", "20e3"],
  ["0.1n", "1n"],
  ["-500m", "-500m"],
  ["two", "two"],
];

for (const [text, written] of canonical)
  test(`${JSON.stringify(text)} is written ${written}`, () =>
    assert.equal(canonicalQuantity(text), written));

function quantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  assert.ok(parsed, text);
  return parsed;
}

test("the order is that of the values, not of the texts", () => {
  const texts = ["1Gi", "1G", "500m", "2", "0.1"];
  const sorted = texts.toSorted((a, b) => compareQuantities(quantity(a), quantity(b)));
  assert.deepEqual(sorted, ["0.1", "500m", "2", "1G", "1Gi"]);
});

test("the canonical text of any value reads back as the same value", () => {
  const seed = 20_260_102;
  const random = seededRandom(seed);
  const suffixes = ["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-2"];
  for (let round = 0; round < 500; round++) {
    const number = (random() * 10 ** Math.floor(random() * 7)).toFixed(Math.floor(random() * 4));
    const text = number + suffixes[Math.floor(random() * suffixes.length)];
    const value = quantity(text);
    // A binary amount has no fraction of a byte: it is rounded up when it is written.
    const whole = value.format === "binary" && value.nano >= 1024n * 1_000_000_000n;
    const unit = whole ? 1_000_000_000n : 1n;
    const expected = ((value.nano + unit - 1n) / unit) * unit;
    assert.equal(quantity(formatQuantity(value)).nano, expected, `${text} (seed ${seed})`);
  }
});
