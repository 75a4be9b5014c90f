import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { LatestWriter } from "./latest-writer.ts";

test("states that are overtaken during a write are never written", async () => {
  let state = 0;
  const written: number[] = [];
  const writer = new LatestWriter({
    clock: new VirtualClock(),
    log: () => {},
    write: async () => {
      const now = state;
      await Promise.resolve();
      written.push(now);
    },
  });
  for (state = 1; state < 5; state++) writer.poke();
  state = 5;
  writer.poke();
  await writer.flushed();
  assert.deepEqual(written, [1, 5]);
});

test("no state is lost, however close to the end of a write it comes", async () => {
  for (let turns = 0; turns < 12; turns++) {
    let state = "first";
    const written: string[] = [];
    const write = () => Promise.resolve(void written.push(state));
    const writer = new LatestWriter({ clock: new VirtualClock(), log: () => {}, write });
    writer.poke();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    state = "second";
    writer.poke();
    await writer.flushed();
    assert.equal(written.at(-1), "second", `after ${turns} turns`);
  }
});

test("a failed write is told and tried again, with the state as it is by then", async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const written: string[] = [];
  let state = "first";
  let failures = 2;
  const writer = new LatestWriter({
    clock,
    log: (line) => told.push(line),
    write: () => {
      if (failures-- > 0) return Promise.reject(new Error("away"));
      written.push(state);
      return Promise.resolve();
    },
  });
  writer.poke();
  await clock.advance(50);
  state = "second";
  await clock.advance(100);
  await writer.flushed();
  assert.deepEqual(written, ["second"]);
  assert.deepEqual(told, [
    "Error: away; trying again in 50 ms",
    "Error: away; trying again in 100 ms",
  ]);
});
