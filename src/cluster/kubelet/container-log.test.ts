import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { ContainerLog, olderHalf, type LogReadOptions } from "./container-log.ts";

const folder = mkdtempSync(join(tmpdir(), "dunlin-log-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${files++}.log`);
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

test("a log is bounded by two halves, and keeps the newest lines", async () => {
  const { log, path, print } = openLog(1000);
  for (let line = 0; line < 200; line++) print(`line ${line}\n`);
  assert.ok(statSync(path).size <= 1000);
  assert.ok(statSync(olderHalf(path)).size <= 1000);
  assert.match(await read(log), /line 199\n$/);
  assert.equal(log.tail(2048, 2), "line 198\nline 199\n");
  log.end();
});

test("a line without end is broken rather than kept in memory", async () => {
  const { log, print } = openLog();
  print("x".repeat(300 * 1024));
  const text = await read(log);
  assert.equal(text.length, 256 * 1024 + 1);
  log.end();
});

test("a log that another process wrote reads the same", async () => {
  const { log, path, print } = openLog();
  print("kept\n");
  log.end();
  const later = new ContainerLog(path, new VirtualClock());
  assert.equal(await read(later, { follow: true }), "kept\n");
  assert.ok(existsSync(path));
});
