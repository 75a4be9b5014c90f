// Reads what real processes use.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { after, test } from "node:test";
import { proportionalMemoryBytes, usageOf } from "./process-usage.ts";

const mebibyte = 2 ** 20;
const started: ChildProcess[] = [];
after(async () => {
  const usages = await usageOf(started.map(({ pid }) => pid ?? 0));
  for (const { pids } of usages.values()) for (const pid of pids) process.kill(pid, "SIGKILL");
});

/** Resolves when the process has printed something, with what it printed. */
async function start(command: readonly string[]): Promise<{ pid: number; output: string }> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const output = await new Promise<string>((resolve) =>
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString())),
  );
  return { pid: child.pid ?? 0, output };
}

const startShell = (script: string) => start(["sh", "-c", script]);
const startNode = (script: string) => start([process.execPath, "-e", script]);

test("memory and processor time of one process", async () => {
  const { pid } = await startNode(
    `globalThis.kept = Buffer.alloc(64 * ${mebibyte}, 1);
     const until = process.cpuUsage().user + 200_000;
     while (process.cpuUsage().user < until);
     console.log("up"); setInterval(() => {}, 1000)`,
  );
  const usage = (await usageOf([pid])).get(pid);
  assert.ok(usage);
  assert.ok(usage.memoryBytes > 64 * mebibyte, `${usage.memoryBytes} bytes`);
  assert.ok(usage.memoryBytes < 512 * mebibyte, `${usage.memoryBytes} bytes`);
  assert.ok(usage.cpuNanoseconds >= 200e6, `${usage.cpuNanoseconds} ns`);
  assert.ok(usage.cpuNanoseconds < 60e9, `${usage.cpuNanoseconds} ns`);
  const exact = proportionalMemoryBytes([pid]);
  assert.ok(exact > 64 * mebibyte && exact <= usage.memoryBytes, `${exact} bytes`);
});

test("children count, those in a session of their own too, and nobody else's do", async () => {
  const first = await startShell("sleep 60 & setsid sleep 60 & sleep 0.05; echo up; wait");
  const second = await startShell("echo up; exec sleep 60");
  const usages = await usageOf([first.pid, second.pid]);
  assert.equal(usages.get(first.pid)?.pids.length, 3);
  assert.deepEqual(usages.get(second.pid)?.pids, [second.pid]);
});

test("a child whose parent has ended still counts by its group", async () => {
  const { pid } = await startShell("sh -c 'sleep 60 &'; echo up; exec sleep 60");
  assert.equal((await usageOf([pid])).get(pid)?.pids.length, 2);
});

test("processor time of children that have ended stays", async () => {
  const burn = `const until = process.cpuUsage().user + 200_000;
    while (process.cpuUsage().user < until);`;
  const { pid } = await startShell(`"${process.execPath}" -e '${burn}'; echo up; sleep 60`);
  const nanoseconds = (await usageOf([pid])).get(pid)?.cpuNanoseconds ?? 0;
  assert.ok(nanoseconds >= 200e6, `${nanoseconds} ns`);
});

test("a process that is gone has no usage", async () => {
  const child = spawn("true", { detached: true });
  await new Promise((resolve) => child.once("exit", resolve));
  assert.equal((await usageOf([child.pid ?? 0])).size, 0);
});
