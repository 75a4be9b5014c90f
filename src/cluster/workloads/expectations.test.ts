import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { Expectations } from "./expectations.ts";

test("an owner waits until every write has come back", () => {
  const expectations = new Expectations(new VirtualClock());
  expectations.expect("set", "a");
  expectations.expect("set", "b");
  assert.ok(expectations.waitMs("set") > 0);
  assert.equal(expectations.waitMs("other"), 0);
  expectations.settle("set", "a");
  assert.ok(expectations.waitMs("set") > 0);
  expectations.settle("set", "b");
  assert.equal(expectations.waitMs("set"), 0);
});

test("an echo that is lost is waited for 30 s and no longer", async () => {
  const clock = new VirtualClock();
  const expectations = new Expectations(clock);
  expectations.expect("set", "a");
  await clock.advance(29_000);
  assert.equal(expectations.waitMs("set"), 1_000);
  await clock.advance(1_000);
  assert.equal(expectations.waitMs("set"), 0);
});

test("an echo of something else changes nothing", () => {
  const expectations = new Expectations(new VirtualClock());
  expectations.settle("set", "a");
  assert.equal(expectations.waitMs("set"), 0);
});
