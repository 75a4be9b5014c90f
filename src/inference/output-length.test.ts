import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { drawOutputLength } from "./output-length.ts";

function draws(maxTokens: number, options = {}) {
  const random = seededRandom(7);
  return Array.from({ length: 2000 }, () => drawOutputLength(random, maxTokens, options));
}

test("a limit of 100 tokens cuts most answers, and some end before it", () => {
  const stopped = draws(100).filter((length) => length.reason === "stop");
  assert.ok(stopped.length > 100 && stopped.length < 300, `${stopped.length} of 2000`);
  for (const { tokens } of stopped) assert.ok(tokens >= 5 && tokens < 100);
});

test("without a tight limit answers have their natural length", () => {
  const lengths = draws(30_000).map(({ tokens }) => tokens);
  const median = lengths.sort((a, b) => a - b)[1000] ?? 0;
  assert.ok(median > 220 && median < 280, `median ${median}`);
  assert.ok((lengths.at(-1) ?? 0) <= 4096);
});

test("ignoreEos always goes to the limit; minTokens is a floor", () => {
  for (const length of draws(100, { ignoreEos: true }))
    assert.deepEqual(length, { tokens: 100, reason: "length" });
  for (const { tokens } of draws(100, { minTokens: 90 })) assert.ok(tokens >= 90);
});

test("the same seed draws the same lengths", () => {
  assert.deepEqual(draws(500), draws(500));
});
