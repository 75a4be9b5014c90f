// The loop against a real API server: rounds come in, replica counts and conditions come out.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openControlPlane } from "../../../test/control-plane.ts";
import { eventually } from "../../../test/dunlin.ts";
import { KubeClient } from "../../kube/client.ts";
import type { Transport } from "../../kube/transport.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { SeriesStore } from "../../metrics/series-store.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import { eventKind } from "../../resources/event.ts";
import { conditionOf, type Condition } from "../../resources/object.ts";
import { podKind } from "../../resources/pod.ts";
import { scaledObjectKind, type ScaledObjectSpec } from "../../resources/scaled-object.ts";
import { prometheusTriggers } from "../../triggers/prometheus.ts";
import type { Round } from "../../telemetry/round.ts";
import { startScaledObjectController } from "./controller.ts";
import type { DecisionRecord } from "./evaluate.ts";

const server = "http://prometheus.test:9090";
const key = { namespace: "default", name: "llm" };

const trigger = {
  type: "prometheus",
  metricType: "AverageValue" as const,
  metadata: { serverAddress: server, query: "sum(running)", threshold: "2" },
};

type Setup = {
  /** Stands between the controller and the server. */
  readonly through?: (transport: Transport) => Transport;
  readonly spec?: Partial<ScaledObjectSpec>;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** A Deployment of one replica, a ScaledObject on it, and the controller. */
async function setUp(t: TestContext, { spec, annotations, through }: Setup = {}) {
  const plane = await openControlPlane(t);
  const { client } = plane;
  const store = new SeriesStore();
  const listeners = new Set<(round: Round) => void>();
  const records: DecisionRecord[] = [];
  let skewMs = 0;
  const labels = { app: "llm" };
  await client.create(deploymentKind, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: key,
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "llm", image: "llm" }] } },
    },
  });
  await client.create(scaledObjectKind, {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { ...key, ...(annotations && { annotations }) },
    spec: {
      scaleTargetRef: { name: "llm" },
      minReplicaCount: 1,
      maxReplicaCount: 5,
      triggers: [trigger],
      ...spec,
    },
  });
  startScaledObjectController(
    {
      ...plane,
      client: through ? new KubeClient(through(plane.transport)) : client,
      clock: { ...wallClock, nowMs: () => wallClock.nowMs() + skewMs },
      random: () => 0.5,
      log: (line) => plane.lines.push(line),
      onDecision: (record) => records.push(record),
      triggers: {
        prometheus: prometheusTriggers({
          local: new Map([
            [
              server,
              {
                store,
                rounds: {
                  subscribe: (_expr, listener) => {
                    listeners.add(listener);
                    return () => listeners.delete(listener);
                  },
                },
              },
            ],
          ]),
          query: () => Promise.reject(new Error("connection refused")),
        }),
      },
    },
    plane.signal,
  );
  // Rounds follow each other faster than the time they stand for; none may lie in the future.
  let roundMs = wallClock.nowMs() - 60_000;
  return {
    ...plane,
    records,
    setClock: (byMs: number) => {
      skewMs += byMs;
    },
    replicas: async () => (await client.get(deploymentKind, key))?.spec.replicas,
    condition: async (type: string): Promise<Condition | undefined> =>
      conditionOf((await client.get(scaledObjectKind, key))?.status?.conditions, type),
    /** Pods' running requests at the next instant; resolves when the round has been decided on. */
    async round(running: Readonly<Record<string, number>>): Promise<DecisionRecord> {
      roundMs += 1000;
      for (const [pod, value] of Object.entries(running))
        store.append({ __name__: "running", pod }, roundMs, value);
      const atMs = roundMs;
      await eventually("the controller listens", () => (listeners.size > 0 ? true : undefined));
      for (const listener of listeners)
        listener({ atMs, completedAtMs: atMs, intervalMs: 1000, missing: [] });
      return eventually("the round is decided on", () =>
        records.find(({ round }) => round?.atMs === atMs),
      );
    },
    /** Resolves when a condition of the ScaledObject is as wanted. */
    until: (type: string, status: string) =>
      eventually(`${type} is ${status}`, async () => {
        const condition = conditionOf(
          (await client.get(scaledObjectKind, key))?.status?.conditions,
          type,
        );
        return condition?.status === status ? condition : undefined;
      }),
  };
}

test("two rounds that agree grow the Deployment, and an event says why", async (t) => {
  const world = await setUp(t);
  await world.round({ a: 5 });
  assert.equal(await world.replicas(), 1);
  const record = await world.round({ a: 5 });
  assert.equal(await world.replicas(), 3);
  assert.ok(record.writtenAtMs !== undefined);
  await world.until("Active", "True");
  await world.recorder.flush();
  const { items } = await world.client.list(eventKind, { namespace: "default" });
  const rescale = items.find(({ reason }) => reason === "SuccessfulRescale");
  assert.equal(rescale?.message, "scale 1 → 3: 5 in total / 2 per replica = 2.5 → 3");
  assert.equal(rescale?.involvedObject.kind, "ScaledObject");
});

test("no data holds the count and makes Active unknown, not false", async (t) => {
  const world = await setUp(t);
  await world.round({});
  await world.until("Active", "Unknown");
  assert.equal((await world.condition("Ready"))?.status, "True");
  assert.equal(await world.replicas(), 1);
});

test("a ready pod whose sample is missing blocks shrinking", async (t) => {
  const world = await setUp(t, {
    spec: {
      minReplicaCount: 1,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
        },
      },
    },
  });
  await world.round({ a: 4 });
  await world.round({ a: 4 });
  assert.equal(await world.replicas(), 2);
  for (const name of ["a", "b"]) await readyPod(world, name);
  // Alone, pod a's idleness would call for one replica; nobody knows what pod b does.
  await world.round({ a: 0.5 });
  assert.equal(await world.replicas(), 2);
  await world.round({ a: 0, b: 0 });
  assert.equal(await world.replicas(), 1);
});

test("a count that somebody else changed is not overwritten from an old look at it", async (t) => {
  const world = await setUp(t);
  await world.round({ a: 5 });
  const patch = world.client.patch(
    deploymentKind,
    key,
    { spec: { replicas: 4 } },
    { subresource: "scale" },
  );
  await Promise.all([patch, world.round({ a: 5 })]);
  const replicas = await world.replicas();
  // Whichever write came first, the other must have seen it.
  assert.ok(replicas === 4 || replicas === 3, `replicas: ${replicas}`);
});

test("a write that fails is tried again at once, not at the next round", async (t) => {
  let failures = 2;
  const world = await setUp(t, {
    through: (transport) => (request) =>
      request.url.includes("/scale") && failures-- > 0
        ? Promise.reject(new Error("connection reset"))
        : transport(request),
  });
  await world.round({ a: 5 });
  await world.round({ a: 5 });
  assert.equal(await world.replicas(), 3);
  assert.equal(world.lines.filter((line) => line.includes("connection reset")).length, 2);
});

test("what is wrong is said in the Ready condition, and nothing is scaled", async (t) => {
  const cases: readonly (Setup & { readonly name: string; readonly message: RegExp })[] = [
    {
      name: "an unknown trigger",
      spec: { triggers: [{ type: "kafka", metadata: {} }] },
      message:
        /^spec.triggers\[0\].type: Unsupported value: "kafka": supported values: "prometheus"/,
    },
    {
      name: "a threshold with a unit",
      spec: { triggers: [{ ...trigger, metadata: { ...trigger.metadata, threshold: "2k" } }] },
      message: /^spec.triggers\[0\].metadata.threshold: Invalid value: "2k"/,
    },
    {
      name: "a target that is not there",
      spec: { scaleTargetRef: { name: "nobody" } },
      message: /^spec.scaleTargetRef.name: there is no Deployment "nobody"/,
    },
    {
      name: "minimum above maximum",
      spec: { minReplicaCount: 7 },
      message: /^spec.minReplicaCount: Invalid value: 7/,
    },
    {
      name: "pausing, which is not supported yet",
      annotations: { "autoscaling.keda.sh/paused": "true" },
      message: /^metadata.annotations\[autoscaling.keda.sh\/paused\]: Forbidden: is not supported/,
    },
  ];
  for (const { name, message, ...setup } of cases)
    await t.test(name, async (subtest) => {
      const world = await setUp(subtest, setup);
      const ready = await world.until("Ready", "False");
      assert.match(ready.message ?? "", message);
      assert.equal(await world.replicas(), 1);
    });
});

test("a service asleep is woken by the first load", async (t) => {
  const world = await setUp(t, { spec: { minReplicaCount: 0 } });
  await world.client.patch(
    deploymentKind,
    key,
    { spec: { replicas: 0 } },
    { subresource: "scale" },
  );
  await eventually("it is seen asleep", () =>
    world.caches.deployments.get("default/llm")?.spec.replicas === 0 ? true : undefined,
  );
  await world.round({ gateway: 1 });
  assert.equal(await world.replicas(), 1);
});

test("a count set by hand outside the bounds is brought back at once, without a round", async (t) => {
  const world = await setUp(t);
  await world.round({ a: 2 });
  await world.client.patch(
    deploymentKind,
    key,
    { spec: { replicas: 9 } },
    { subresource: "scale" },
  );
  await eventually("it is within the bounds", async () =>
    (await world.replicas()) === 5 ? true : undefined,
  );
});

test("a server that does not answer is polled, holds the count and makes Ready false", async (t) => {
  const world = await setUp(t, {
    spec: {
      triggers: [
        { ...trigger, metadata: { ...trigger.metadata, serverAddress: "http://elsewhere:9090" } },
      ],
    },
  });
  const ready = await world.until("Ready", "False");
  assert.equal(ready.reason, "TriggerError");
  assert.match(ready.message ?? "", /connection refused; replicas hold at 1/);
});

test("a server is polled on when the clock was set back", async (t) => {
  const metadata = { ...trigger.metadata, serverAddress: "http://elsewhere:9090" };
  const world = await setUp(t, { spec: { triggers: [{ ...trigger, metadata }] } });
  await world.until("Ready", "False");
  assert.equal(world.records.length, 1);
  world.setClock(-3_600_000);
  // Whatever makes it look again; its own timer, set before, would do so within the interval.
  await world.client.patch(scaledObjectKind, key, { metadata: { labels: { seen: "again" } } });
  await eventually("it is polled", () => (world.records.length > 1 ? true : undefined));
});

test("a change of the spec takes effect at the next round", async (t) => {
  const world = await setUp(t);
  await world.round({ a: 6 });
  await world.round({ a: 6 });
  assert.equal(await world.replicas(), 3);
  await world.client.patch(scaledObjectKind, key, { spec: { maxReplicaCount: 2 } });
  await eventually("the new maximum holds", async () => {
    await world.round({ a: 6 });
    return (await world.replicas()) === 2 ? true : undefined;
  });
});

async function readyPod(
  { client, caches }: Awaited<ReturnType<typeof setUp>>,
  name: string,
): Promise<void> {
  const pod = await client.create(podKind, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "llm" } },
    spec: { containers: [{ name: "llm", image: "llm" }] },
  });
  await client.updateStatus(podKind, {
    ...pod,
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
  await eventually(`${name} is seen ready`, () =>
    conditionOf(caches.pods.get(`default/${name}`)?.status?.conditions, "Ready") ? true : undefined,
  );
}
