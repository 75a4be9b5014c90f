// What the API server does for clients: writes, watches, long lists, and starting with a full store.
// `dunlin up` runs as a process of its own and is spoken to over HTTPS, as by any client.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { makeCertificates } from "../src/cluster/apiserver/certificates.ts";
import { kubeconfigText } from "../src/cluster/apiserver/kubeconfig.ts";
import { startDunlin, type RunningDunlin } from "../test/dunlin.ts";
import { KubeClient } from "../src/kube/client.ts";
import type { Transport } from "../src/kube/transport.ts";
import { startLocalCluster } from "../src/cli/local-cluster.ts";
import { configMapKind } from "../src/resources/config-map.ts";
import { benchClient, inParallel, markOf, type BenchClient } from "./api-client.ts";
import type { WorkerRole } from "./api-worker.ts";
import { milliseconds, quantile, residentMegabytes, type Figure } from "./figure.ts";

const connections = 16;
const writes = 3_000;
const runs = 3;
const merge = "application/merge-patch+json";
const apply = "application/apply-patch+yaml";
const configMaps = "/api/v1/namespaces/default/configmaps";
const watchedPath = `${configMaps}?watch=true&fieldSelector=metadata.name=watched`;
const pods = "/api/v1/namespaces/default/pods";

export async function apiServer(): Promise<readonly Figure[]> {
  return [
    ...(await writeRates()),
    ...(await watchLatency()),
    await fanOut(),
    ...(await storedPods()),
    await processPods(),
  ];
}

async function withDunlin<T>(
  run: (dunlin: RunningDunlin, client: BenchClient) => Promise<T>,
  dataDir?: string,
): Promise<T> {
  const dunlin = await startDunlin({ ...(dataDir !== undefined && { dataDir }) });
  const client = benchClient(dunlin.env["KUBECONFIG"] ?? "", connections);
  try {
    return await run(dunlin, client);
  } finally {
    client.close();
    await dunlin.stop();
  }
}

/** Beside what the same client gets out of a server that only sends back what it was sent. */
async function writeRates(): Promise<readonly Figure[]> {
  const rates = {
    echo: [] as number[],
    create: [] as number[],
    patch: [] as number[],
    apply: [] as number[],
  };
  const rateOf = (ms: number): number => (writes / ms) * 1000;
  const echo = await startEcho();
  try {
    for (let run = 0; run < runs; run++) {
      const bare = benchClient(echo.kubeconfig, connections);
      const bareMs = await inParallel(writes, connections, (index) =>
        bare.send("POST", configMaps, configMap(`echo-${index}`)),
      );
      rates.echo.push(rateOf(bareMs));
      bare.close();
      await withDunlin(async (_dunlin, client) => {
        const name = (index: number): string => `bench-${index}`;
        const create = (index: number): Promise<string> =>
          client.send("POST", configMaps, configMap(name(index)));
        const patch = (index: number): Promise<string> =>
          client.send(
            "PATCH",
            `${configMaps}/${name(index)}`,
            { data: { b: String(index) } },
            merge,
          );
        const applied = (index: number): Promise<string> =>
          client.send(
            "PATCH",
            `${configMaps}/${name(index)}?fieldManager=bench&force=true`,
            configMap(name(index), { applied: String(index) }),
            apply,
          );
        rates.create.push(rateOf(await inParallel(writes, connections, create)));
        rates.patch.push(rateOf(await inParallel(writes, connections, patch)));
        rates.apply.push(rateOf(await inParallel(writes, connections, applied)));
      });
    }
  } finally {
    await echo.close();
  }
  const bare = quantile(rates.echo, 0.5);
  const told = (measured: readonly number[]): string => {
    const rate = quantile(measured, 0.5);
    return `${rate.toFixed(0)}/s (${(rate / bare).toFixed(2)} of a server that only echoes)`;
  };
  const how = `${connections} connections, median of ${runs} × ${writes}`;
  return [
    {
      what: `creates, durable against process crash, ${how}`,
      aim: "≥ 1,500/s",
      measured: told(rates.create),
    },
    { what: `merge patches, as durable, ${how}`, aim: "≥ 1,500/s", measured: told(rates.patch) },
    {
      what: `server-side applies, as durable, ${how}`,
      aim: "≥ 1,000/s",
      measured: told(rates.apply),
    },
  ];
}

const latencyWrites = 1_000;
const betweenWritesMs = 10;
const warmUpWrites = 3_000;

async function watchLatency(): Promise<readonly Figure[]> {
  const echo = await echoRoundTrip();
  const rows = [
    {
      what: "write taken by the API server → watch event received",
      latenciesMs: await takenToSeen(),
    },
    { what: "write sent over HTTPS → watch event received", latenciesMs: await sentToSeen() },
  ];
  return rows.map(({ what, latenciesMs }) => {
    const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => quantile(latenciesMs, share));
    return {
      what: `${what}, ${latencyWrites} writes at 100/s`,
      aim: "p50 < 1 ms, p99 < 15 ms",
      measured:
        `p50 ${milliseconds(p50)} (${(p50 / echo).toFixed(2)} of a round trip to a server that ` +
        `only echoes), p99 ${milliseconds(p99)}`,
    };
  });
}

/** The median at the same pace: what this machine takes for HTTPS between two of its threads. */
async function echoRoundTrip(): Promise<number> {
  const echo = await startEcho();
  const client = benchClient(echo.kubeconfig, connections);
  const roundTripsMs: number[] = [];
  for (let write = 0; write < latencyWrites; write++) {
    const beganMs = performance.now();
    void client
      .send("PATCH", `${configMaps}/watched`, { data: { mark: String(write) } }, merge)
      .then(() => roundTripsMs.push(performance.now() - beganMs));
    await new Promise((resolve) => setTimeout(resolve, betweenWritesMs));
  }
  client.close();
  await echo.close();
  return quantile(roundTripsMs, 0.5);
}

/** The writer is in the server's process, the watcher in a thread of its own, over HTTPS. */
async function takenToSeen(): Promise<readonly number[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "dunlin-bench-"));
  const cluster = await startLocalCluster({
    dataDir,
    persistent: true,
    apiPort: 0,
    ingressPort: 0,
    gpus: 0,
    log: () => {},
  });
  let takenMs = 0;
  const transport: Transport = (request) => {
    takenMs = performance.timeOrigin + performance.now();
    return cluster.transport(request);
  };
  const client = new KubeClient(transport, { fieldManager: "bench" });
  const key = { namespace: "default", name: "watched" };
  await client.create(configMapKind, { apiVersion: "v1", kind: "ConfigMap", metadata: key });
  const worker = startWorker({
    role: "watch",
    kubeconfig: cluster.kubeconfigPath,
    path: watchedPath,
  });
  try {
    const begunMs = new Map<number, number>();
    const latenciesMs: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await once(worker, "message");
    // A cluster that has run for a minute has compiled what it does most.
    for (let write = 0; write < warmUpWrites; write++)
      await client.patch(configMapKind, key, { data: { before: String(write) } });
    worker.on("message", ({ mark, atMs }: { mark: number; atMs: number }) => {
      latenciesMs.push(atMs - (begunMs.get(mark) ?? Number.NaN));
      if (latenciesMs.length === latencyWrites) resolve();
    });
    for (let mark = 0; mark < latencyWrites; mark++) {
      const written = client.patch(configMapKind, key, { data: { mark: String(mark) } });
      begunMs.set(mark, takenMs);
      await written;
      await new Promise((done) => setTimeout(done, betweenWritesMs));
    }
    await promise;
    return latenciesMs;
  } finally {
    await worker.terminate();
    await cluster.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Writer and watcher are one client of a cluster in another process. */
async function sentToSeen(): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  await withDunlin(async (_dunlin, client) => {
    const sentMs = new Map<string, number>();
    const seen = Promise.withResolvers<void>();
    await client.send("POST", configMaps, configMap("watched"));
    for (let write = 0; write < warmUpWrites; write++)
      await client.send(
        "PATCH",
        `${configMaps}/watched`,
        { data: { before: String(write) } },
        merge,
      );
    await client.watch(watchedPath, (line) => {
      const mark = markOf(line);
      const sent = mark === undefined ? undefined : sentMs.get(mark);
      if (sent !== undefined) latenciesMs.push(performance.now() - sent);
      if (latenciesMs.length === latencyWrites) seen.resolve();
    });
    for (let write = 0; write < latencyWrites; write++) {
      const mark = String(write);
      sentMs.set(mark, performance.now());
      void client.send("PATCH", `${configMaps}/watched`, { data: { mark } }, merge);
      await new Promise((resolve) => setTimeout(resolve, betweenWritesMs));
    }
    await seen.promise;
  });
  return latenciesMs;
}

const watchers = 100;
const fanOutWrites = 1_000;

async function fanOut(): Promise<Figure> {
  const rates: number[] = [];
  for (let run = 0; run < runs; run++)
    await withDunlin(async (_dunlin, client) => {
      await client.send("POST", configMaps, configMap("watched"));
      let events = 0;
      const all = Promise.withResolvers<void>();
      for (let watcher = 0; watcher < watchers; watcher++)
        await client.watch(watchedPath, (line) => {
          // Looking into each line would measure this process.
          if (line.length > 0 && ++events === (fanOutWrites + 1) * watchers) all.resolve();
        });
      const beganMs = performance.now();
      await inParallel(fanOutWrites, connections, (index) =>
        client.send("PATCH", `${configMaps}/watched`, { data: { mark: String(index) } }, merge),
      );
      await all.promise;
      rates.push((fanOutWrites * watchers * 1000) / (performance.now() - beganMs));
    });
  return {
    what: `events delivered to ${watchers} watchers, median of ${runs} × ${fanOutWrites} writes`,
    aim: "≥ 20,000/s",
    measured: `${quantile(rates, 0.5).toFixed(0)}/s`,
  };
}

const podCount = 5_000;
const settleMs = 2_000;

/** Pods that wait for a scheduler which nobody runs: objects, without processes. */
async function storedPods(): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "dunlin-bench-"));
  const dataDir = join(home, "data");
  const megabytes: number[] = [];
  const listMs: number[] = [];
  const startMs: number[] = [];
  try {
    await withDunlin(async (dunlin, client) => {
      await inParallel(podCount, connections, (index) => client.send("POST", pods, pod(index)));
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      megabytes.push(residentMegabytes(dunlin.pid));
      for (let list = 0; list < 5; list++) {
        const beganMs = performance.now();
        await client.send("GET", pods);
        listMs.push(performance.now() - beganMs);
      }
    }, dataDir);
    for (let run = 0; run < runs; run++) {
      const beganMs = performance.now();
      await withDunlin(async () => {
        startMs.push(performance.now() - beganMs);
        await Promise.resolve();
      }, dataDir);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  return [
    {
      what: `memory of the cluster process with ${podCount} stored pods`,
      aim: "≤ 350 MB",
      measured: `${quantile(megabytes, 0.5).toFixed(0)} MB`,
    },
    {
      what: `list of all ${podCount} (median of 5)`,
      aim: "< 300 ms",
      measured: milliseconds(quantile(listMs, 0.5)),
    },
    {
      what: `start with ${podCount} objects, from process start (median of ${runs})`,
      aim: "< 2.0 s",
      measured: milliseconds(quantile(startMs, 0.5)),
    },
  ];
}

const processCount = 50;

async function processPods(): Promise<Figure> {
  const readyMs: number[] = [];
  for (let run = 0; run < runs; run++)
    await withDunlin(async (_dunlin, client) => {
      const ready = Promise.withResolvers<void>();
      const names = new Set<string>();
      await client.watch(`${pods}?watch=true&labelSelector=app=many`, (line) => {
        const name = /"name":"(many-[^"]+)"/.exec(line)?.[1];
        if (
          name !== undefined &&
          /"type":"Ready","status":"True"|"status":"True"[^}]*"type":"Ready"/.test(line)
        )
          names.add(name);
        if (names.size === processCount) ready.resolve();
      });
      const beganMs = performance.now();
      await client.send("POST", "/apis/apps/v1/namespaces/default/deployments", manyProcesses());
      await ready.promise;
      readyMs.push(performance.now() - beganMs);
    });
  return {
    what: `Deployment of ${processCount} process pods created → all Ready (median of ${runs})`,
    aim: "< 10 s",
    measured: milliseconds(quantile(readyMs, 0.5)),
  };
}

function manyProcesses(): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "many" },
    spec: {
      replicas: processCount,
      selector: { matchLabels: { app: "many" } },
      template: {
        metadata: { labels: { app: "many" } },
        spec: {
          containers: [{ name: "main", image: "bench", command: ["sleep", "600"] }],
          terminationGracePeriodSeconds: 0,
        },
      },
    },
  };
}

function configMap(name: string, data: object = { a: "1" }): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

function pod(index: number): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `stored-${index}`,
      namespace: "default",
      labels: { app: "stored", index: String(index) },
    },
    spec: {
      schedulerName: "nobody",
      containers: [
        {
          name: "main",
          image: "bench:1",
          args: ["--port=8080", `--name=stored-${index}`],
          env: [{ name: "INDEX", value: String(index) }],
          ports: [{ containerPort: 8080 }],
          resources: { requests: { cpu: "100m", memory: "64Mi" } },
          readinessProbe: { httpGet: { path: "/ready", port: 8080 } },
        },
      ],
    },
  };
}

function startWorker(role: WorkerRole): Worker {
  return new Worker(new URL("api-worker.ts", import.meta.url), { workerData: role });
}

type Echo = { readonly kubeconfig: string; readonly close: () => Promise<void> };

/** In a thread of its own, as the cluster is in a process of its own. */
async function startEcho(): Promise<Echo> {
  const home = mkdtempSync(join(tmpdir(), "dunlin-bench-"));
  const tls = await makeCertificates(Date.now());
  const worker = startWorker({ role: "echo", key: tls.key, cert: tls.cert });
  const [port] = (await once(worker, "message")) as [number];
  const kubeconfig = join(home, "kubeconfig");
  const url = `https://127.0.0.1:${port}`;
  writeFileSync(kubeconfig, kubeconfigText({ url, authority: tls.authority, token: "none" }));
  return {
    kubeconfig,
    async close() {
      await worker.terminate();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
