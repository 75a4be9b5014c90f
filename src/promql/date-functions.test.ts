import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { dateFunctions } from "./date-functions.ts";

const part = (name: string, seconds: number): number | undefined =>
  dateFunctions.get(name)?.(seconds);

const cases: readonly (readonly [name: string, seconds: number, wanted: number])[] = [
  ["year", 0, 1970],
  ["month", 0, 1],
  ["day_of_month", 0, 1],
  ["day_of_week", 0, 4],
  ["day_of_year", 0, 1],
  ["hour", 0, 0],
  ["minute", 0, 0],
  ["minute", 3599.9, 59],
  ["hour", 86_399, 23],
  // The fraction is cut off toward zero: this is still 1970.
  ["year", -0.5, 1970],
  ["year", -1, 1969],
  ["day_of_month", -1, 31],
  ["hour", -1, 23],
  ["minute", -1, 59],
  ["day_of_week", -86_400, 3],
  // 2000-02-29, 2001-02-28, 2100-02-28: every fourth year is a leap year, but for most centuries.
  ["days_in_month", 951_782_400, 29],
  ["days_in_month", 983_318_400, 28],
  ["days_in_month", 4_107_456_000, 28],
  ["day_of_year", 978_220_800, 366],
  ["day_of_week", 1_700_000_000, 2],
  ["year", NaN, NaN],
  ["days_in_month", Infinity, NaN],
  ["day_of_year", -Infinity, NaN],
  ["hour", NaN, NaN],
];

for (const [name, seconds, wanted] of cases)
  test(`${name} of ${seconds} is ${wanted}`, () => assert.equal(part(name, seconds), wanted));

test("any moment of 10,000 years has the parts that the platform's calendar gives it", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  for (let run = 0; run < 2000; run++) {
    const seconds = Math.floor((random() - 0.3) * 10_000 * 365.2425 * 86_400);
    const date = new Date(seconds * 1000);
    const year = date.getUTCFullYear();
    const monthEnd = new Date(date);
    monthEnd.setUTCMonth(date.getUTCMonth() + 1, 0);
    const yearStart = new Date(date);
    yearStart.setUTCMonth(0, 1);
    const wanted: Record<string, number> = {
      year,
      month: date.getUTCMonth() + 1,
      day_of_month: date.getUTCDate(),
      day_of_week: date.getUTCDay(),
      day_of_year: Math.round((date.getTime() - yearStart.getTime()) / 86_400_000) + 1,
      days_in_month: monthEnd.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
    };
    for (const [name, value] of Object.entries(wanted))
      assert.equal(part(name, seconds), value, `seed ${seed}: ${name} of ${date.toISOString()}`);
  }
});
