import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffText, restartDelayMs } from "./restart-backoff.ts";

test("restarts wait 0, 10, 20, … 300 s, and anew after a run of ten minutes", () => {
  const delays: number[] = [];
  let delayMs: number | undefined;
  for (const ranMs of [0, 0, 0, 0, 0, 0, 0, 0, 600_000, 1000]) {
    delayMs = restartDelayMs(delayMs, ranMs);
    delays.push(delayMs / 1000);
  }
  assert.deepEqual(delays, [0, 10, 20, 40, 80, 160, 300, 300, 0, 10]);
});

test("delays read as Go prints them", () => {
  assert.deepEqual([10_000, 80_000, 300_000].map(backoffText), ["10s", "1m20s", "5m0s"]);
});
