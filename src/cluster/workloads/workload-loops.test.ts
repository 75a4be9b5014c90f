import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeClient } from "../../kube/client.ts";
import type { AdmissionRule } from "../../resources/admission.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import { endpointsKind } from "../../resources/endpoints.ts";
import { eventKind } from "../../resources/event.ts";
import { nodeKind } from "../../resources/node.ts";
import { conditionOf } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { isActive, isReady } from "../../resources/pod-state.ts";
import { replicaSetKind } from "../../resources/replica-set.ts";
import { serviceKind, type Service } from "../../resources/service.ts";
import {
  complete,
  deployment,
  imageOf,
  namespace,
  scale,
  startBench,
  until,
  watchFor,
  web,
} from "./loops-fixture.ts";

const service = (spec: Service["spec"]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: web,
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
});

const scalingEvents = async (client: KubeClient): Promise<string[]> => {
  const { items } = await client.list(eventKind, { namespace });
  const own = items.filter(({ reason }) => reason === "ScalingReplicaSet");
  return own.map(({ message }) => message.replace(/web-\S+/, "SET"));
};

test("from 1 to 5 and back, with never a pod too many", async (context) => {
  const { client, caches } = await startBench(context);
  let most = 0;
  let wanted = 1;
  const violations = watchFor(caches.pods, () => {
    const active = caches.pods.list().filter(isActive).length;
    most = Math.max(most, active);
    return active <= wanted ? undefined : `${active} pods where ${wanted} are wanted`;
  });
  await client.create(deploymentKind, deployment("a", 1));
  await until(caches.deployments, complete(caches));
  for (const pod of caches.pods.list())
    assert.match(pod.metadata.name, /^web-[a-z0-9]+-[a-z0-9]{5}$/);

  wanted = 5;
  await scale(client, 5);
  await until(caches.deployments, complete(caches));
  assert.equal(caches.pods.list().filter(isReady).length, 5);

  await scale(client, 1);
  await until(caches.pods, () => caches.pods.list().length === 1);
  await until(caches.deployments, complete(caches));
  assert.equal(most, 5);
  assert.deepEqual(violations, []);
  assert.deepEqual((await scalingEvents(client)).toSorted(), [
    "Scaled down replica set SET from 5 to 1",
    "Scaled up replica set SET from 0 to 1",
    "Scaled up replica set SET from 1 to 5",
  ]);
});

test("quick changes of mind end at the last one", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 3));
  await until(caches.deployments, complete(caches));
  for (const replicas of [5, 4, 6, 3]) await scale(client, replicas);
  await until(caches.deployments, complete(caches));
  await until(caches.pods, () => caches.pods.list().length === 3);
});

test("loops that see the world late make no pod too many and delete none too many", async (context) => {
  const { client, caches } = await startBench(context, { lagMs: 15 });
  let most = 5;
  let least = 0;
  const violations = watchFor(caches.pods, () => {
    const active = caches.pods.list().filter(isActive).length;
    return active <= most && active >= least ? undefined : `${active} of ${least} to ${most}`;
  });
  await client.create(deploymentKind, deployment("a", 5));
  await until(caches.deployments, complete(caches));
  least = 2;
  await scale(client, 2);
  await until(caches.deployments, complete(caches));
  most = 4;
  await scale(client, 4);
  await until(caches.deployments, complete(caches));
  assert.deepEqual(violations, []);
});

test("a pod that is deleted or fails is replaced, and one that terminates does not count", async (context) => {
  const { client, caches, node } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 2));
  await until(caches.deployments, complete(caches));
  const [gone, failed] = caches.pods.list();
  assert.ok(gone && failed);
  node.letsGo = false;
  await client.delete(podKind, gone.metadata);
  await until(caches.pods, () => caches.pods.list().filter(isReady).length === 3);
  await node.removeTerminating();
  await client.patch(
    podKind,
    failed.metadata,
    { status: { phase: "Failed" } },
    { subresource: "status" },
  );
  await until(caches.pods, () => caches.pods.list().filter(isActive).filter(isReady).length === 2);
  assert.equal(caches.pods.get(`default/${failed.metadata.name}`)?.status?.phase, "Failed");
});

test("a rolling update keeps its limits, and the Service's endpoints follow", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(serviceKind, service({}));
  await client.create(deploymentKind, deployment("a", 4));
  await until(caches.deployments, complete(caches));
  const endpoints = () =>
    caches.slices
      .list()
      .flatMap((slice) => slice.endpoints)
      .filter(({ conditions }) => conditions?.ready).length;
  await until(caches.slices, () => endpoints() === 4);
  const violations = watchFor(caches.pods, () => {
    const active = caches.pods.list().filter(isActive);
    const ready = active.filter(isReady).length;
    if (active.length <= 5 && ready >= 3) return undefined;
    return `${active.length} pods, ${ready} ready`;
  });
  await client.patch(deploymentKind, web, {
    spec: { template: { spec: { containers: [{ name: "main", image: "b" }] } } },
  });
  await until(caches.deployments, complete(caches));
  await until(caches.pods, () => caches.pods.list().length === 4);
  assert.deepEqual(new Set(caches.pods.list().map(imageOf)), new Set(["b"]));
  await until(caches.slices, () => endpoints() === 4);
  assert.deepEqual(violations, []);

  const sets = caches.replicaSets.list();
  assert.equal(sets.length, 2, "the old ReplicaSet stays as history");
  const { metadata, status } = (await client.get(deploymentKind, web)) ?? assert.fail();
  assert.equal(metadata.annotations?.["deployment.kubernetes.io/revision"], "2");
  assert.equal(conditionOf(status?.conditions, "Progressing")?.reason, "NewReplicaSetAvailable");
  assert.match((await client.get(serviceKind, web))?.spec.clusterIP ?? "", /^127\.128\./);
});

test("a rollout to pods that never become ready stops short of the minimum", async (context) => {
  const { client, caches, node } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 4));
  await until(caches.deployments, complete(caches));
  node.makesReady = (pod) => imageOf(pod) !== "b";
  await client.patch(deploymentKind, web, {
    spec: { template: { spec: { containers: [{ name: "main", image: "b" }] } } },
  });
  await until(caches.deployments, () => {
    const { updatedReplicas, replicas } = caches.deployments.get("default/web")?.status ?? {};
    return updatedReplicas === 2 && replicas === 5;
  });
  assert.equal(caches.pods.list().filter(isReady).length, 3);

  // More replicas are asked for meanwhile: the revision that works gets its share of them.
  await scale(client, 8);
  const ofNew = () => caches.pods.list().filter((pod) => imageOf(pod) === "b").length;
  await until(caches.pods, () => caches.pods.list().filter(isReady).length === 6 && ofNew() === 4);
  await node.readyAll();
  await until(caches.deployments, complete(caches));
});

test("recreate starts no new pod before the last old one is gone", async (context) => {
  const { client, caches, node } = await startBench(context);
  const strategy = { type: "Recreate" } as const;
  await client.create(deploymentKind, deployment("a", 2, { strategy }));
  await until(caches.deployments, complete(caches));
  node.letsGo = false;
  const violations = watchFor(caches.pods, () => {
    const images = new Set(caches.pods.list().map(imageOf));
    return images.size <= 1 ? undefined : [...images].join(" and ");
  });
  await client.patch(deploymentKind, web, {
    spec: { template: { spec: { containers: [{ name: "main", image: "b" }] } } },
  });
  await until(caches.pods, () => caches.pods.list().every((pod) => !isActive(pod)));
  await node.removeTerminating();
  await until(caches.pods, () => caches.pods.list().filter(isReady).length === 2);
  assert.deepEqual(caches.pods.list().map(imageOf), ["b", "b"]);
  assert.deepEqual(violations, []);
});

test("a pod without room says so, and gets its turn when room is made", async (context) => {
  const gpus = { cpu: "8", memory: "8Gi", "nvidia.com/gpu": "2", pods: "110" };
  const { client, caches } = await startBench(context, { allocatable: gpus });
  const wanted = deployment("a", 3);
  const resources = { limits: { "nvidia.com/gpu": "1" } };
  const template = {
    ...wanted.spec.template,
    spec: { containers: [{ name: "main", image: "a", resources }] },
  };
  await client.create(deploymentKind, { ...wanted, spec: { ...wanted.spec, template } });
  const scheduled = (pod: Pod) => conditionOf(pod.status?.conditions, "PodScheduled");
  const waiting = () => caches.pods.list().find((pod) => scheduled(pod)?.status === "False");
  await until(caches.pods, () => waiting() !== undefined);
  assert.equal(
    scheduled(waiting() ?? assert.fail())?.message,
    "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  );
  await until(caches.pods, () => caches.pods.list().filter(isReady).length === 2);
  await scale(client, 2);
  await until(caches.pods, () => caches.pods.list().length === 2);
  assert.equal(caches.pods.list().filter(isReady).length, 2, "the pod that waited went first");
  await scale(client, 3);
  await until(caches.pods, () => waiting() !== undefined);
  const [running] = caches.pods.list().filter(isReady);
  await client.delete(podKind, running?.metadata ?? web);
  await until(
    caches.pods,
    () => caches.pods.list().filter(isReady).length === 2 && waiting() !== undefined,
  );
  const { items } = await client.list(eventKind, { namespace });
  assert.ok(items.some(({ reason, type }) => reason === "FailedScheduling" && type === "Warning"));
});

test("a cordoned node says so, and one that is being emptied loses who does not tolerate it", async (context) => {
  const { client, caches } = await startBench(context);
  const name = { name: "node" };
  const taints = () => (caches.nodes.get("node")?.spec?.taints ?? []).map(({ key }) => key);
  await client.patch(nodeKind, name, { spec: { unschedulable: true } });
  await until(caches.nodes, () => taints().join() === "node.kubernetes.io/unschedulable");
  await client.patch(nodeKind, name, { spec: { unschedulable: null } });
  await until(caches.nodes, () => taints().length === 0);

  const run = (pod: string, tolerations: Pod["spec"]["tolerations"] = []) =>
    client.create(podKind, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name: pod },
      spec: { containers: [{ name: "main", image: "a" }], tolerations },
    });
  await run("goes");
  await run("stays", [{ key: "away", operator: "Exists" }]);
  await until(caches.pods, () => caches.pods.list().filter(isReady).length === 2);
  await client.patch(nodeKind, name, { spec: { taints: [{ key: "away", effect: "NoExecute" }] } });
  await until(caches.pods, () => caches.pods.get("default/goes") === undefined);
  assert.ok(caches.pods.get("default/stays"));
});

test("a pod with a gate waits until the gate is gone", async (context) => {
  const { client, caches } = await startBench(context);
  const pod = (schedulingGates: readonly { readonly name: string }[]): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: web,
    spec: { containers: [{ name: "main", image: "a" }], schedulingGates },
  });
  await client.create(podKind, pod([{ name: "example.dev/quota" }]));
  const scheduled = () =>
    conditionOf(caches.pods.get("default/web")?.status?.conditions, "PodScheduled");
  await until(caches.pods, () => scheduled()?.reason === "SchedulingGated");
  await client.patch(podKind, web, { spec: { schedulingGates: null } });
  await until(caches.pods, () => scheduled()?.status === "True");
});

test("a pod that is relabelled is let go and replaced; one that comes back is one too many", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 2));
  await until(caches.deployments, complete(caches));
  const [odd] = caches.pods.list();
  assert.ok(odd);
  await client.patch(podKind, odd.metadata, { metadata: { labels: { app: "debug" } } });
  await until(caches.pods, () => caches.pods.list().length === 3);
  const released = await client.get(podKind, odd.metadata);
  assert.deepEqual(released?.metadata.ownerReferences ?? [], []);
  await client.patch(podKind, odd.metadata, { metadata: { labels: { app: "web" } } });
  await until(caches.pods, () => caches.pods.list().length === 2);
});

test("pods and sets that were orphaned are taken over by the next of their name", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 2));
  await until(caches.deployments, complete(caches));
  const uids = () => new Set(caches.pods.list().map(({ metadata }) => metadata.uid));
  const before = uids();
  await client.delete(deploymentKind, web, { propagationPolicy: "Orphan" });
  await until(caches.deployments, () => caches.deployments.list().length === 0);
  await client.create(deploymentKind, deployment("a", 2));
  await until(caches.deployments, complete(caches));
  assert.deepEqual(uids(), before);
  assert.equal(caches.replicaSets.list().length, 1);
});

/** What a run before, which had another block, left in the store. */
const ofAnotherRun: AdmissionRule<Service> = {
  kind: serviceKind,
  admit: (object, old) => {
    const spec = { ...object.spec, clusterIP: "127.190.1.2", clusterIPs: ["127.190.1.2"] };
    return { kind: "allowed", object: old ? object : { ...object, spec }, warnings: [] };
  },
};

test("a Service whose address is of an earlier run's block gets one of this", async (context) => {
  const { client, caches } = await startBench(context, { admission: [ofAnotherRun] });
  const made = await client.create(serviceKind, service({ type: "LoadBalancer" }));
  assert.equal(made.spec.clusterIP, "127.190.1.2");
  const current = () => caches.services.get("default/web");
  await until(caches.services, () => {
    const { spec, status } = current() ?? {};
    const [balancer] = status?.loadBalancer?.ingress ?? [];
    return spec?.clusterIP?.startsWith("127.128.") === true && balancer?.ip === spec.clusterIP;
  });
  await client.patch(serviceKind, web, { spec: { type: "ClusterIP" } });
  await until(caches.services, () => current()?.status?.loadBalancer?.ingress === undefined);
});

test("Endpoints come and go with their Service; those that a user keeps become slices", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 2));
  await client.create(serviceKind, service({}));
  const addresses = () =>
    (caches.endpoints.get("default/web")?.subsets ?? []).flatMap(
      (subset) => subset.addresses ?? [],
    );
  await until(caches.endpoints, () => addresses().length === 2);
  await scale(client, 1);
  await until(caches.endpoints, () => addresses().length === 1);
  await client.delete(serviceKind, web);
  await until(caches.endpoints, () => caches.endpoints.list().length === 0);
  await until(caches.slices, () => caches.slices.list().length === 0);

  const db = { namespace, name: "db" };
  const subset = (ip: string) => ({ addresses: [{ ip }], ports: [{ port: 5432 }] });
  await client.create(endpointsKind, {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: db,
    subsets: [subset("10.0.0.7")],
  });
  const { selector: _, ...spec } = service({}).spec;
  await client.create(serviceKind, { ...service({}), metadata: db, spec });
  const mirrored = () =>
    caches.slices.list().flatMap(({ endpoints }) => endpoints.flatMap((each) => each.addresses));
  await until(caches.slices, () => mirrored().join() === "10.0.0.7");
  await client.patch(endpointsKind, db, { subsets: [subset("10.0.0.8")] });
  await until(caches.slices, () => mirrored().join() === "10.0.0.8");
  await client.delete(serviceKind, db);
  await until(caches.slices, () => mirrored().length === 0);
  assert.ok(await client.get(endpointsKind, db), "what the user keeps stays");
});

test("deleting the Deployment leaves nothing", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 3));
  await until(caches.deployments, complete(caches));
  await client.delete(deploymentKind, web);
  await until(caches.pods, () => caches.pods.list().length === 0);
  assert.equal((await client.list(replicaSetKind, { namespace })).items.length, 0);
});
