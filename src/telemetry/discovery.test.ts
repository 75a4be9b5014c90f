import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { eventually } from "../../test/dunlin.ts";
import { discover } from "./discovery.ts";
import type { HttpGet } from "./http-get.ts";
import { jobDefaults, type Discovery, type ScrapeJob, type TargetGroup } from "./scrape-job.ts";

const jobWith = (discovery: Partial<Discovery>): ScrapeJob => ({
  ...jobDefaults,
  name: "j",
  intervalMs: 1000,
  timeoutMs: 1000,
  discovery: { ...jobDefaults.discovery, ...discovery },
});

/** What sources have found and said, as text: one line a target. */
function setUp(t: TestContext) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const found = new Map<string, readonly TargetGroup[]>();
  const told: string[] = [];
  return {
    clock: new VirtualClock(0),
    signal: stop.signal,
    told,
    onGroups: (source: string, groups: readonly TargetGroup[]) => void found.set(source, groups),
    log: (line: string) => void told.push(line),
    targets: () =>
      [...found.values()]
        .flatMap((groups) =>
          groups.flatMap(({ targets, labels }) =>
            targets.map(({ __address__: address }) => `${address} ${labels["a"] ?? "-"}`),
          ),
        )
        .toSorted(),
    groups: () => [...found.values()].flat(),
  };
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-sd-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("what the configuration lists is there at once", (t) => {
  const at = setUp(t);
  const groups = [{ targets: [{ __address__: "x:1" }], labels: { a: "b" } }];
  discover(jobWith({ groups }), at, at.signal);
  assert.deepEqual(at.targets(), ["x:1 b"]);
});

test("files are read by their pattern and again at each interval; one that goes takes its targets along", async (t) => {
  const at = setUp(t);
  const folder = newFolder(t);
  writeFileSync(join(folder, "one.json"), '[{"targets": ["x:1"], "labels": {"a": "b"}}]');
  writeFileSync(join(folder, "two.json"), '[{"targets": ["y:1", "y:2"]}]');
  writeFileSync(join(folder, "other.yml"), "- targets: [z:1]");
  const files = [{ patterns: [join(folder, "*.json")], refreshMs: 5000 }];
  discover(jobWith({ files }), at, at.signal);
  assert.deepEqual(at.targets(), ["x:1 b", "y:1 -", "y:2 -"]);
  assert.equal(at.groups()[0]?.labels["__meta_filepath"], join(folder, "one.json"));
  rmSync(join(folder, "two.json"));
  writeFileSync(join(folder, "three.json"), '[{"targets": ["w:1"]}]');
  await at.clock.advance(5000);
  assert.deepEqual(at.targets(), ["w:1 -", "x:1 b"]);
});

test("a file that is broken keeps its targets, and is told of once", async (t) => {
  const at = setUp(t);
  const file = join(newFolder(t), "one.yml");
  const files = [{ patterns: [file], refreshMs: 1000 }];
  writeFileSync(file, "- targets: [x:1]");
  discover(jobWith({ files }), at, at.signal);
  writeFileSync(file, "- target: [y:1]");
  await at.clock.advance(3000);
  assert.deepEqual(at.targets(), ["x:1 -"]);
  assert.deepEqual(at.told, [
    `job j: ${file}: ${file}:1:3: [0].target: unknown field; known are targets, labels; the targets that it gave last stay`,
  ]);
  writeFileSync(file, "- targets: [y:1]");
  await at.clock.advance(1000);
  assert.deepEqual(at.targets(), ["y:1 -"]);
  assert.equal(at.told.at(-1), `job j: ${file}: recovered`);
});

const brokenLists: readonly (readonly [name: string, file: string, text: string, told: string])[] =
  [
    ["empty", "one.json", "", "invalid JSON: Unexpected end of JSON input"],
    ["cut off", "one.json", '[{"targets": ["y:1"]}', "invalid JSON: "],
    ["YAML under another name", "one.json", "- targets: [y:1]", "invalid JSON: "],
    ["no list", "one.json", "{}", "must be a list of groups with targets and labels"],
    ["null", "one.json", "null", "must be a list of groups with targets and labels"],
    ["a group that is none", "one.json", '["y:1"]', "[0]: must be a map with targets and labels"],
    ["a field misspelt", "one.json", '[{"target": []}]', "[0].target: unknown field; known are "],
    ["one target for a list", "one.json", '[{"targets": "y:1"}]', "[0].targets: must be a list"],
    [
      "a target that is no text",
      "one.json",
      '[{"targets": [9090]}]',
      "[0].targets[0]: must be a text",
    ],
    [
      "a label that is no text",
      "one.json",
      '[{"labels": {"a": 1}}]',
      "[0].labels.a: must be a text",
    ],
    ["YAML that is none", "one.yml", "- targets: [y:1", "FILE:1:16: "],
    ["YAML of another form", "one.yml", "targets: [y:1]", "FILE:1:1: must be a list"],
  ];
for (const [name, file, text, told] of brokenLists)
  test(`a list keeps its targets when it becomes ${name}`, async (t) => {
    const at = setUp(t);
    const path = join(newFolder(t), file);
    writeFileSync(path, file.endsWith(".yml") ? "- targets: [x:1]" : '[{"targets": ["x:1"]}]');
    discover(jobWith({ files: [{ patterns: [path], refreshMs: 1000 }] }), at, at.signal);
    writeFileSync(path, text);
    await at.clock.advance(1000);
    assert.deepEqual(at.targets(), ["x:1 -"]);
    const [line = ""] = at.told;
    assert.ok(line.startsWith(`job j: ${path}: ${told.replace("FILE", path)}`), line);
  });

test("what is no file, or one that is far too large, is passed over", (t) => {
  const at = setUp(t);
  const folder = newFolder(t);
  mkdirSync(join(folder, "a.json"));
  assert.equal(spawnSync("mkfifo", [join(folder, "b.json")]).status, 0);
  writeFileSync(join(folder, "c.json"), '[{"targets": ["x:1"]}]');
  writeFileSync(join(folder, "d.yml"), `- targets: [y:1]\n${"#".repeat(1024 * 1024)}`);
  const files = [{ patterns: ["*.json", "*.yml"].map((each) => join(folder, each)), refreshMs: 1 }];
  discover(jobWith({ files }), at, at.signal);
  assert.deepEqual(at.targets(), ["x:1 -"]);
  const told = at.told.map((line) => line.replace(`job j: ${folder}/`, "").replace(/;.*/, ""));
  assert.deepEqual(told, [
    "a.json: is not a regular file",
    "b.json: is not a regular file",
    "d.yml: has more than 1 MiB",
  ]);
});

test("a file that is named and missing is told of once, and its targets are gone", async (t) => {
  const at = setUp(t);
  const path = join(newFolder(t), "one.json");
  discover(jobWith({ files: [{ patterns: [path], refreshMs: 1000 }] }), at, at.signal);
  writeFileSync(path, '[{"targets": ["x:1"]}]');
  await at.clock.advance(1000);
  assert.deepEqual(at.targets(), ["x:1 -"]);
  rmSync(path);
  await at.clock.advance(3000);
  assert.deepEqual(at.targets(), []);
  const missing = `job j: ${path}: there is no such file`;
  assert.deepEqual(at.told, [missing, `job j: ${path}: recovered`, missing]);
});

test("what has not changed is not read into targets once more", async (t) => {
  const at = setUp(t);
  const path = join(newFolder(t), "one.json");
  const list = '[{"targets": ["x:1"]}]';
  writeFileSync(path, list);
  const get: HttpGet = () =>
    Promise.resolve({ body: Buffer.from(list), contentType: "application/json", headers: {} });
  const sources = {
    files: [{ patterns: [path], refreshMs: 1000 }],
    http: [{ url: "http://sd/x", refreshMs: 1000, http: jobDefaults.http }],
  };
  const asked: string[] = [];
  const onGroups = (source: string): void => void asked.push(source);
  discover(jobWith(sources), { ...at, get, onGroups }, at.signal);
  await at.clock.advance(5000);
  assert.deepEqual(asked, ["file_sd_configs[0]", "http_sd_configs[0]"]);
});

test("a folder that is not there yet is looked for again", async (t) => {
  const at = setUp(t);
  const folder = join(newFolder(t), "later");
  const files = [{ patterns: [join(folder, "*.json"), join(folder, "one.yml")], refreshMs: 1000 }];
  discover(jobWith({ files }), at, at.signal);
  assert.deepEqual(at.targets(), []);
  assert.match(at.told[0] ?? "", /later: ENOENT/);
  mkdirSync(folder);
  writeFileSync(join(folder, "one.yml"), "- targets: [x:1]");
  await at.clock.advance(1000);
  assert.deepEqual(at.targets(), ["x:1 -"]);
});

test("a file that changes is read without waiting for the interval", async (t) => {
  const at = setUp(t);
  const file = join(newFolder(t), "one.json");
  writeFileSync(file, '[{"targets": ["x:1"]}]');
  const files = [{ patterns: [file], refreshMs: 3_600_000 }];
  discover(jobWith({ files }), { ...at, clock: wallClock }, at.signal);
  assert.deepEqual(at.targets(), ["x:1 -"]);
  writeFileSync(file, '[{"targets": ["y:1"]}]');
  await eventually("the new target", () => (at.targets()[0] === "y:1 -" ? true : undefined));
});

test("a server is asked at each interval; what it says wrongly, or not at all, changes nothing", async (t) => {
  const at = setUp(t);
  const page = (body: string, contentType = "application/json") => ({
    body: Buffer.from(body),
    contentType,
    headers: {},
  });
  const answers = [
    page('[{"targets": ["x:1"], "labels": {"a": "b"}}]'),
    page("<html>", "text/html"),
    page('{"targets": []}'),
    new Error("server returned HTTP status 500"),
    page('[{"targets": ["y:1"]}]', "application/json; charset=utf-8"),
  ];
  const get: HttpGet = () => {
    const answer = answers.shift() ?? page("[]");
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const url = "http://me:secret@sd/x";
  const http = [{ url, refreshMs: 1000, http: jobDefaults.http }];
  discover(jobWith({ http }), { ...at, get }, at.signal);
  await at.clock.advance(0);
  assert.deepEqual(at.targets(), ["x:1 b"]);
  assert.equal(at.groups()[0]?.labels["__meta_url"], "http://me:<secret>@sd/x");
  await at.clock.advance(3000);
  assert.deepEqual(at.targets(), ["x:1 b"]);
  await at.clock.advance(1000);
  assert.deepEqual(at.targets(), ["y:1 -"]);
  const server = "job j: http_sd_configs[0] http://me:<secret>@sd/x: ";
  const stay = "; the targets that it gave last stay";
  assert.deepEqual(at.told, [
    `${server}unsupported content type "text/html"; it must be application/json${stay}`,
    `${server}must be a list of groups with targets and labels${stay}`,
    `${server}server returned HTTP status 500${stay}`,
    `${server}recovered`,
  ]);
});

test("a server that does not answer is given up, and asked again", async (t) => {
  const at = setUp(t);
  let asked = 0;
  const get: HttpGet = (_url, { signal }) => {
    asked++;
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    });
  };
  const http = [{ url: "http://sd/x", refreshMs: 60_000, http: jobDefaults.http }];
  discover(jobWith({ http }), { ...at, get }, at.signal);
  await at.clock.advance(30_000);
  assert.match(at.told[0] ?? "", /: no answer within 30000 ms; /);
  await at.clock.advance(60_000);
  assert.equal(asked, 2);
});
