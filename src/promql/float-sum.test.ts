import assert from "node:assert/strict";
import { test } from "node:test";
import { meanOf, sumOf, varianceOf } from "./float-sum.ts";

test("what rounding loses is not lost", () => {
  assert.equal(sumOf([1, 1e100, 1, -1e100]), 2);
  assert.equal(sumOf(Array.from({ length: 10 }, () => 0.1)), 1);
  assert.equal(meanOf([1e100, 1, -1e100, 2]), 0.75);
});

test("a mean exists also where the sum is too large", () => {
  assert.equal(meanOf([1.7e308, 1.7e308]), 1.7e308);
  assert.equal(meanOf([-1.7e308, -1.7e308, -1.7e308]), -1.7e308);
  assert.equal(sumOf([1.7e308, 1.7e308]), Infinity);
});

test("infinite values and NaN show in all of them", () => {
  assert.equal(sumOf([1, Infinity, 2]), Infinity);
  assert.equal(sumOf([Infinity, -Infinity]), NaN);
  assert.equal(meanOf([1, -Infinity]), -Infinity);
  assert.equal(meanOf([NaN, 1]), NaN);
  assert.equal(varianceOf([1, Infinity]), NaN);
});

test("only the values of the window count", () => {
  const values = [100, 1, 2, 3, 100];
  assert.equal(sumOf(values, 1, 4), 6);
  assert.equal(meanOf(values, 1, 4), 2);
  assert.equal(varianceOf(values, 1, 4), 2 / 3);
});

test("nothing has no mean", () => {
  assert.equal(sumOf([]), 0);
  assert.equal(meanOf([]), NaN);
  assert.equal(varianceOf([]), NaN);
});
