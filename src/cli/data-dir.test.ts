import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openDataDir } from "./data-dir.ts";

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("the default stands in the user's data home, readable by the user alone", (t) => {
  const home = scratch(t);
  const { path, persistent } = openDataDir({
    dataDir: undefined,
    ephemeral: false,
    env: { XDG_DATA_HOME: home },
  });
  assert.deepEqual({ path, persistent }, { path: join(home, "dunlin"), persistent: true });
  assert.equal(statSync(path).mode & 0o777, 0o700);
});

test("an ephemeral directory goes when it is disposed of; a persistent one stays", (t) => {
  const kept = openDataDir({ dataDir: join(scratch(t), "data"), ephemeral: false, env: {} });
  const passing = openDataDir({ dataDir: undefined, ephemeral: true, env: {} });
  assert.ok(existsSync(passing.path));
  for (const directory of [kept, passing]) directory.dispose();
  assert.deepEqual([existsSync(kept.path), existsSync(passing.path)], [true, false]);
});

test("a directory that cannot be made is told with its path and the flag", (t) => {
  const file = join(scratch(t), "file");
  writeFileSync(file, "");
  assert.throws(
    () => openDataDir({ dataDir: join(file, "data"), ephemeral: false, env: {} }),
    /the data directory .*\/file\/data cannot be made \(ENOTDIR\); name another with --data-dir DIR/,
  );
});

test("--ephemeral and --data-dir contradict each other", () => {
  assert.throws(
    () => openDataDir({ dataDir: "x", ephemeral: true, env: {} }),
    /leave out one of them/,
  );
});
