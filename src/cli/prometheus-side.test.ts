import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { followTargets } from "./prometheus-side.ts";

test("targets are looked for at once after a change, and once for many that follow", async () => {
  const clock = new VirtualClock();
  const subscribers: (() => void)[] = [];
  const cache = {
    list: () => [],
    subscribe: (listener: () => void) => subscribers.push(listener),
  };
  const at: number[] = [];
  const caches = { pods: cache, services: cache, endpointSlices: cache };
  followTargets(caches, clock, () => at.push(clock.nowMs()));
  const change = (): void => subscribers.forEach((tell) => tell());
  await clock.advance(100);
  assert.deepEqual(at, []);
  change();
  change();
  await clock.advance(20);
  for (let times = 0; times < 10; times++) {
    change();
    await clock.advance(1);
  }
  await clock.advance(170);
  change();
  await clock.advance(0);
  assert.deepEqual(at, [100, 150, 300]);
});
