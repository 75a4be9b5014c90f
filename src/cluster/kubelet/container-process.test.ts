// Runs real processes. Whatever a test starts it also sees ended.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { hasTools } from "../../../test/tools.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { deathSignalPrefix, startProcess, type ProcessHost } from "./container-process.ts";
import { ProcessLedger } from "./process-ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "dunlin-process-"));
after(() => rmSync(folder, { recursive: true }));

const path = "/usr/local/bin:/usr/bin:/bin";
const prefix = await deathSignalPrefix(path);

let ledgers = 0;
function newHost(): ProcessHost & { readonly ledgerFolder: string } {
  const ledgerFolder = join(folder, `ledger-${ledgers++}`);
  mkdirSync(ledgerFolder);
  return { clock: wallClock, ledger: new ProcessLedger(ledgerFolder), prefix, ledgerFolder };
}

/** Collects the output, and lets a test wait for a text in it. */
async function start(script: string, host = newHost()) {
  let output = "";
  const listeners = new Set<() => void>();
  const process = await startProcess(
    {
      command: ["sh", "-c", script],
      env: { PATH: path, COLOR: "red" },
      cwd: folder,
      onOutput: (_stream, chunk) => {
        output += chunk.toString();
        for (const listener of listeners) listener();
      },
    },
    host,
  );
  const printed = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = () => output.includes(text) && resolve();
      listeners.add(look);
      look();
    });
  return { process, printed, output: () => output };
}

const isRunning = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
};

function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

async function gone(pid: number): Promise<void> {
  const deadlineMs = wallClock.nowMs() + 10_000;
  while (isRunning(pid)) {
    assert.ok(wallClock.nowMs() < deadlineMs, `process ${pid} still runs`);
    await new Promise((resolve) => wallClock.after(5, () => resolve(undefined)));
  }
}

test("a process runs in its folder, with its environment and nothing of ours", async () => {
  const { process, output } = await start("pwd; echo $COLOR $USER; echo oops >&2; exit 3");
  assert.deepEqual(await process.exited, { exitCode: 3 });
  assert.deepEqual(output().split("\n").slice(0, 2), [folder, "red"]);
  assert.match(output(), /oops/);
});

const ends: readonly {
  readonly name: string;
  readonly script: string;
  readonly signals: readonly NodeJS.Signals[];
  readonly exit: object;
}[] = [
  {
    name: "ends on SIGTERM",
    script: "echo up; sleep 60",
    signals: ["SIGTERM"],
    exit: { exitCode: 143, signal: 15 },
  },
  {
    name: "handles SIGTERM",
    script: "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done",
    signals: ["SIGTERM"],
    exit: { exitCode: 0 },
  },
  {
    name: "ignores SIGTERM",
    script: "trap '' TERM; echo up; while :; do sleep 0.05; done",
    signals: ["SIGTERM", "SIGKILL"],
    exit: { exitCode: 137, signal: 9 },
  },
];

for (const { name, script, signals, exit } of ends)
  test(`a process that ${name}`, async () => {
    const { process, printed } = await start(script);
    await printed("up");
    for (const signal of signals) process.signal(signal);
    assert.deepEqual(await process.exited, exit);
    process.signal("SIGTERM"); // Too late, and no error.
  });

test("what a process started ends with it", async () => {
  const { process, printed, output } = await start("sleep 60 & echo child=$!.; sleep 0.05; exit 0");
  await printed(".");
  const child = Number(/child=(\d+)/.exec(output())?.[1]);
  assert.deepEqual(await process.exited, { exitCode: 0 });
  await gone(child);
});

test("a process that cannot be listed does not run on unknown to anyone", async () => {
  const host = newHost();
  rmSync(host.ledgerFolder, { recursive: true });
  await assert.rejects(start("sleep 60", host), { code: "ENOENT" });
  const here = readdirSync("/proc")
    .map(Number)
    .filter((pid) => folderOf(pid) === folder);
  for (const pid of here) await gone(pid);
});

writeFileSync(join(folder, "plain-file"), "", { mode: 0o644 });

const failures: readonly (readonly [program: string, message: RegExp])[] = [
  ["no-such-program", /exec: "no-such-program": executable file not found in \$PATH/],
  ["./no-such-file", /exec: "\.\/no-such-file": stat .*: no such file or directory/],
  ["./plain-file", /exec: "\.\/plain-file": stat .*: permission denied/],
  ["/", /exec: "\/": stat \/: is a directory/],
  ["", /executable file not found/],
];

for (const [program, message] of failures)
  test(`"${program}" cannot be started, and the error says why`, () =>
    assert.rejects(
      startProcess(
        { command: [program], env: { PATH: path }, cwd: folder, onOutput: () => {} },
        newHost(),
      ),
      { name: "StartError", message },
    ));

test("a folder of the PATH that cannot be looked into is passed over", async () => {
  const loop = join(folder, "loop");
  symlinkSync(loop, loop);
  const env = { PATH: `${loop}:${path}` };
  const options = { command: ["true"], env, cwd: folder, onOutput: () => {} };
  const { exited } = await startProcess(options, newHost());
  assert.deepEqual(await exited, { exitCode: 0 });
});

test("the ledger lists what runs and forgets what ended", async () => {
  const host = newHost();
  const { process, printed } = await start("echo up; sleep 60", host);
  await printed("up");
  assert.deepEqual(readdirSync(host.ledgerFolder), [String(process.pid)]);
  process.signal("SIGKILL");
  await process.exited;
  assert.deepEqual(readdirSync(host.ledgerFolder), []);
});

test("the next owner of a ledger ends what is left, children of the dead too", async () => {
  const host = newHost();
  const script = "setsid sh -c 'echo child=$$.; exec sleep 60' & sleep 60";
  const { process, printed, output } = await start(script, host);
  await printed(".");
  const child = Number(/child=(\d+)/.exec(output())?.[1]);
  assert.ok((await new ProcessLedger(host.ledgerFolder).endOrphans()) >= 2);
  assert.deepEqual(await process.exited, { exitCode: 137, signal: 9 });
  await gone(child);
  assert.deepEqual(readdirSync(host.ledgerFolder), []);
});

test("a process that merely has a listed pid is left alone", async () => {
  const host = newHost();
  const stranger = spawn("sleep", ["60"]);
  const pid = stranger.pid ?? 0;
  host.ledger.add(pid, "its token");
  const file = join(host.ledgerFolder, String(pid));
  const entry = JSON.parse(readFileSync(file, "utf8")) as { startTicks: string };

  writeFileSync(file, JSON.stringify({ ...entry, startTicks: `${Number(entry.startTicks) - 1}` }));
  assert.equal(await host.ledger.endOrphans(), 0);
  assert.ok(isRunning(pid));
  const ended = new Promise((resolve) => stranger.once("exit", resolve));
  stranger.kill("SIGKILL");
  await ended;
});

/** A cluster process in small: starts a container, prints its pid, and waits to be killed. */
const owner = (ledgerFolder: string, ownPrefix: readonly string[]): string => `
  const { startProcess } = await import(${JSON.stringify(import.meta.resolve("./container-process.ts"))});
  const { ProcessLedger } = await import(${JSON.stringify(import.meta.resolve("./process-ledger.ts"))});
  const { wallClock } = await import(${JSON.stringify(import.meta.resolve("../../lib/wall-clock.ts"))});
  const ledger = new ProcessLedger(${JSON.stringify(ledgerFolder)});
  const child = await startProcess(
    { command: ["sleep", "60"], env: { PATH: ${JSON.stringify(path)} }, cwd: "/", onOutput() {} },
    { clock: wallClock, ledger, prefix: ${JSON.stringify(ownPrefix)} });
  process.stdout.write("child=" + child.pid + ".");`;

async function killOwner(ledgerFolder: string, ownPrefix: readonly string[]): Promise<number> {
  const script = owner(ledgerFolder, ownPrefix);
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const child = await new Promise<number>((resolve) => {
    let output = "";
    parent.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const pid = /child=(\d+)\./.exec(output)?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
  });
  // Until then it is setpriv, which has yet to ask the kernel for the signal.
  while (readFileSync(`/proc/${child}/comm`, "utf8") !== "sleep\n") await nextTurn();
  const ended = new Promise((resolve) => parent.once("exit", resolve));
  parent.kill("SIGKILL");
  await ended;
  return child;
}

test("kill -9 of the cluster takes its containers along", async (t) => {
  if (!hasTools(t, "setpriv")) return;
  const { ledgerFolder } = newHost();
  await gone(await killOwner(ledgerFolder, prefix));
});

test("without setpriv the next start ends what kill -9 left", async () => {
  const { ledger, ledgerFolder } = newHost();
  const child = await killOwner(ledgerFolder, []);
  assert.ok(isRunning(child));
  assert.equal(await ledger.endOrphans(), 1);
  await gone(child);
});
