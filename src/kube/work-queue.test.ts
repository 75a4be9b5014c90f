import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { WorkQueue } from "./work-queue.ts";

test("a key added many times is handed out once", async () => {
  const queue = new WorkQueue(new VirtualClock());
  for (const key of ["a", "b", "a", "a"]) queue.add(key);
  assert.equal(await queue.take(), "a");
  assert.equal(await queue.take(), "b");
  const next = queue.take();
  queue.add("c");
  assert.equal(await next, "c");
});

test("a key added while it is worked on comes again, but not before it is done", async () => {
  const queue = new WorkQueue(new VirtualClock());
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("b");
  assert.equal(await queue.take(), "b");
  queue.done("a");
  assert.equal(await queue.take(), "a");
});

test("two idle workers both hear of two keys", async () => {
  const queue = new WorkQueue(new VirtualClock());
  const workers = [queue.take(), queue.take()];
  queue.add("a");
  await workers[0];
  queue.add("b");
  assert.deepEqual(
    (await Promise.all(workers)).toSorted((a = "", b = "") => a.localeCompare(b)),
    ["a", "b"],
  );
});

test("of several delays for one key the shortest counts", async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue(clock);
  queue.addAfter("a", 500);
  queue.addAfter("a", 200);
  queue.addAfter("a", 900);
  let taken: string | undefined;
  void queue.take().then((key) => (taken = key));
  await clock.advance(199);
  assert.equal(taken, undefined);
  await clock.advance(1);
  assert.equal(taken, "a");
});

test("failures in a row double the delay, up to a minute; a success starts anew", () => {
  const queue = new WorkQueue(new VirtualClock());
  const delays = Array.from({ length: 14 }, () => queue.addAfterFailure("a"));
  assert.deepEqual(delays.slice(0, 4), [20, 40, 80, 160]);
  assert.equal(delays.at(-1), 60_000);
  queue.forgetFailures("a");
  assert.equal(queue.addAfterFailure("a"), 20);
});

test("closing wakes the workers and drops what was due later", async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue(clock);
  const worker = queue.take();
  queue.addAfter("a", 10);
  queue.close();
  assert.equal(await worker, undefined);
  await clock.advance(20);
  assert.equal(await queue.take(), undefined);
});
