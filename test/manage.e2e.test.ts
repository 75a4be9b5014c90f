// A running cluster, managed from another shell: `dunlin status`, `dunlin logs`, `dunlin down`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  eventually,
  example,
  processesOf,
  repository,
  runProgram,
  startDunlin,
  type Output,
} from "./dunlin.ts";
import { hasTools } from "./tools.ts";

const program = join(repository, "dunlin");
const environment = process.env as Readonly<Record<string, string>>;

function dunlin(dataDir: string, ...args: readonly string[]): Promise<Output> {
  return runProgram(program, [...args, "--data-dir", dataDir], environment);
}

test("one shell runs a cluster, another looks at it and stops it", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const running = await startDunlin();
  t.after(() => running.stop());
  const { dataDir } = running;
  await running.kubectl(`apply -f ${example("huggingface-qwen.yaml")}`);
  await running.kubectl(
    "wait --for=condition=Ready inferenceservice/huggingface-qwen --timeout=60s",
  );

  const status = await dunlin(dataDir, "status");
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, /^# Dunlin has been running for \d+s \(process \d+\); state in /);
  assert.match(status.stdout, /^# pods: 1, ready: 1; ScaledObjects: 1$/m);
  assert.match(status.stdout, /^# InferenceService default\/huggingface-qwen is ready at http:/m);
  assert.match(status.stdout, /^export KUBECONFIG=\S+\nexport INGRESS_HOST=/m);
  // What it prints can be evaluated as it stands.
  const script = `eval "$('${program}' status --data-dir '${dataDir}')" && kubectl get isvc -o name`;
  const evaluated = await runProgram("sh", ["-c", script], environment);
  assert.equal(evaluated.stdout, "inferenceservice.serving.kserve.io/huggingface-qwen\n");

  const log = await eventually("the first decision is in the log", async () => {
    const { stdout } = await dunlin(dataDir, "logs");
    return stdout.includes("huggingface-qwen-predictor: hold at 1") ? stdout : undefined;
  });
  const tail = await dunlin(dataDir, "logs", "--tail", "1");
  assert.match(tail.stdout, /^[^\n]+\n$/);
  assert.ok(log.split("\n").length > 1);

  // A follower sees the cluster's last lines, and ends with it.
  const follower = spawn(program, ["logs", "-f", "--data-dir", dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let followed = "";
  follower.stdout.on("data", (chunk: Buffer) => (followed += chunk.toString("utf8")));
  const followerEnded = new Promise((resolve) => follower.once("close", resolve));
  t.after(() => follower.kill("SIGKILL"));
  await eventually("the follower reads", () => (followed === "" ? undefined : true));

  const down = await dunlin(dataDir, "down");
  assert.equal(down.code, 0, down.stderr);
  assert.equal(down.stdout, `Dunlin has stopped; its state stays in ${dataDir}.\n`);
  assert.deepEqual(processesOf(dataDir), []);
  assert.equal(await followerEnded, 0);

  const after = await dunlin(dataDir, "status");
  assert.equal(after.code, 3);
  assert.match(after.stdout, /^# Dunlin is not running with its state in /);
  const again = await dunlin(dataDir, "down");
  assert.equal(again.code, 0);
  assert.match(again.stdout, /^Dunlin is not running/);
});

test("a cluster that keeps nothing is found by its kubeconfig, and leaves nothing", async (t) => {
  const free = ["--api-port", "0", "--ingress-port", "0", "--gpus", "0"];
  const up = spawn(program, ["up", "--ephemeral", ...free], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => up.kill("SIGKILL"));
  const ended = new Promise((resolve) => up.once("close", resolve));
  let output = "";
  up.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  await eventually("the cluster is ready", () => (/INGRESS_PORT=/.test(output) ? true : undefined));
  assert.match(output, /; nothing is kept\.\n# The node's resources .*, no nvidia\.com\/gpu among/);
  const [, dataDir = ""] = /^export KUBECONFIG=(.*)\/kubeconfig$/m.exec(output) ?? [];
  assert.match(
    (await dunlin(dataDir, "status")).stdout,
    /^# pods: 0, ready: 0; ScaledObjects: 0$/m,
  );
  const down = await dunlin(dataDir, "down");
  assert.equal(down.stdout, "Dunlin has stopped; nothing of it is kept.\n");
  assert.equal(await ended, 0);
  assert.ok(!existsSync(dataDir));
  assert.match(
    (await dunlin(dataDir, "status")).stdout,
    /folder of its KUBECONFIG with --data-dir$/m,
  );
});

test("where nothing ever ran, that is said", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  assert.equal((await dunlin(folder, "status")).code, 3);
  const logs = await dunlin(folder, "logs");
  assert.equal(logs.code, 2);
  assert.match(logs.stderr, /^dunlin logs: there is no log at .*dunlin\.log: .*--data-dir/);
  const wrong = await dunlin(folder, "logs", "--tail", "some");
  assert.match(wrong.stderr, /^dunlin logs: --tail takes a whole number/);
});

test("whoever has read enough of a log closes the pipe, and nothing is wrong", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // More than a pipe holds, so that the reader is gone before all is written.
  writeFileSync(join(folder, "dunlin.log"), "a line\n".repeat(200_000));
  const script = `'${program}' logs --data-dir '${folder}' | head -n 1`;
  const { stdout, stderr } = await runProgram("sh", ["-c", script], environment);
  assert.equal(stdout, "a line\n");
  assert.equal(stderr, "");
});

test("a clone without its dependencies says how to get them", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(program, join(folder, "dunlin"));
  const { code, stderr } = await runProgram(join(folder, "dunlin"), ["--help"], environment);
  assert.equal(code, 1);
  assert.match(stderr, /^dunlin: .* run 'npm ci' in \S+\n$/);
});

test("each command lists its options", async () => {
  for (const command of ["up", "down", "status", "logs"]) {
    const { code, stdout } = await runProgram(program, [command, "--help"], environment);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: dunlin ${command} `));
    assert.match(stdout, /--data-dir DIR .*\(default: /);
  }
});
