// What outlives the process: everything acknowledged, the revision counter, and nobody else's hands.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { configMap, configMaps, openTestPlane, widget, widgets } from "./plane-fixture.ts";
import { SqliteJournal } from "./sqlite-journal.ts";

function dataFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "dunlin-journal-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "data", "state.db");
}

test("objects, definitions and the revision outlive a restart", async (t) => {
  const file = dataFile(t);
  const first = openTestPlane({ dataFile: file });
  await first.call("POST", configMaps, configMap("a", {}, { k: "v" }));
  await first.call("POST", widgets, widget("w", { size: 2 }));
  await first.call("POST", configMaps, configMap("gone"));
  const { body } = await first.call("DELETE", `${configMaps}/gone`);
  assert.equal(body.status, "Success");
  const before = (await first.call("GET", configMaps)).body;
  await first.plane.close();

  const second = openTestPlane({ dataFile: file });
  const after = (await second.call("GET", configMaps)).body;
  assert.deepEqual(after, before, "the revision of the last deletion included");
  assert.equal((await second.call("GET", `${widgets}/w`)).body.spec.size, 2);
  await second.plane.close();
});

test("a watch from before the restart is told to list again", async (t) => {
  const file = dataFile(t);
  const first = openTestPlane({ dataFile: file });
  const { resourceVersion } = (await first.call("GET", configMaps)).body.metadata;
  await first.call("POST", configMaps, configMap("a"));
  await first.plane.close();
  const second = openTestPlane({ dataFile: file });
  t.after(() => second.plane.close());
  const watch = await second.watch(`${configMaps}?watch=true&resourceVersion=${resourceVersion}`);
  const event = await watch.next();
  assert.equal(event.type, "ERROR");
  assert.equal(event.object.code, 410);
});

test("so is one of a kind of which nothing was left", async (t) => {
  const file = dataFile(t);
  const first = openTestPlane({ dataFile: file });
  const { resourceVersion } = (await first.call("POST", widgets, widget("w"))).body.metadata;
  await first.call("DELETE", `${widgets}/w`);
  await first.plane.close();
  const second = openTestPlane({ dataFile: file });
  t.after(() => second.plane.close());
  const watch = await second.watch(`${widgets}?watch=true&resourceVersion=${resourceVersion}`);
  assert.equal((await watch.next()).object.code, 410, "or the deletion would never be seen");
});

test("nobody else can read what is stored, Secrets among it", (t) => {
  const file = dataFile(t);
  const journal = SqliteJournal.open(file);
  t.after(() => journal.close());
  for (const path of [file, `${file}-wal`]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
});

test("a second owner is refused, and told what to do", (t) => {
  const file = dataFile(t);
  const journal = SqliteJournal.open(file);
  t.after(() => journal.close());
  assert.throws(() => SqliteJournal.open(file), {
    message: /^the data directory \S+\/data is in use by another process; .*--data-dir$/,
  });
});

test("a file that is no database, and a directory that cannot be made, are named", (t) => {
  const file = dataFile(t);
  const blocker = join(file, "..", "..", "blocker");
  writeFileSync(blocker, "not a database, but text of some length, so that it cannot be one");
  assert.throws(() => SqliteJournal.open(blocker), {
    message: /^cannot use the data directory \S+: .*; choose another one with --data-dir$/,
  });
  assert.throws(() => SqliteJournal.open(join(blocker, "state.db")), {
    message: /^cannot use the data directory \S+\/blocker: /,
  });
});

test("a directory that may not be written is named", (t) => {
  if (process.getuid?.() === 0) return t.skip("root may write everywhere");
  const file = dataFile(t);
  const directory = join(file, "..", "..");
  chmodSync(directory, 0o500);
  assert.throws(() => SqliteJournal.open(file), { message: /^cannot use the data directory/ });
});

test("kill -9 loses nothing that was acknowledged", async (t) => {
  const file = dataFile(t);
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-"], {
    cwd: import.meta.dirname,
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  child.stdin.end(writerProgram(file));
  const acknowledged = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = "", version = ""] = line.split(" ");
    if (version === "deleted") acknowledged.delete(name);
    else acknowledged.set(name, version);
    if (acknowledged.size === 300) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  assert.ok(existsSync(file));

  const { plane, call } = openTestPlane({ dataFile: file });
  const { items, metadata } = (await call("GET", configMaps)).body;
  const stored = new Map<string, string>();
  for (const item of items) stored.set(item.metadata.name, item.metadata.resourceVersion);
  const lost = [...acknowledged].filter(
    // A later write of the same object may have been stored without having been acknowledged.
    ([name, version]) => Number(stored.get(name) ?? -1) < Number(version) && !isNextVictim(name),
  );
  assert.deepEqual(lost, []);
  const newest = Math.max(...[...acknowledged.values()].map(Number));
  assert.ok(Number(metadata.resourceVersion) >= newest);
  await plane.close();

  /** The writer deletes every tenth; the last one's deletion may not have been acknowledged yet. */
  function isNextVictim(name: string): boolean {
    const numbers = [...acknowledged.keys()].map((key) => Number(key.slice(1)));
    return name === `n${Math.max(...numbers)}` && name.endsWith("9");
  }
});

/** Writes as fast as it can, and says so line by line; each line follows its acknowledgement. */
function writerProgram(file: string): string {
  return `
    import { writeSync } from "node:fs";
    import { configMap, configMaps, openTestPlane } from "./plane-fixture.ts";
    const { call } = openTestPlane({ dataFile: ${JSON.stringify(file)} });
    for (let index = 0; ; index++) {
      const name = "n" + index;
      await call("POST", configMaps, configMap(name));
      const { body } = await call("PATCH", configMaps + "/" + name, { data: { k: "v" } });
      writeSync(1, name + " " + body.metadata.resourceVersion + "\\n");
      if (index % 10 !== 9) continue;
      await call("DELETE", configMaps + "/" + name);
      writeSync(1, name + " deleted\\n");
    }`;
}
