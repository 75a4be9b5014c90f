// What old events do when they cannot be removed; that they are is among the object lifetimes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { EventExpiry } from "./event-expiry.ts";
import { startMs } from "./plane-fixture.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { Store } from "./store.ts";

test("a disk that takes nothing costs a line of the log, again at each check", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "dunlin-events-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const journal = SqliteJournal.open(join(directory, "state.db"));
  const store = new Store({ journal });
  const metadata = { name: "e", creationTimestamp: "2026-01-02T02:00:00Z" };
  store.put("events", { apiVersion: "v1", kind: "Event", metadata });
  journal.close();
  const clock = new VirtualClock(startMs);
  const lines: string[] = [];
  const expiry = new EventExpiry({ store, clock, log: (line) => lines.push(line) });
  expiry.start();
  await clock.advance(120_000);
  expiry.close();
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /^old events are kept: /);
});
