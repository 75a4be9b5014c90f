import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeFolder } from "./atomic-folder.ts";
import type { VolumeFiles } from "./volume-files.ts";

const parent = mkdtempSync(join(tmpdir(), "dunlin-folder-"));
after(() => rmSync(parent, { recursive: true }));

const filesOf = (texts: Readonly<Record<string, string>>, mode = 0o644): VolumeFiles =>
  new Map(
    Object.entries(texts).map(([path, text]) => [path, { data: Buffer.from(text), mode }] as const),
  );

test("files change together: through one link that is moved", () => {
  const folder = join(parent, "moved");
  assert.ok(writeFolder(folder, filesOf({ a: "1", b: "1", "deep/er/c": "1" })));
  const first = readlinkSync(join(folder, "..data"));
  assert.equal(readlinkSync(join(folder, "a")), "..data/a");
  assert.equal(readFileSync(join(folder, "deep/er/c"), "utf8"), "1");
  assert.ok(writeFolder(folder, filesOf({ a: "2", "deep/er/c": "2", d: "2" })));
  assert.notEqual(readlinkSync(join(folder, "..data")), first);
  assert.ok(!existsSync(join(folder, first)));
  const names = readdirSync(folder).filter((name) => !name.startsWith(".."));
  assert.deepEqual(names.toSorted(), ["a", "d", "deep"]);
  for (const name of ["a", "d", "deep/er/c"])
    assert.equal(readFileSync(join(folder, name), "utf8"), "2");
});

test("the same files are no change, another mode is one", () => {
  const folder = join(parent, "same");
  assert.ok(writeFolder(folder, filesOf({ a: "1" })));
  assert.ok(!writeFolder(folder, filesOf({ a: "1" })));
  assert.ok(writeFolder(folder, filesOf({ a: "1" }, 0o400)));
  assert.equal(statSync(join(folder, "a")).mode & 0o777, 0o400);
});

test("no files at all are an empty folder", () => {
  const folder = join(parent, "empty");
  writeFolder(folder, filesOf({ a: "1" }));
  writeFolder(folder, filesOf({}));
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.startsWith("..")),
    [],
  );
});
