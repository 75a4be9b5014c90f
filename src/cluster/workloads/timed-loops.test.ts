// What the loops do because time passes: they wait on the clock that they were given, here a virtual one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import { eventKind } from "../../resources/event.ts";
import { nodeKind } from "../../resources/node.ts";
import { conditionOf } from "../../resources/object.ts";
import { podKind } from "../../resources/pod.ts";
import { isReady } from "../../resources/pod-state.ts";
import { startMs } from "../apiserver/plane-fixture.ts";
import { complete, deployment, namespace, startBench, until, web } from "./loops-fixture.ts";

test("a rollout without progress is told when its deadline has passed, and not before", async (context) => {
  const clock = new VirtualClock(startMs);
  const { client, caches, node } = await startBench(context, { clock });
  node.makesReady = () => false;
  await client.create(deploymentKind, deployment("a", 1, { progressDeadlineSeconds: 60 }));
  const progress = () =>
    conditionOf(caches.deployments.get("default/web")?.status?.conditions, "Progressing");
  await until(caches.deployments, () => progress()?.reason === "ReplicaSetUpdated");
  await until(caches.pods, () => caches.pods.list()[0]?.status?.phase === "Running");
  await clock.advance(50_000);
  assert.equal(progress()?.status, "True");
  await clock.advance(20_000);
  await until(caches.deployments, () => progress()?.reason === "ProgressDeadlineExceeded");
  await node.readyAll();
  await until(caches.deployments, () => progress()?.reason === "NewReplicaSetAvailable");
});

test("a pod counts as available once it has been ready for minReadySeconds", async (context) => {
  const clock = new VirtualClock(startMs);
  const { client, caches } = await startBench(context, { clock });
  await client.create(deploymentKind, deployment("a", 2, { minReadySeconds: 30 }));
  const status = () => caches.deployments.get("default/web")?.status;
  await until(caches.deployments, () => status()?.readyReplicas === 2);
  assert.equal(status()?.availableReplicas, 0);
  await clock.advance(30_000);
  await until(caches.deployments, complete(caches));
});

test("a pod that waits is told of again every five minutes", async (context) => {
  const clock = new VirtualClock(startMs);
  const { client, caches } = await startBench(context, { clock });
  await client.create(podKind, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: web,
    spec: { containers: [{ name: "main", image: "a" }], nodeSelector: { disk: "ssd" } },
  });
  const scheduled = () =>
    conditionOf(caches.pods.get("default/web")?.status?.conditions, "PodScheduled");
  await until(caches.pods, () => scheduled()?.status === "False");
  const count = async () => {
    const { items } = await client.list(eventKind, { namespace });
    return items.find(({ reason }) => reason === "FailedScheduling")?.count;
  };
  await eventually(async () => (await count()) === 1);
  await clock.advance(300_000);
  await eventually(async () => (await count()) === 2);
  await client.patch(nodeKind, { name: "node" }, { metadata: { labels: { disk: "ssd" } } });
  await until(caches.pods, () => scheduled()?.status === "True");
});

test("a taint is tolerated for as long as the pod says", async (context) => {
  const clock = new VirtualClock(startMs);
  const { client, caches } = await startBench(context, { clock });
  await client.create(podKind, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: web,
    spec: {
      containers: [{ name: "main", image: "a" }],
      tolerations: [
        { key: "away", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 },
      ],
    },
  });
  await until(caches.pods, () => caches.pods.list().some(isReady));
  const taints = [{ key: "away", effect: "NoExecute" }];
  await client.patch(nodeKind, { name: "node" }, { spec: { taints } });
  await until(caches.nodes, () => {
    const [taint] = caches.nodes.get("node")?.spec?.taints ?? [];
    return taint?.timeAdded !== undefined;
  });
  await clock.advance(50_000);
  assert.ok(caches.pods.get("default/web"));
  await clock.advance(20_000);
  await until(caches.pods, () => caches.pods.list().length === 0);
});

test("a pod of a node that is not there is removed after a while", async (context) => {
  const clock = new VirtualClock(startMs);
  const { client, caches } = await startBench(context, { clock });
  const pod = (name: string, nodeName: string) =>
    client.create(podKind, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name },
      spec: { containers: [{ name: "main", image: "a" }], nodeName },
    });
  await pod("here", "node");
  await pod("nowhere", "nosuch");
  await until(caches.pods, () => caches.pods.list().length === 2);
  await clock.advance(30_000);
  assert.equal(caches.pods.list().length, 2);
  await clock.advance(60_000);
  await until(caches.pods, () => caches.pods.list().length === 1);
  assert.ok(caches.pods.get("default/here"));
});

/** For what no watch tells of: asks until it holds, each time after all that was under way had a turn. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
