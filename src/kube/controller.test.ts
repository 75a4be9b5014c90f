import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { ApiError } from "./client.ts";
import { runController, type Requeue } from "./controller.ts";

type Run = { readonly calls: string[]; readonly lines: string[]; readonly clock: VirtualClock };

function start(reconcile: (key: string, call: number) => Promise<Requeue>) {
  const run: Run = { calls: [], lines: [], clock: new VirtualClock() };
  const abort = new AbortController();
  const controller = runController(
    {
      name: "test",
      clock: run.clock,
      log: (line) => run.lines.push(line),
      sources: [],
      reconcile: (key) => {
        run.calls.push(key);
        return reconcile(key, run.calls.length);
      },
    },
    abort.signal,
  );
  return { ...run, controller, abort };
}

test("a reconcile that fails is tried again, later each time, and says why", async () => {
  const { calls, lines, clock, controller } = start((_key, call) =>
    call < 3
      ? Promise.reject(new Error("no answer", { cause: new Error("ECONNREFUSED") }))
      : Promise.resolve(),
  );
  controller.enqueue("ns/a");
  await clock.advance(20 + 40);
  assert.equal(calls.length, 3);
  assert.deepEqual(lines, [
    "test ns/a: no answer: ECONNREFUSED; trying again in 20 ms",
    "test ns/a: no answer: ECONNREFUSED; trying again in 40 ms",
  ]);
});

test("a conflict is tried again without a word", async () => {
  const { calls, lines, clock, controller } = start((_key, call) =>
    call === 1 ? Promise.reject(new ApiError(409, "Conflict", "stale")) : Promise.resolve(),
  );
  controller.enqueue("ns/a");
  await clock.advance(100);
  assert.equal(calls.length, 2);
  assert.deepEqual(lines, []);
});

test("a reconcile that asks for it is called again after the time it named", async () => {
  const { calls, clock, controller } = start((_key, call) =>
    Promise.resolve(call === 1 ? { requeueAfterMs: 5_000 } : undefined),
  );
  controller.enqueue("ns/a");
  await clock.advance(4_999);
  assert.equal(calls.length, 1);
  await clock.advance(1);
  assert.equal(calls.length, 2);
});

test("after the end nothing is reconciled any more", async () => {
  const { calls, clock, controller, abort } = start(() => Promise.resolve({ requeueAfterMs: 10 }));
  controller.enqueue("ns/a");
  await clock.advance(5);
  abort.abort();
  await controller.stopped;
  controller.enqueue("ns/b");
  await clock.advance(100);
  assert.deepEqual(calls, ["ns/a"]);
});
