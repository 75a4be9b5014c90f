import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { ContainerLog, removeLog, type LogReadOptions } from "./container-log.ts";

const folder = mkdtempSync(join(tmpdir(), "dunlin-log-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `log-${files++}.log`);
const never = new AbortController().signal;

function openLog(maxBytes?: number) {
  const clock = new VirtualClock(Date.parse("2026-01-02T03:04:05.678Z"));
  const path = newPath();
  const log = new ContainerLog(path, clock, maxBytes);
  log.open();
  const print = (text: string, stream: "stdout" | "stderr" = "stdout") =>
    log.append(stream, Buffer.from(text));
  return { clock, path, log, print };
}

const read = (log: ContainerLog, options: Partial<LogReadOptions> = {}, signal = never) =>
  new Response(log.read({ follow: false, timestamps: false, ...options }, signal)).text();

test("lines come back whole, whatever pieces they were written in", async () => {
  const { log, print } = openLog();
  print("one\ntw");
  print("o\nthr");
  assert.equal(await read(log), "one\ntwo\n");
  print("oops\n", "stderr");
  print("ee");
  log.end();
  assert.equal(await read(log), "one\ntwo\noops\nthree\n");
});

test("timestamps are Kubernetes' nanoseconds", async () => {
  const { log, print } = openLog();
  print("hello\n\n");
  const stamp = "2026-01-02T03:04:05.678000000Z";
  assert.equal(await read(log, { timestamps: true }), `${stamp} hello\n${stamp} \n`);
});

test("tail, since and limit choose what is shown", async () => {
  const { clock, log, print } = openLog();
  print("old\n");
  await clock.advance(10_000);
  print("new\nnewer\n");
  assert.equal(await read(log, { tailLines: 1 }), "newer\n");
  assert.equal(await read(log, { tailLines: 0 }), "");
  assert.equal(await read(log, { tailLines: 9 }), "old\nnew\nnewer\n");
  assert.equal(await read(log, { sinceSeconds: 5 }), "new\nnewer\n");
  assert.equal(await read(log, { sinceTimeMs: clock.nowMs() }), "new\nnewer\n");
  assert.equal(await read(log, { sinceTimeMs: clock.nowMs() + 1 }), "");
  assert.equal(await read(log, { limitBytes: 6 }), "old\nne");
});

test("a follower gets what comes, over rotations, until the run ends", async () => {
  const { log, print } = openLog(100);
  print("first\n");
  const followed = read(log, { follow: true });
  const expected = ["first"];
  for (let line = 0; line < 20; line++) {
    print(`line ${line}\n`);
    expected.push(`line ${line}`);
    await new Promise(setImmediate);
  }
  log.end();
  assert.deepEqual((await followed).trim().split("\n"), expected);
});

test("a follower that goes away ends its stream", async () => {
  const { log, print } = openLog();
  print("first\n");
  const leaving = new AbortController();
  const reader = log.read({ follow: true, timestamps: false }, leaving.signal).getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? "").toString(), "first\n");
  const next = reader.read();
  leaving.abort();
  assert.equal((await next).done, true);
  const other = log.read({ follow: true, timestamps: false, tailLines: 0 }, never).getReader();
  const waiting = other.read();
  await other.cancel();
  assert.equal((await waiting).done, true);
  log.end();
});

test("a log is bounded by five files, and keeps the newest lines", async () => {
  const { log, path, print } = openLog(1000);
  for (let line = 0; line < 400; line++) print(`line ${line}\n`);
  const files = readdirSync(folder).filter((name) => name.startsWith(basename(path)));
  assert.equal(files.length, 5);
  for (const file of files) assert.ok(statSync(join(folder, file)).size <= 1000);
  const lines = (await read(log)).trim().split("\n");
  assert.ok(lines.length > 4 * 15, `${lines.length} lines`);
  assert.deepEqual(
    lines,
    Array.from({ length: lines.length }, (_, index) => `line ${400 - lines.length + index}`),
  );
  assert.equal(log.tail(2048, 2), "line 398\nline 399\n");
  for (const tailLines of [0, 1, 17, 18, 19, 40, lines.length - 1, lines.length, 1000])
    assert.equal(
      await read(log, { tailLines }),
      lines
        .slice(-tailLines, tailLines === 0 ? 0 : undefined)
        .map((line) => `${line}\n`)
        .join(""),
      `the last ${tailLines}`,
    );
  log.end();
  removeLog(path);
  assert.ok(!readdirSync(folder).some((name) => name.startsWith(basename(path))));
});

test("a reader that is slower than the rotation goes on with what is still there", async () => {
  const { log, print } = openLog(1000);
  print("first\n");
  const reader = log.read({ follow: true, timestamps: false }, never).getReader();
  const next = async () => Buffer.from((await reader.read()).value ?? "").toString();
  assert.equal(await next(), "first\n");
  for (let line = 0; line < 400; line++) print(`line ${line}\n`);
  log.end();
  let text = "";
  for (let chunk = await next(); chunk !== ""; chunk = await next()) text += chunk;
  assert.match(text, /^line \d+\n(?:line \d+\n)*line 399\n$/);
});

test("a line without end is kept in pieces rather than in memory, and read as one line", async () => {
  const { clock, log, print } = openLog();
  print("x".repeat(300 * 1024));
  await clock.advance(1_000);
  print("oops\n", "stderr");
  print("y\n");
  const stamp = "2026-01-02T03:04:05.678000000Z";
  const lines = (await read(log, { timestamps: true, stream: "stdout" })).split("\n");
  assert.deepEqual([lines.length, lines[1]], [2, ""]);
  assert.equal(lines[0], `${stamp} ${"x".repeat(300 * 1024)}y`);
  log.end();
});

test("one stream of the two", async () => {
  const { log, print } = openLog();
  print("out\n");
  print("err\n", "stderr");
  log.end();
  assert.equal(await read(log, { stream: "stdout" }), "out\n");
  assert.equal(await read(log, { stream: "stderr" }), "err\n");
});

test("the file is in the form of container runtimes", async () => {
  const { log, path, print } = openLog();
  print("out\n");
  print("err", "stderr");
  log.end();
  const stamp = "2026-01-02T03:04:05.678000000Z";
  assert.equal(readFileSync(path, "utf8"), `${stamp} stdout F out\n${stamp} stderr F err\n`);
});

test("a log that another process wrote reads the same", async () => {
  const { log, path, print } = openLog();
  print("kept\n");
  log.end();
  const later = new ContainerLog(path, new VirtualClock());
  assert.equal(await read(later, { follow: true }), "kept\n");
  assert.ok(existsSync(path));
});
