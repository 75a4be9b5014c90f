// `--prometheus external`: Debian's Prometheus in place of ours. It sees the same targets, drives the
// same scaling, and ends with the cluster in every way in which that can end.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, repository, runProgram, startDunlin, type RunningDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

const external = { args: ["--prometheus", "external"] };

/** The address of the Prometheus that the in-cluster Service points at. */
async function serverOf({ kubectl }: RunningDunlin): Promise<string> {
  const address = await kubectl(
    "get endpointslices -n istio-system -l kubernetes.io/service-name=prometheus -o jsonpath={.items[0].endpoints[0].addresses[0]}:{.items[0].ports[0].port}",
  );
  return `http://${address}`;
}

/** Whether a Prometheus answers there. */
async function answers(server: string): Promise<boolean> {
  const response = await fetch(`${server}/-/ready`).catch(() => undefined);
  return response?.ok === true;
}

/** Its process, by the lock that it has taken on its data: the one with this folder in its command. */
async function pidOf({ dataDir, run }: RunningDunlin): Promise<number> {
  const { stdout } = await run("pgrep", ["-f", `^[^ ]*prometheus .*${dataDir}/prometheus/data`]);
  const [pid] = stdout.trim().split("\n");
  assert.match(pid ?? "", /^\d+$/, `the only Prometheus on ${dataDir}: ${stdout}`);
  return Number(pid);
}

test("the tutorial passes with a real Prometheus", async (t) => {
  if (!hasTools(t, "prometheus")) return;
  const env = process.env as Readonly<Record<string, string>>;
  const args = ["tutorial", "--prometheus", "external"];
  const { code, stdout, stderr } = await runProgram(join(repository, "dunlin"), args, env);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /, 0 errors$/m);
  assert.match(stdout, /metric changes → \/scale written +[\d.]+ m?s$/m);
  assert.match(stdout, /load step → third pod Ready +[\d.]+ s$/m);
});

test("a real Prometheus ends with the cluster, and is started again when it ends alone", async (t) => {
  if (!hasTools(t, "kubectl", "prometheus", "pgrep")) return;
  const dunlin = await startDunlin(external);
  t.after(() => dunlin.stop());
  const server = await serverOf(dunlin);
  const info = await fetch(`${server}/api/v1/status/buildinfo`);
  const { data } = (await info.json()) as { data: { goVersion: string } };
  assert.match(data.goVersion, /^go/, "it is the real one");

  const pid = await pidOf(dunlin);
  process.kill(pid, "SIGKILL");
  await eventually("it is back, at the same address", async () =>
    (await answers(server)) && (await pidOf(dunlin)) !== pid ? true : undefined,
  );
  const log = readFileSync(join(dunlin.dataDir, "dunlin.log"), "utf8");
  assert.match(log, /prometheus ended with exit code 137: .*it is started again/);

  await dunlin.kill("SIGINT");
  assert.equal(await answers(server), false);
  assert.match(
    readFileSync(join(dunlin.dataDir, "prometheus.log"), "utf8"),
    /Received SIGTERM, exiting gracefully/,
  );
});

test("kill -9 of the cluster ends it too, and the next start has its samples", async (t) => {
  if (!hasTools(t, "kubectl", "prometheus", "setpriv")) return;
  const home = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const dataDir = join(home, "data");
  const first = await startDunlin({ ...external, dataDir });
  t.after(() => first.stop());
  const server = await serverOf(first);
  await first.kill("SIGKILL");
  await eventually("it has ended", async () => ((await answers(server)) ? undefined : true), 5000);
  const second = await startDunlin({ ...external, dataDir });
  t.after(() => second.stop());
  assert.equal(await answers(await serverOf(second)), true);
});

test("a Prometheus that cannot be had is told before anything is started", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const up = async (which: string) => {
    const args = [join(repository, "src/main.ts"), "up", "--ephemeral", "--prometheus", which];
    const { code, stderr } = await runProgram(process.execPath, args, { PATH: folder });
    assert.equal(code, 2);
    return stderr;
  };
  assert.match(await up("real"), /--prometheus takes internal or external, not "real"/);
  assert.match(await up("external"), /prometheus, which is not on the PATH; install it/);
  const program = join(folder, "prometheus");
  for (const [words, complaint] of [
    [
      "prometheus, version 1.8.2 (branch: HEAD)",
      /from version 2.28 to 3.x, .* says "prometheus, version 1.8.2/,
    ],
    ["prometheus, version 4.0.0", /from version 2.28 to 3.x/],
    ["hello", /says "hello"/],
  ] as const) {
    writeFileSync(program, `#!/bin/sh\necho '${words}'\n`);
    chmodSync(program, 0o755);
    assert.match(await up("external"), complaint);
  }
});

test("a Prometheus that does not come up is told in its own words", async (t) => {
  if (!hasTools(t, "prometheus")) return;
  const home = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const program = join(home, "prometheus");
  writeFileSync(
    program,
    '#!/bin/sh\n[ "$1" = --version ] && echo "prometheus, version 2.42.0" && exit\necho "the disk is full" >&2\nexit 1\n',
  );
  chmodSync(program, 0o755);
  const env = { ...process.env, PATH: `${home}:${process.env["PATH"]}` } as Record<string, string>;
  const args = ["up", "--ephemeral", "--api-port", "0", "--ingress-port", "0"];
  const { code, stderr } = await runProgram(
    join(repository, "dunlin"),
    [...args, "--prometheus", "external"],
    env,
  );
  assert.equal(code, 2, stderr);
  assert.match(stderr, /prometheus ended with exit code 1: the disk is full; its log is /);
});
