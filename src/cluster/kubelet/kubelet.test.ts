// Pods as real processes behind the real API, as a client sees them.
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Clock } from "../../lib/clock.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { leaseKind } from "../../resources/lease.ts";
import { nodeKind } from "../../resources/node.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { isGone, isReady, node, openNode, shell, type KubeletFixture } from "./kubelet-fixture.ts";

const serverScript = `require("node:net").createServer(socket => socket.end())
  .listen(8080, process.env.POD_IP, () => console.log("listening"))`;

let fixture: KubeletFixture;
before(async () => {
  fixture = await openNode({
    images: [{ image: "test/server*", command: [process.execPath, "-e", serverScript] }],
  });
  await fixture.start();
});
after(() => fixture.close());

const tcpProbe = { tcpSocket: { port: 8080 } };
const server = { name: "main", image: "docker.io/test/server:1", readinessProbe: tcpProbe };

/** Ends at nothing less than SIGKILL, and is ready only when that is so. */
const stubborn = shell("trap '' TERM; touch up; while :; do sleep 0.02; done", {
  readinessProbe: { exec: { command: ["test", "-e", "up"] } },
});

const firstContainer = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0];

test("the node says what it has, and that this is simulated", async () => {
  const found = await fixture.client.get(nodeKind, { name: "dunlin" });
  const simulated = found?.metadata.annotations?.["dunlin.dev/simulated-resources"];
  assert.equal(simulated, "cpu, memory, nvidia.com/gpu");
  assert.deepEqual(found?.status?.allocatable, {
    cpu: "4",
    memory: "8Gi",
    "nvidia.com/gpu": "2",
    pods: "110",
  });
  const ready = found?.status?.conditions?.find(({ type }) => type === "Ready");
  assert.equal(ready?.status, "True");
  const metadata = { namespace: "kube-node-lease", name: "dunlin" };
  const lease = await fixture.client.get(leaseKind, metadata);
  assert.equal(lease?.spec?.holderIdentity, "dunlin");
  assert.match(found?.status?.nodeInfo?.["kubeletVersion"] ?? "", /^v1\.32\..*\+dunlin$/);
});

test("nobody else can look into the pods' folders", () => {
  assert.equal(statSync(join(fixture.dataDir, "pods")).mode & 0o777, 0o700);
});

test("replicas listen on one port at addresses of their own, and become ready", async () => {
  await Promise.all(["web-1", "web-2"].map((name) => fixture.run(name, { containers: [server] })));
  await Promise.all(["web-1", "web-2"].map((name) => fixture.until(name, isReady)));
  const [first, second] = await Promise.all(
    ["web-1", "web-2"].map((name) => fixture.client.get(podKind, { namespace: "default", name })),
  );
  assert.notEqual(first?.status?.podIP, second?.status?.podIP);
  assert.equal(first?.status?.phase, "Running");
  assert.equal(first?.status?.hostIP, fixture.network.nodeAddress);
  assert.equal(first?.status?.qosClass, "BestEffort");
  const container = firstContainer(first);
  assert.match(container?.containerID ?? "", /^process:\/\/\d+$/);
  assert.equal(container?.imageID, "dunlin-process://test/server:1");
  assert.ok(container?.started && container.ready && container.state.running?.startedAt);
  assert.deepEqual(await fixture.events("web-1"), [
    'Pulled: Container image "docker.io/test/server:1" already present on machine',
    "Created: Created container: main",
    "Started: Started container main",
  ]);
  await Promise.all(["web-1", "web-2"].map((name) => fixture.delete(name)));
  await Promise.all(["web-1", "web-2"].map((name) => fixture.until(name, isGone)));
});

test("init containers run one after the other, before the others, on the same volume", async () => {
  const volumeMounts = [{ name: "work", mountPath: "/work" }];
  const env = [{ name: "FILE", value: "/work/order" }];
  const step = (name: string, script: string) => shell(script, { name, volumeMounts, env });
  await fixture.run("ordered", {
    restartPolicy: "Never",
    volumes: [{ name: "work", emptyDir: {} }],
    initContainers: [step("one", "echo one >$FILE"), step("two", "echo two >>$FILE")],
    containers: [step("main", "cat $FILE; cp $FILE $DUNLIN_TERMINATION_LOG")],
  });
  const message = await fixture.until("ordered", (pod) =>
    pod?.status?.phase === "Succeeded"
      ? (firstContainer(pod)?.state.terminated?.message ?? "")
      : undefined,
  );
  assert.equal(message, "one\ntwo\n");
  assert.equal((await fixture.log("ordered", "container=two")).text, "");
  assert.equal((await fixture.log("ordered", "container=main")).text, "one\ntwo\n");
});

test("a pod with GPUs is given their numbers, and nobody else has them", async () => {
  const resources = { limits: { "nvidia.com/gpu": "1" } };
  const script = "echo gpu=$CUDA_VISIBLE_DEVICES >$DUNLIN_TERMINATION_LOG";
  const spec = {
    restartPolicy: "Never" as const,
    containers: [shell(`${script}; sleep 60`, { resources })],
  };
  await Promise.all([fixture.run("gpu-1", spec), fixture.run("gpu-2", spec)]);
  await Promise.all(["gpu-1", "gpu-2"].map((name) => fixture.until(name, isReady)));
  await fixture.run("gpu-3", spec);
  const reason = await fixture.until("gpu-3", (pod) => pod?.status?.reason);
  assert.equal(reason, "UnexpectedAdmissionError");
  for (const name of ["gpu-1", "gpu-2", "gpu-3"]) await fixture.delete(name, 0);
  for (const name of ["gpu-1", "gpu-2", "gpu-3"]) await fixture.until(name, isGone);
});

test("a deleted pod stops being ready, ends within its grace period, and is gone", async () => {
  const script = `trap 'echo draining; sleep 0.1; echo done; exit 0' TERM
    echo up; touch up; while :; do sleep 0.02; done`;
  const readinessProbe = { exec: { command: ["test", "-e", "up"] } };
  await fixture.run("graceful", { containers: [shell(script, { readinessProbe })] });
  await fixture.until("graceful", isReady);
  const following = fixture.log("graceful", "follow=true");
  await fixture.delete("graceful");
  await fixture.until("graceful", (pod) => (isReady(pod) ? undefined : true));
  await fixture.until("graceful", isGone);
  // Shells print a line of their own about the sleep that the signal ended.
  assert.match((await following).text, /^up\n(?:.*\n)*draining\n(?:.*\n)*done\n$/);
  const events = await fixture.events("graceful");
  assert.ok(events.includes("Killing: Stopping container main"));
});

test("a pod that ignores SIGTERM is killed when its grace is over", async () => {
  await fixture.run("stubborn", {
    terminationGracePeriodSeconds: 1,
    containers: [stubborn],
  });
  await fixture.until("stubborn", isReady);
  await fixture.delete("stubborn");
  const exit = await fixture.until("stubborn", (pod) => firstContainer(pod)?.state.terminated);
  assert.deepEqual([exit.exitCode, exit.signal, exit.reason], [137, 9, "Error"]);
  await fixture.until("stubborn", isGone);
});

test("a second delete may shorten the grace, and a forced one waits for nothing", async () => {
  const spec = {
    terminationGracePeriodSeconds: 600,
    containers: [stubborn],
  };
  await fixture.run("impatient", spec);
  await fixture.until("impatient", isReady);
  await fixture.delete("impatient");
  await fixture.until("impatient", (pod) => (isReady(pod) ? undefined : true));
  await fixture.delete("impatient", 1);
  await fixture.until("impatient", isGone);
  await fixture.run("forced", spec);
  await fixture.until("forced", isReady);
  await fixture.delete("forced", 0);
  await fixture.until("forced", isGone);
});

test("a container that fails its liveness probe is restarted", async () => {
  const script = `require("node:http").createServer((request, response) =>
    response.writeHead(request.url === "/live" ? 503 : 200).end()).listen(8080, process.env.POD_IP)`;
  const livenessProbe = {
    httpGet: { path: "/live", port: "http" },
    initialDelaySeconds: 1,
    periodSeconds: 1,
    failureThreshold: 1,
  };
  const ports = [{ name: "http", containerPort: 8080 }];
  await fixture.run("sick", { containers: [node(script, { livenessProbe, ports })] });
  const status = await fixture.until("sick", (pod) => {
    const container = firstContainer(pod);
    return container?.restartCount === 1 && container.state.running ? container : undefined;
  });
  assert.ok(status.lastState?.terminated);
  const events = await fixture.events("sick");
  assert.ok(
    events.includes("Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503"),
  );
  assert.ok(events.includes("Killing: Container main failed liveness probe, will be restarted"));
  await fixture.delete("sick", 0);
  await fixture.until("sick", isGone);
});

test("logs: a chosen container, the last lines, stamps, and what is not there", async () => {
  await fixture.run("talker", {
    containers: [
      shell("echo one; echo two; sleep 60", { name: "a" }),
      shell("echo other; sleep 60", { name: "b" }),
    ],
  });
  await fixture.until("talker", isReady);
  const seen = async (query: string, text: RegExp) => {
    const answer = await fixture.log("talker", query);
    assert.match(answer.text, text);
    return answer.code;
  };
  assert.equal(
    await seen("", /a container name must be specified for pod talker, choose one of: \[a b\]/),
    400,
  );
  assert.equal(await seen("container=c", /container c is not valid for pod talker/), 400);
  assert.equal(
    await seen(
      "container=a&previous=true",
      /previous terminated container \\"a\\" in pod \\"talker\\" not found/,
    ),
    400,
  );
  await fixture.delete("talker");
  await fixture.until("talker", isGone);
});

test("a restart of the node starts its pods again and counts it", async () => {
  await fixture.run("survivor", { containers: [shell("echo run; sleep 60")] });
  await fixture.until("survivor", isReady);
  await fixture.restart();
  const status = await fixture.until("survivor", (pod) => {
    const container = firstContainer(pod);
    return container?.restartCount === 1 && container.state.running ? container : undefined;
  });
  assert.equal(status.lastState?.terminated?.exitCode, 143);
  await fixture.delete("survivor", 0);
  await fixture.until("survivor", isGone);
});

test("a pod that a killed cluster left running counts as lost, and is started again", async () => {
  await fixture.stop();
  await fixture.run("lost", { containers: [shell("sleep 60")] });
  const name = { namespace: "default", name: "lost" };
  const running = { startedAt: "2026-01-02T03:04:05Z" };
  const container = { name: "main", image: "i", imageID: "i", ready: true, restartCount: 4 };
  const containerStatuses = [{ ...container, state: { running } }];
  await fixture.client.patch(
    podKind,
    name,
    { status: { phase: "Running", containerStatuses } },
    { subresource: "status" },
  );
  await fixture.restart();
  const status = await fixture.until("lost", (pod) => {
    const found = firstContainer(pod);
    return found?.restartCount === 5 && found.state.running ? found : undefined;
  });
  const { exitCode, reason } = status.lastState?.terminated ?? {};
  assert.deepEqual([exitCode, reason], [137, "ContainerStatusUnknown"]);
  await fixture.delete("lost", 0);
  await fixture.until("lost", isGone);
});

test("closing leaves no process, even of pods that are just starting", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `closing-${index}`);
  await fixture.run("closing", { containers: [stubborn] });
  await fixture.until("closing", isReady);
  await Promise.all(names.map((name) => fixture.run(name, { containers: [shell("sleep 60")] })));
  await fixture.stop();
  assert.deepEqual(readdirSync(join(fixture.dataDir, "processes")), []);
  const found = await fixture.client.get(podKind, { namespace: "default", name: "closing" });
  assert.equal(firstContainer(found)?.state.terminated?.exitCode, 137);
  const dunlin = await fixture.client.get(nodeKind, { name: "dunlin" });
  assert.equal(dunlin?.status?.conditions?.[0]?.status, "False");
  assert.ok(existsSync(join(fixture.dataDir, "pods")));
});

test("closing leaves no timer that would hold the process", async (t) => {
  const pending = new Set<number>();
  let timers = 0;
  const clock: Clock = {
    nowMs: () => wallClock.nowMs(),
    after(delayMs, run) {
      const timer = timers++;
      pending.add(timer);
      const cancel = wallClock.after(delayMs, () => {
        pending.delete(timer);
        run();
      });
      return () => {
        pending.delete(timer);
        cancel();
      };
    },
  };
  const own = await openNode({ clock });
  t.after(() => own.close());
  await own.start();
  await own.run("running", { containers: [shell("sleep 60")] });
  await own.run("over", { restartPolicy: "Never", containers: [shell("true")] });
  await own.until("running", isReady);
  await own.until("over", (found) => found?.status?.phase === "Succeeded" || undefined);
  await own.close();
  assert.equal(pending.size, 0);
});
