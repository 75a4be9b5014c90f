import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openDataDir } from "./data-dir.ts";

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("the default stands in the user's data home", (t) => {
  const home = scratch(t);
  const { path, persistent } = openDataDir({
    dataDir: undefined,
    ephemeral: false,
    env: { XDG_DATA_HOME: home },
  });
  assert.deepEqual({ path, persistent }, { path: join(home, "dunlin"), persistent: true });
});

test("an ephemeral directory goes when it is disposed of; a persistent one stays", (t) => {
  const kept = openDataDir({ dataDir: join(scratch(t), "data"), ephemeral: false, env: {} });
  const passing = openDataDir({ dataDir: undefined, ephemeral: true, env: {} });
  mkdirSync(kept.path);
  assert.ok(existsSync(passing.path));
  for (const directory of [kept, passing]) directory.dispose();
  assert.deepEqual([existsSync(kept.path), existsSync(passing.path)], [true, false]);
});

test("--ephemeral and --data-dir contradict each other", () => {
  assert.throws(
    () => openDataDir({ dataDir: "x", ephemeral: true, env: {} }),
    /leave out one of them/,
  );
});
