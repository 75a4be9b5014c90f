// Beside the originals: Debian's promtool asks our Prometheus API, and a real Prometheus drives a
// ScaledObject of ours.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventually, example, startDunlin, type RunningDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

/** Where the cluster's own Prometheus listens, as its EndpointSlice says. */
async function ownPrometheus({ kubectl }: RunningDunlin): Promise<string> {
  const address = await kubectl(
    "get endpointslices -n istio-system -l kubernetes.io/service-name=prometheus -o jsonpath={.items[0].endpoints[0].addresses[0]}:{.items[0].ports[0].port}",
  );
  return `http://${address}`;
}

test("promtool asks our Prometheus for what the model servers report", async (t) => {
  if (!hasTools(t, "kubectl", "promtool")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  await dunlin.kubectl(`apply -f ${example("huggingface-qwen.yaml")}`);
  await dunlin.kubectl(
    "wait --for=condition=Ready inferenceservice/huggingface-qwen --timeout=60s",
  );
  const server = await ownPrometheus(dunlin);
  const found = await eventually("the gauge is there", async () => {
    const { stdout } = await dunlin.run("promtool", [
      "query",
      "instant",
      server,
      "vllm:num_requests_running",
    ]);
    return stdout.includes("model_name") ? stdout : undefined;
  });
  assert.match(
    found,
    /vllm:num_requests_running\{.*model_name="qwen".*namespace="default".*pod="huggingface-qwen-predictor-[a-z0-9]+-[a-z0-9]{5}".*\} => 0 @/,
  );
  const promtool = (...args: readonly string[]) => dunlin.run("promtool", ["query", ...args]);
  const labels = await promtool("labels", server, "pod");
  assert.match(labels.stdout, /^huggingface-qwen-predictor-[a-z0-9]+-[a-z0-9]{5}$/m);
  const series = await promtool("series", "--match=up", server);
  assert.match(series.stdout, /^\{__name__="up", .*job="kubernetes-pods".*\}$/m);
  const now = Math.floor(Date.now() / 1000);
  const range = await promtool(
    "range",
    `--start=${now - 60}`,
    `--end=${now + 1}`,
    "--step=1s",
    server,
    "sum(up)",
  );
  assert.match(range.stdout, /^\{\} =>\n(?:0 @\[\d+\]\n)*1 @\[\d+\]$/m);
  const scalar = await promtool("instant", server, "1 + 1");
  assert.match(scalar.stdout, /^scalar: 2 @\[/);
  const cases = [
    { args: ["instant", server, "sum("], complaint: /bad_data: .*parse error/ },
    {
      args: ["instant", server, 'up + on() {__name__=~"vllm:num_.*"}'],
      complaint: /execution: .*match/,
    },
    {
      args: ["range", "--start=1", `--end=${now}`, "--step=1s", server, "up"],
      complaint: /exceeded maximum resolution of 11,000 points/,
    },
    { args: ["series", "--match=sum(up)", server], complaint: /expected a series selector/ },
  ];
  for (const { args, complaint } of cases) {
    const { code, stderr } = await promtool(...args);
    assert.notEqual(code, 0, args.join(" "));
    assert.match(stderr, complaint);
  }
});

/** A real Prometheus that scrapes one exporter, whose gauge the test sets, and may send it on. */
async function realPrometheus(
  t: TestContext,
  { writesTo }: { readonly writesTo?: string } = {},
): Promise<{ url: string; set(load: number): void }> {
  let load = 0;
  const exporter = createServer((_request, response) => response.end(`queue_length ${load}\n`));
  const listening = (server: typeof exporter): Promise<number> =>
    new Promise((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
    );
  const exporterPort = await listening(exporter);
  // Prometheus wants a port by number; one that was just free will do.
  const probe = createServer();
  const port = await listening(probe);
  await new Promise((resolve) => probe.close(resolve));

  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  const config = {
    global: { scrape_interval: "1s" },
    scrape_configs: [
      { job_name: "queue", static_configs: [{ targets: [`127.0.0.1:${exporterPort}`] }] },
    ],
    ...(writesTo && {
      remote_write: [{ url: writesTo, queue_config: { batch_send_deadline: "1s" } }],
    }),
  };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config)); // JSON is YAML.
  const server = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  const exited = new Promise((resolve) => server.once("exit", resolve));
  t.after(async () => {
    server.kill("SIGTERM");
    await exited;
    exporter.closeAllConnections();
    exporter.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually("Prometheus is ready", async () =>
    (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok ? true : undefined,
  );
  return { url, set: (next) => void (load = next) };
}

test("a real Prometheus drives a ScaledObject", async (t) => {
  if (!hasTools(t, "kubectl", "prometheus")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const prometheus = await realPrometheus(t);
  await drivesReplicas(dunlin, prometheus, prometheus.url);
});

test("what a real Prometheus pushes to ours drives a ScaledObject", async (t) => {
  if (!hasTools(t, "kubectl", "prometheus")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const writesTo = `${await ownPrometheus(dunlin)}/api/v1/write`;
  const prometheus = await realPrometheus(t, { writesTo });
  await drivesReplicas(dunlin, prometheus, "http://prometheus.istio-system.svc.cluster.local:9090");
});

/** Three replicas follow a queue of 25, ten to each, that is asked for at `serverAddress`. */
async function drivesReplicas(
  { kubectl }: RunningDunlin,
  prometheus: { set(load: number): void },
  serverAddress: string,
): Promise<void> {
  await kubectl("create deployment worker --image=none -- sleep 600");
  const scaledObject = {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "worker" },
    spec: {
      scaleTargetRef: { name: "worker" },
      pollingInterval: 1,
      minReplicaCount: 1,
      maxReplicaCount: 4,
      triggers: [
        {
          type: "prometheus",
          metadata: { serverAddress, query: "queue_length", threshold: "10" },
        },
      ],
    },
  };
  await kubectl("apply -f -", JSON.stringify(scaledObject));
  prometheus.set(25);
  await eventually("three replicas", async () =>
    (await kubectl("get deployment worker -o jsonpath={.spec.replicas}")) === "3"
      ? true
      : undefined,
  );
  await kubectl("rollout status deployment/worker --timeout=30s");
}
