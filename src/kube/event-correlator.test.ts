import assert from "node:assert/strict";
import { test } from "node:test";
import { EventCorrelator } from "./event-correlator.ts";

const occurrence = (message: string, object = "Pod a") => ({
  object,
  reason: "Warning Failed",
  message,
});

test("the same message is one event; another is another", () => {
  const correlator = new EventCorrelator();
  const identities = ["x", "x", "y"].map(
    (message) => correlator.correlate(occurrence(message), 0).identity,
  );
  assert.equal(identities[0], identities[1]);
  assert.notEqual(identities[1], identities[2]);
});

test("from the tenth message of one reason on they are told as one, until ten quiet minutes", () => {
  const correlator = new EventCorrelator();
  const told = Array.from({ length: 12 }, (_, index) =>
    correlator.correlate(occurrence(`pod ${index}`), index),
  );
  assert.equal(told[8]?.message, "pod 8");
  assert.equal(told[9]?.message, "(combined from similar events): pod 9");
  assert.equal(told[10]?.message, "(combined from similar events): pod 10");
  assert.equal(told[9]?.identity, told[11]?.identity);
  assert.equal(correlator.correlate(occurrence("later"), 600_012).message, "later");
});

test("an object is told of 25 times at once, then every five minutes; others have their own share", () => {
  const correlator = new EventCorrelator();
  const tell = (nowMs: number, object?: string) =>
    correlator.correlate(occurrence("again", object), nowMs).isTold;
  assert.deepEqual(
    Array.from({ length: 25 }, () => tell(0)).filter((isTold) => !isTold),
    [],
  );
  assert.equal(tell(0), false);
  assert.equal(tell(0, "Pod b"), true);
  assert.equal(tell(299_000), false);
  assert.equal(tell(300_000), true);
  assert.equal(tell(300_001), false);
});
