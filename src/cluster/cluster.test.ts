import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { KubeClient } from "../kube/client.ts";
import { readKubeconfig } from "../kube/kubeconfig.ts";
import { httpTransport } from "../kube/transport.ts";
import { configMapKind } from "../resources/config-map.ts";
import { deploymentKind, type Deployment } from "../resources/deployment.ts";
import { ingressKind } from "../resources/ingress.ts";
import { namespaceKind } from "../resources/namespace.ts";
import { podKind, type Pod } from "../resources/pod.ts";
import { serviceKind } from "../resources/service.ts";
import { startCluster, type Cluster, type ClusterOptions } from "./cluster.ts";
import { isReady, isTerminating } from "../resources/pod-state.ts";

/** What a test started, ended in reverse order, which `context.after` alone does not do. */
const ends = new WeakMap<TestContext, AsyncDisposableStack>();

function atEnd(context: TestContext, end: () => void | Promise<void>): void {
  let stack = ends.get(context);
  if (!stack) {
    const created = new AsyncDisposableStack();
    context.after(() => created.disposeAsync());
    ends.set(context, created);
    stack = created;
  }
  stack.defer(end);
}

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  atEnd(context, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function optionsFor(dataDir: string, more: Partial<ClusterOptions> = {}): ClusterOptions {
  return {
    clock: wallClock,
    random: seededRandom(Date.now() % 1_000_000),
    log: () => {},
    dataDir,
    persistent: false,
    apiPort: 0,
    ingressPort: 0,
    capacity: { cpu: "8", memory: "8Gi", gpus: 2 },
    images: [{ image: "greeter", command: [process.execPath, "-e", greeter] }],
    customKinds: [],
    admission: [],
    ...more,
  };
}

async function startIn(context: TestContext, dataDir: string, more: Partial<ClusterOptions> = {}) {
  const cluster = await startCluster(optionsFor(dataDir, more));
  atEnd(context, () => cluster.close());
  return cluster;
}

/** Answers with its version, 20 ms after it was asked, and finishes what it has begun when it is told to stop. */
const greeter = `
  const server = require("node:http").createServer((request, response) => {
    request.resume().on("end", () => setTimeout(() => response.end(process.env.GREETING), 20));
  });
  server.listen(8080, process.env.POD_IP);
  process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

function greeterDeployment(greeting: string, replicas: number): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "hello", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "hello" } },
      template: {
        metadata: { labels: { app: "hello" } },
        spec: {
          containers: [
            {
              name: "main",
              image: "greeter",
              env: [
                { name: "GREETING", value: greeting },
                { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              ],
              readinessProbe: { tcpSocket: { port: 8080 } },
            },
          ],
        },
      },
    },
  };
}

async function exposeGreeter(client: KubeClient): Promise<void> {
  const metadata = { name: "hello", namespace: "default" };
  await client.create(serviceKind, {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { selector: { app: "hello" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const backend = { service: { name: "hello", port: { number: 80 } } };
  await client.create(ingressKind, {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata,
    spec: {
      rules: [
        {
          host: "hello.example.com",
          http: { paths: [{ path: "/", pathType: "Prefix", backend }] },
        },
      ],
    },
  });
}

type Answer = { readonly status: number; readonly body: string };

async function greet({ ingress }: Cluster, agent: Agent): Promise<Answer> {
  const request = httpRequest({
    agent,
    host: ingress.host,
    port: ingress.port,
    method: "POST",
    headers: { host: "hello.example.com" },
  });
  request.end("hi");
  const [response] = await once(request, "response");
  return { status: response.statusCode, body: await text(response) };
}

/** Asks again and again until the pods are as wanted: the API is the only way to know. */
async function untilPods(client: KubeClient, holds: (pods: readonly Pod[]) => boolean) {
  for (;;) {
    const { items, resourceVersion } = await client.list(podKind, { namespace: "default" });
    if (holds(items)) return items;
    const stop = new AbortController();
    for await (const _ of client.watch(podKind, { resourceVersion, signal: stop.signal })) break;
    stop.abort();
  }
}

const allReady = (count: number) => (pods: readonly Pod[]) =>
  pods.length === count && pods.every((pod) => isReady(pod) && !isTerminating(pod));

test("clients see only 200s while replicas come, go and are replaced", async (context) => {
  const cluster = await startIn(context, temporaryFolder(context));
  const client = new KubeClient(cluster.transport);
  const key = { namespace: "default", name: "hello" };
  await client.create(deploymentKind, greeterDeployment("one", 1));
  await exposeGreeter(client);
  await untilPods(client, allReady(1));

  const agent = new Agent({ keepAlive: true });
  atEnd(context, () => agent.destroy());
  const seen = new Map<string, number>();
  let stopping = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!stopping) {
      const { status, body } = await greet(cluster, agent);
      const answer = `${status} ${body}`;
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
    }
  });
  await client.patch(deploymentKind, key, { spec: { replicas: 4 } }, { subresource: "scale" });
  await untilPods(client, allReady(4));
  await client.patch(deploymentKind, key, { spec: { replicas: 2 } }, { subresource: "scale" });
  await untilPods(client, allReady(2));
  await client.patch(deploymentKind, key, {
    spec: { template: greeterDeployment("two", 2).spec.template },
  });
  await untilPods(
    client,
    (pods) =>
      allReady(2)(pods) && pods.every(({ spec }) => spec.containers[0]?.env?.[0]?.value === "two"),
  );
  stopping = true;
  await Promise.all(load);
  assert.deepEqual([...seen.keys()].toSorted(), ["200 one", "200 two"], JSON.stringify([...seen]));
  assert.deepEqual((await client.get(ingressKind, key))?.status?.loadBalancer, {
    ingress: [{ ip: "127.0.0.1" }],
  });
});

test("a cluster that is closed leaves no port and no pod behind", async (context) => {
  const folder = temporaryFolder(context);
  const cluster = await startCluster(optionsFor(folder));
  const client = new KubeClient(cluster.transport);
  await client.create(deploymentKind, greeterDeployment("one", 2));
  const pods = await untilPods(client, allReady(2));
  await cluster.close();
  const ports = [
    [cluster.ingress.host, cluster.ingress.port],
    [new URL(cluster.apiUrl).hostname, Number(new URL(cluster.apiUrl).port)],
    [cluster.hostAddress, 10_250],
    ...pods.map(({ status }) => [status?.podIP, 8080] as const),
  ] as const;
  for (const [host, port] of ports) {
    const server = createServer().listen(port, host);
    await once(server, "listening"); // Nobody else listens there any more.
    server.close();
  }
});

test("objects, kubeconfig and token outlive a restart", async (context) => {
  const folder = temporaryFolder(context);
  const first = await startCluster(optionsFor(folder, { persistent: true }));
  await new KubeClient(first.transport).create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kept", namespace: "default" },
    data: { a: "b" },
  });
  const before = readKubeconfig(first.kubeconfigPath);
  await first.close();

  const port = Number(new URL(first.apiUrl).port);
  const second = await startIn(context, folder, { persistent: true, apiPort: port });
  assert.deepEqual(readKubeconfig(second.kubeconfigPath), before);
  assert.equal(statSync(second.kubeconfigPath).mode & 0o777, 0o600);
  const http = httpTransport(before);
  atEnd(context, () => http.close());
  const client = new KubeClient(http.transport);
  const kept = await client.get(configMapKind, { namespace: "default", name: "kept" });
  assert.deepEqual(kept?.data, { a: "b" });
});

test("after a restart among other addresses, Services have new ones, and pods are told these", async (context) => {
  const folder = temporaryFolder(context);
  const first = await startCluster(optionsFor(folder, { persistent: true }));
  const before = new KubeClient(first.transport);
  await exposeGreeter(before);
  const old = await before.get(serviceKind, { namespace: "default", name: "hello" });
  await before.create(deploymentKind, greeterDeployment("$(HELLO_SERVICE_HOST)", 1));
  await untilPods(before, allReady(1));
  await first.close();

  // As another cluster would, which took the addresses meanwhile.
  const claim = createServer().listen(10_250, first.hostAddress);
  await once(claim, "listening");
  atEnd(context, () => void claim.close());
  const second = await startIn(context, folder, { persistent: true });
  const client = new KubeClient(second.transport);
  const isOfSecond = ({ status }: Pod): boolean =>
    status?.podIP?.split(".")[1] === second.hostAddress.split(".")[1];
  await untilPods(client, (pods) => allReady(1)(pods) && pods.every(isOfSecond));
  const service = await client.get(serviceKind, { namespace: "default", name: "hello" });
  assert.notEqual(service?.spec.clusterIP, old?.spec.clusterIP);
  const agent = new Agent();
  atEnd(context, () => agent.destroy());
  assert.deepEqual(await greet(second, agent), { status: 200, body: service?.spec.clusterIP });
});

test("a service of the cluster's own process has a name", async (context) => {
  const folder = temporaryFolder(context);
  const cluster = await startIn(context, folder, { persistent: true });
  const service = { namespace: "istio-system", name: "prometheus", port: 9090 };
  for (const targetPort of [19_090, 29_090]) {
    await cluster.publish({ ...service, address: cluster.hostAddress, targetPort });
    for (const name of ["prometheus.istio-system.svc", "prometheus.istio-system.svc.cluster.local"])
      assert.deepEqual(cluster.resolve(name, 9090), {
        address: cluster.hostAddress,
        port: targetPort,
      });
  }
  assert.equal(cluster.resolve("prometheus.istio-system.svc", 80), undefined);
  assert.equal(cluster.resolve("example.com", 9090), undefined);
  const client = new KubeClient(cluster.transport);
  assert.ok(await client.get(namespaceKind, { name: "istio-system" }));
});

test("what cannot be used is named, with the flag that helps, and nothing stays behind", async (context) => {
  const folder = temporaryFolder(context);
  const running = await startIn(context, folder, { persistent: true });
  const file = join(folder, "file");
  writeFileSync(file, "");
  const port = { api: Number(new URL(running.apiUrl).port), ingress: running.ingress.port };
  const other = temporaryFolder(context);
  const failures: readonly [what: string, options: ClusterOptions, says: RegExp][] = [
    ["in use", optionsFor(folder, { persistent: true }), /in use.*--data-dir/],
    ["a file", optionsFor(file), /cannot use the data directory .*file.*--data-dir/],
    ["below a file", optionsFor(join(file, "x")), /cannot use the data directory .*--data-dir/],
    ["takes nothing", optionsFor("/proc/dunlin"), /cannot use the data directory .*--data-dir/],
    ["API port", optionsFor(other, { apiPort: port.api }), /port \d+ .*in use.*--api-port/],
    ["door", optionsFor(other, { ingressPort: port.ingress }), /port \d+ .*in use.*--ingress-port/],
  ];
  for (const [what, options, says] of failures)
    await assert.rejects(startCluster(options), says, what);
  await startIn(context, other);
  assert.match(readFileSync(running.kubeconfigPath, "utf8"), /"token"/);
});
