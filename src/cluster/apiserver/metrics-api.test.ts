// What is used, as `kubectl top` asks for it: rates over the time between two readings, or since the
// start of a container that was not there at the earlier one.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ContainerUsage, PodUsage } from "./node-access.ts";
import { nodeThat, openTestPlane, pod, pods, startMs } from "./plane-fixture.ts";

const metrics = "/apis/metrics.k8s.io/v1beta1";
const second = 1_000_000_000;

/** A node whose counters a test sets. */
async function openMetrics(t: TestContext) {
  const { call, plane, clock } = openTestPlane();
  t.after(() => plane.close());
  const uids = new Map<string, string>();
  for (const [name, app] of [
    ["web", "a"],
    ["db", "b"],
  ] as const) {
    const body = { ...pod(name, { nodeName: "n" }), metadata: { name, labels: { app } } };
    uids.set(name, (await call("POST", pods, body)).body.metadata.uid);
  }
  await call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
  const used = new Map<string, readonly ContainerUsage[]>();
  const usage = () =>
    Promise.resolve(
      [...used].map(([name, containers]): PodUsage => ({
        namespace: "default",
        name,
        uid: uids.get(name) ?? "",
        atMs: clock.nowMs(),
        containers,
      })),
    );
  plane.setNode(nodeThat({ usage }));
  const use = (
    name: string,
    cpuNanoseconds: number,
    startedAtMs = startMs,
    memoryBytes = 1 << 20,
  ) => used.set(name, [{ name: "c", startedAtMs, cpuNanoseconds, memoryBytes }]);
  const pass = async (ms: number) => {
    clock.advance(ms);
    await nextTurn();
  };
  return { call, use, used, pass };
}

test("a pod that has just started is measured from its start", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", second);
  await pass(4_000);
  const { body, status } = await call("GET", `${metrics}/namespaces/default/pods/web`);
  assert.equal(status, 200);
  assert.deepEqual(body, {
    apiVersion: "metrics.k8s.io/v1beta1",
    kind: "PodMetrics",
    metadata: {
      name: "web",
      namespace: "default",
      labels: { app: "a" },
      creationTimestamp: "2026-01-02T03:04:09Z",
    },
    timestamp: "2026-01-02T03:04:09Z",
    window: "4.000s",
    containers: [{ name: "c", usage: { cpu: "250000000n", memory: "1024Ki" } }],
  });
});

test("later, the present use counts, not that of the whole life", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", 100 * second);
  await pass(15_000);
  await pass(15_000);
  use("web", 105 * second);
  await pass(10_000);
  const { body } = await call("GET", `${metrics}/pods`);
  assert.equal(body.kind, "PodMetricsList");
  assert.equal(body.items[0].window, "10.000s");
  assert.equal(body.items[0].containers[0].usage.cpu, "500000000n");
});

test("a reading that is too near is passed over for the one before", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", 0);
  await pass(15_000);
  await pass(15_000);
  use("web", 8 * second);
  await pass(1_000);
  const { body } = await call("GET", `${metrics}/pods`);
  assert.equal(body.items[0].window, "16.000s");
  assert.equal(body.items[0].containers[0].usage.cpu, "500000000n");
});

test("a container that was started again counts from its new start", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", 100 * second);
  await pass(15_000);
  use("web", second, startMs + 15_000);
  await pass(10_000);
  const { body } = await call("GET", `${metrics}/pods`);
  assert.equal(body.items[0].containers[0].usage.cpu, "100000000n");
});

test("pods that do not run, or only just do, have no metrics yet", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("db", 0);
  await pass(500);
  assert.deepEqual((await call("GET", `${metrics}/pods`)).body.items, []);
  for (const name of ["web", "db", "none"]) {
    const { body, status } = await call("GET", `${metrics}/namespaces/default/pods/${name}`);
    assert.equal(status, 404);
    assert.equal(body.message, `podmetrics.metrics.k8s.io "default/${name}" not found`);
  }
});

test("lists are of a namespace, of labels, of names", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", 0);
  use("db", 0);
  await pass(5_000);
  const names = async (path: string): Promise<readonly string[]> => {
    const { body } = await call("GET", metrics + path);
    return body.items.map((item: { metadata: { name: string } }) => item.metadata.name).sort();
  };
  assert.deepEqual(await names("/pods"), ["db", "web"]);
  assert.deepEqual(await names("/namespaces/default/pods?labelSelector=app%3Da"), ["web"]);
  assert.deepEqual(await names("/pods?fieldSelector=metadata.name%3Ddb"), ["db"]);
  assert.deepEqual(await names("/namespaces/other/pods"), []);
  const bad = await call("GET", `${metrics}/pods?labelSelector=a%3D%3D%3Db`);
  assert.equal(bad.status, 400);
});

test("the node uses what its pods use", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", second);
  use("db", 3 * second);
  await pass(4_000);
  const { body } = await call("GET", `${metrics}/nodes/n`);
  assert.deepEqual(body.usage, { cpu: "1000000000n", memory: "2048Ki" });
  assert.equal((await call("GET", `${metrics}/nodes`)).body.kind, "NodeMetricsList");
  const none = await call("GET", `${metrics}/nodes/other`);
  assert.equal(none.body.message, 'nodemetrics.metrics.k8s.io "other" not found');
});

test("kubectl get prints them, and nothing but reading is served", async (t) => {
  const { call, use, pass } = await openMetrics(t);
  use("web", second);
  await pass(4_000);
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const table = await call("GET", `${metrics}/pods`, undefined, { accept });
  assert.deepEqual(
    table.body.rows.map((row: { cells: unknown }) => row.cells),
    [["web", "250000000n", "1024Ki", "4.000s"]],
  );
  assert.equal((await call("GET", `${metrics}/pods?watch=true`)).status, 405);
  assert.equal((await call("DELETE", `${metrics}/pods`)).status, 405);
  assert.equal((await call("GET", `${metrics}/things`)).status, 404);
  assert.equal((await call("GET", "/apis/metrics.k8s.io/v1/pods")).status, 404);
});
