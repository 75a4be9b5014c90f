import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatDuration, parseDuration } from "./duration.ts";

const parsed: readonly [text: string, durationMs: number | undefined][] = [
  ["0", 0],
  ["0s", 0],
  ["500ms", 500],
  ["1m30s", 90_000],
  ["1h", 3_600_000],
  ["1.5h", 5_400_000],
  ["-2s", -2000],
  ["2d3h", 183_600_000],
  ["1w", 604_800_000],
  ["250us", 0.25],
  ["", undefined],
  ["5", undefined],
  ["5 s", undefined],
  ["s", undefined],
  ["1m30", undefined],
  ["five minutes", undefined],
];

for (const [text, durationMs] of parsed)
  test(`"${text}" is ${durationMs} ms`, () => assert.equal(parseDuration(text), durationMs));

const formatted: readonly [durationMs: number, text: string][] = [
  [0, "0s"],
  [500, "500ms"],
  [1500, "1s500ms"],
  [90_000, "1m30s"],
  [5_400_000, "1h30m"],
  [-2000, "-2s"],
];

for (const [durationMs, text] of formatted)
  test(`${durationMs} ms is written ${text}`, () => {
    assert.equal(formatDuration(durationMs), text);
    assert.equal(parseDuration(text), durationMs);
  });

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const ages: readonly [ageMs: number, text: string][] = [
  [-3 * second, "<invalid>"],
  [-1 * second, "0s"],
  [0, "0s"],
  [51 * second, "51s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [2 * minute + 5 * second, "2m5s"],
  [9 * minute + 59 * second, "9m59s"],
  [10 * minute + 30 * second, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [3 * hour + 5 * minute, "3h5m"],
  [7 * hour + 59 * minute, "7h59m"],
  [8 * hour + 30 * minute, "8h"],
  [47 * hour, "47h"],
  [2 * day + 3 * hour, "2d3h"],
  [3 * day, "3d"],
  [8 * day + 5 * hour, "8d"],
  [729 * day, "729d"],
  [730 * day, "2y"],
  [740 * day, "2y10d"],
  [9 * 365 * day, "9y"],
];

for (const [ageMs, text] of ages)
  test(`an age of ${ageMs} ms prints ${text}`, () => assert.equal(formatAge(ageMs), text));
