// What an abrupt end of the cluster process leaves behind: every write that was acknowledged, and no
// process.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KubeClient } from "../src/kube/client.ts";
import { readKubeconfig } from "../src/kube/kubeconfig.ts";
import { httpTransport } from "../src/kube/transport.ts";
import { configMapKind } from "../src/resources/config-map.ts";
import { deploymentKind } from "../src/resources/deployment.ts";
import { podKind } from "../src/resources/pod.ts";
import { eventually, processesOf, repository, startDunlin, type RunningDunlin } from "./dunlin.ts";

function clientOf(dunlin: RunningDunlin): { client: KubeClient; close: () => void } {
  const { transport, close } = httpTransport(readKubeconfig(dunlin.env["KUBECONFIG"] ?? ""));
  return { client: new KubeClient(transport), close };
}

async function sleepers(client: KubeClient, replicas: number): Promise<void> {
  const labels = { app: "sleeper" };
  await client.create(deploymentKind, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "sleeper", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "sleep", image: "none", command: ["sleep", "600"] }] },
      },
    },
  });
}

async function runningPods(client: KubeClient): Promise<number> {
  const { items } = await client.list(podKind, { namespace: "default" });
  return items.filter(({ status }) => status?.phase === "Running").length;
}

test("kill -9 loses no acknowledged write and leaves no pod's process", async (t) => {
  const first = await startDunlin();
  const { dataDir } = first;
  const started = [first];
  // The last one first: the data, which goes with the first one, is in its hands.
  t.after(async () => {
    for (const dunlin of started.toReversed()) await dunlin.stop();
  });
  const before = clientOf(first);
  t.after(before.close);
  await sleepers(before.client, 2);
  await eventually("two pods run", async () =>
    (await runningPods(before.client)) === 2 ? true : undefined,
  );
  assert.ok(processesOf(dataDir).length >= 2, "the pods' processes are seen");

  const acknowledged: string[] = [];
  const writing = (async () => {
    for (let index = 0; index < 100_000; index++) {
      const metadata = { name: `config-${index}`, namespace: "default" };
      await before.client.create(configMapKind, { apiVersion: "v1", kind: "ConfigMap", metadata });
      acknowledged.push(metadata.name);
    }
  })().catch(() => {});
  await eventually("writes are acknowledged", () => (acknowledged.length > 200 ? true : undefined));
  await first.kill("SIGKILL");
  await writing;

  const second = await startDunlin({ dataDir });
  started.push(second);
  const after = clientOf(second);
  t.after(after.close);
  const { items } = await after.client.list(configMapKind, { namespace: "default" });
  const kept = new Set(items.map(({ metadata }) => metadata.name));
  assert.deepEqual(
    acknowledged.filter((name) => !kept.has(name)),
    [],
    "acknowledged writes that are gone",
  );
  await eventually("the pods run again, two and no more", async () => {
    const running = await runningPods(after.client);
    const processes = processesOf(dataDir).filter((pid) => pid !== second.pid);
    return running === 2 && processes.length === 2 ? true : undefined;
  });
  await second.kill("SIGINT");
  assert.deepEqual(processesOf(dataDir), []);
  assert.ok(existsSync(join(dataDir, "kubeconfig")));
});

const abruptEnds: readonly (readonly [name: string, kill: (dunlin: RunningDunlin) => void])[] = [
  ["kill -9", ({ pid }) => process.kill(pid, "SIGKILL")],
  ["kill -9 of its whole group", ({ pid }) => process.kill(-pid, "SIGKILL")],
];

for (const [name, kill] of abruptEnds)
  test(`${name} leaves nothing that a pod's processes started, whatever it did to hide`, async (t) => {
    const dunlin = await startDunlin({ ownGroup: true });
    t.after(() => dunlin.stop());
    const { client, close } = clientOf(dunlin);
    t.after(close);
    const script = "sleep 600 & setsid sleep 600 & setsid sh -c 'setsid sleep 600 &' & wait";
    await client.create(podKind, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "hiding", namespace: "default" },
      spec: { containers: [{ name: "main", image: "none", command: ["sh", "-c", script] }] },
    });
    await eventually("all of it runs", () =>
      processesOf(dunlin.dataDir).length >= 4 ? true : undefined,
    );
    kill(dunlin);
    await eventually("all of it has ended", () =>
      processesOf(dunlin.dataDir).length === 0 ? true : undefined,
    );
  });

test("Ctrl-C in the middle of the tutorial leaves no process and no data", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tutorial = spawn(join(repository, "dunlin"), ["tutorial"], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  tutorial.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  const exited = new Promise<number | null>((resolve) => tutorial.once("exit", resolve));
  t.after(async () => {
    tutorial.kill("SIGINT");
    await exited;
  });
  await eventually("the load is under way", () =>
    /requests in flight: 5/.test(output) ? true : undefined,
  );
  assert.ok(processesOf(folder).length > 1);
  tutorial.kill("SIGINT");
  assert.equal(await exited, 130);
  assert.match(output, /Interrupted/);
  assert.deepEqual(processesOf(folder), []);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("dunlin-")),
    [],
  );
});
