// Delays that a single timer of Node cannot wait for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wallClock } from "./wall-clock.ts";

const dayMs = 24 * 3600 * 1000;

test("a delay of months is waited for, and can be cancelled", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let runs = 0;
  wallClock.after(60 * dayMs, () => runs++);
  const cancel = wallClock.after(60 * dayMs, () => runs++);
  // In steps, for the mock sets what a timer sets from the end of the step.
  const pass = (days: number): void => {
    for (let day = 0; day < days; day++) t.mock.timers.tick(dayMs);
  };
  pass(59);
  assert.equal(runs, 0);
  cancel();
  pass(2);
  assert.equal(runs, 1);
});

test("nor does Node run it at once", async () => {
  let runs = 0;
  const cancel = wallClock.after(30 * dayMs, () => runs++);
  await new Promise<void>((resolve) => wallClock.after(5, resolve));
  cancel();
  assert.equal(runs, 0);
});
