// What happens around a container's run: hooks, sidecars, deadlines, and the end of its cluster.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { wallClock } from "../../lib/wall-clock.ts";
import { conditionOf } from "../../resources/object.ts";
import { podKind, type Pod, type PodSpec } from "../../resources/pod.ts";
import { processStat } from "./proc-stat.ts";
import { isGone, isReady, node, openNode, shell, type KubeletFixture } from "./kubelet-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "dunlin-lifecycle-"));
let fixture: KubeletFixture;
before(async () => {
  fixture = await openNode();
  await fixture.start();
});
after(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true });
});

const exec = (script: string) => ({ exec: { command: ["sh", "-c", script] } });
const mainOf = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0];
const phaseIs = (phase: string) => (pod: Pod | undefined) =>
  pod?.status?.phase === phase ? pod : undefined;

/** A file to which everything in a test writes what it does, in order. */
function newRecord(name: string) {
  const file = join(folder, name);
  return { file, lines: () => readFileSync(file, "utf8").trim().split("\n") };
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = wallClock.nowMs() + 20_000;
  while (!(await holds())) {
    assert.ok(wallClock.nowMs() < deadlineMs, "it did not come to that");
    await new Promise<void>((resolve) => wallClock.after(5, resolve));
  }
}

/** Runs until SIGTERM, and then takes a moment. */
const lasting = (name: string, file: string) =>
  shell(
    `trap 'echo ${name} ends >>${file}; exit 0' TERM; echo ${name} starts >>${file}
     while :; do sleep 0.01; done`,
    { name },
  );

test("postStart comes before Running, preStop before SIGTERM", async () => {
  const { file, lines } = newRecord("hooks");
  const container = {
    ...lasting("main", file),
    lifecycle: {
      postStart: exec(`until [ -e ${file} ]; do sleep 0.01; done; echo up >>${file}`),
      preStop: exec(`echo leaving >>${file}; sleep 0.05; echo left >>${file}`),
    },
  };
  await fixture.run("hooked", { containers: [container] });
  await fixture.until("hooked", (pod) => mainOf(pod)?.state.running);
  assert.deepEqual(lines(), ["main starts", "up"]);
  await fixture.delete("hooked");
  await fixture.until("hooked", isGone);
  assert.deepEqual(lines(), ["main starts", "up", "leaving", "left", "main ends"]);
});

test("a hook may ask the container over HTTP, by the name of its port", async () => {
  const script = `require("node:http").createServer((request, response) => {
      console.log(request.url); response.writeHead(500).end(); }).listen(8080, process.env.POD_IP)`;
  const waitForServer = exec(
    `until "${process.execPath}" -e 'require("node:net").connect(8080, process.env.POD_IP)
      .on("error", () => process.exit(1)).on("connect", () => process.exit(0))'; do :; done`,
  );
  const container = node(script, {
    ports: [{ name: "http", containerPort: 8080 }],
    lifecycle: { postStart: waitForServer, preStop: { httpGet: { port: "http", path: "drain" } } },
  });
  await fixture.run("http-hook", { containers: [container] });
  await fixture.until("http-hook", isReady);
  const following = fixture.log("http-hook", "follow=true");
  await fixture.delete("http-hook");
  assert.equal((await following).text, "/drain\n");
  await fixture.until("http-hook", isGone);
  assert.ok(
    !(await fixture.events("http-hook")).some((event) => event.startsWith("FailedPreStop")),
  );
});

test("a postStart hook that fails ends its container", async () => {
  const lifecycle = { postStart: exec("echo no luck; exit 3") };
  await fixture.run("bad-start", { containers: [shell("sleep 60", { lifecycle })] });
  const exit = await fixture.until("bad-start", (pod) => mainOf(pod)?.lastState?.terminated);
  assert.equal(exit.exitCode, 143);
  await fixture.until("bad-start", (pod) =>
    mainOf(pod)?.state.waiting?.reason === "CrashLoopBackOff" ? true : undefined,
  );
  const events = await fixture.events("bad-start");
  assert.ok(events.includes("FailedPostStartHook: PostStartHook failed"));
  assert.ok(events.includes("Killing: FailedPostStartHook"));
  await fixture.delete("bad-start", 0);
  await fixture.until("bad-start", isGone);
});

test("a preStop hook that fails is told, and SIGTERM follows", async () => {
  const { file, lines } = newRecord("bad-stop");
  const lifecycle = { preStop: { tcpSocket: { port: 80 } } };
  await fixture.run("bad-stop", { containers: [{ ...lasting("main", file), lifecycle }] });
  await eventually(() => existsSync(file));
  await fixture.until("bad-stop", isReady);
  await fixture.delete("bad-stop");
  await fixture.until("bad-stop", isGone);
  assert.deepEqual(lines(), ["main starts", "main ends"]);
  assert.ok((await fixture.events("bad-stop")).includes("FailedPreStopHook: PreStopHook failed"));
});

test("a preStop hook that takes too long leaves two seconds for the rest", async () => {
  const { file, lines } = newRecord("slow-stop");
  const lifecycle = { preStop: exec("sleep 60") };
  await fixture.run("slow-stop", {
    terminationGracePeriodSeconds: 1,
    containers: [{ ...lasting("main", file), lifecycle }],
  });
  await eventually(() => existsSync(file));
  await fixture.until("slow-stop", isReady);
  await fixture.delete("slow-stop");
  await fixture.until("slow-stop", isGone);
  assert.deepEqual(lines(), ["main starts", "main ends"]);
});

test("a container is asked to end by the signal of its choice; one that nobody knows is refused", async () => {
  const script = "trap 'exit 7' USR1; touch up; while :; do sleep 0.01; done";
  const readinessProbe = exec("test -e up");
  const lifecycle = { stopSignal: "SIGUSR1" };
  await fixture.run("signalled", { containers: [shell(script, { readinessProbe, lifecycle })] });
  await fixture.run("unknown-signal", {
    containers: [shell("sleep 60", { lifecycle: { stopSignal: "SIGHELLO" } })],
  });
  await fixture.until("signalled", isReady);
  await fixture.delete("signalled");
  const end = await fixture.until("signalled", (pod) => mainOf(pod)?.state.terminated);
  assert.equal(end.exitCode, 7);
  await fixture.until("signalled", isGone);
  const held = await fixture.until("unknown-signal", (pod) => mainOf(pod)?.state.waiting?.message);
  assert.equal(held, 'stopSignal "SIGHELLO" is not supported on this machine');
  await fixture.delete("unknown-signal", 0);
  await fixture.until("unknown-signal", isGone);
});

test("sidecars start in order and started, and end after the others in reverse order", async () => {
  const { file, lines } = newRecord("sidecars");
  const sidecar = (name: string) => ({ ...lasting(name, file), restartPolicy: "Always" });
  const startupProbe = { ...exec(`echo first started >>${file}`), periodSeconds: 1 };
  await fixture.run("sidecars", {
    initContainers: [
      { ...sidecar("first"), startupProbe: { ...startupProbe, initialDelaySeconds: 1 } },
      shell(`echo step >>${file}`, { name: "step" }),
      sidecar("second"),
    ],
    containers: [lasting("main", file)],
  });
  const pod = await fixture.until("sidecars", (found) => (isReady(found) ? found : undefined));
  assert.equal(pod?.status?.phase, "Running");
  const [first] = pod?.status?.initContainerStatuses ?? [];
  assert.ok(first?.ready && first.started && first.state.running);
  await eventually(() => lines().includes("main starts"));
  await fixture.delete("sidecars");
  await fixture.until("sidecars", isGone);
  const order = lines().filter((line) => line !== "second starts");
  assert.deepEqual(order, [
    "first starts",
    "first started",
    "step",
    "main starts",
    "main ends",
    "second ends",
    "first ends",
  ]);
});

test("a pod whose work is done is over, sidecars or not", async () => {
  const { file, lines } = newRecord("done");
  await fixture.run("done", {
    restartPolicy: "Never",
    initContainers: [{ ...lasting("helper", file), restartPolicy: "Always" }],
    containers: [shell(`until [ -e ${file} ]; do sleep 0.01; done`)],
  });
  const { status } = await fixture.until("done", phaseIs("Succeeded"));
  assert.deepEqual(lines(), ["helper starts", "helper ends"]);
  assert.equal(conditionOf(status?.conditions, "Ready")?.reason, "PodCompleted");
});

test("a sidecar that ends is started again", async () => {
  await fixture.run("again", {
    restartPolicy: "Never",
    initContainers: [shell("exit 0", { name: "helper", restartPolicy: "Always" })],
    containers: [shell("sleep 60")],
  });
  const pod = await fixture.until("again", (found) =>
    (found?.status?.initContainerStatuses?.[0]?.restartCount ?? 0) > 0 ? found : undefined,
  );
  assert.equal(pod?.status?.phase, "Running");
  await fixture.delete("again", 0);
  await fixture.until("again", isGone);
});

test("a pod that is ending for a reason of its own goes when it is deleted meanwhile", async () => {
  const { file } = newRecord("late-deleted");
  const container = shell(`trap '' TERM; touch ${file}; while :; do sleep 0.02; done`);
  await fixture.run("late-deleted", {
    activeDeadlineSeconds: 1,
    terminationGracePeriodSeconds: 600,
    containers: [container],
  });
  await eventually(() => existsSync(file));
  await eventually(async () =>
    (await fixture.events("late-deleted")).some((event) => event.startsWith("DeadlineExceeded")),
  );
  await fixture.delete("late-deleted", 1);
  await fixture.until("late-deleted", isGone);
});

test("a pod past its deadline fails, and what it runs is ended first", async () => {
  const { file, lines } = newRecord("late");
  await fixture.run("late", { activeDeadlineSeconds: 1, containers: [lasting("main", file)] });
  const pod = await fixture.until("late", phaseIs("Failed"));
  assert.equal(pod.status?.reason, "DeadlineExceeded");
  assert.equal(
    pod.status?.message,
    "Pod was active on the node longer than the specified deadline",
  );
  assert.ok(mainOf(pod)?.state.terminated);
  assert.deepEqual(lines(), ["main starts", "main ends"]);
});

test("a container over its memory limit is killed with all that it started, and restarted", async () => {
  const { file, lines } = newRecord("greedy");
  const hoard = `globalThis.kept = Buffer.alloc(200 * 2 ** 20, 1); setInterval(() => {}, 1000)`;
  const script = `echo start >>${file}; [ "$(wc -l <${file})" -gt 1 ] && exec sleep 60
    setsid "${process.execPath}" -e '${hoard}' & wait`;
  const resources = { limits: { memory: "128Mi" } };
  await fixture.run("greedy", { containers: [shell(script, { resources })] });
  const ended = await fixture.until("greedy", (pod) => mainOf(pod)?.lastState?.terminated);
  assert.deepEqual([ended.reason, ended.exitCode, ended.signal], ["OOMKilled", 137, 9]);
  await fixture.until("greedy", (pod) => mainOf(pod)?.state.running);
  const events = (await fixture.events("greedy")).join("\n");
  assert.match(events, /OOMKilling: Container main used \d+Mi of memory, over its limit of 128Mi/);
  await eventually(() => lines().length === 2);
  await fixture.delete("greedy", 0);
  await fixture.until("greedy", isGone);
});

test("a container within its memory limit is left alone, whatever others use", async () => {
  const resources = { limits: { memory: "128Mi" } };
  const hoard = `globalThis.kept = Buffer.alloc(200 * 2 ** 20, 1); setInterval(() => {}, 1000)`;
  await fixture.run("modest", {
    restartPolicy: "Never",
    containers: [
      shell("sleep 2.2; exit 4", { name: "modest", resources }),
      node(hoard, { name: "free" }),
    ],
  });
  const end = await fixture.until("modest", (pod) => mainOf(pod)?.state.terminated);
  assert.equal(end.exitCode, 4);
  await fixture.delete("modest", 0);
  await fixture.until("modest", isGone);
});

test("a container whose image changes is started anew, whatever the restart policy", async () => {
  const { file, lines } = newRecord("changing");
  await fixture.run("changing", { restartPolicy: "Never", containers: [lasting("main", file)] });
  await fixture.until("changing", isReady);
  await eventually(() => existsSync(file));
  const name = { namespace: "default", name: "changing" };
  const found = await fixture.client.get(podKind, name);
  const containers = found?.spec.containers.map((one) => ({ ...one, image: "local/shell:2" }));
  await fixture.client.patch(podKind, name, { spec: { containers } });
  const status = await fixture.until("changing", (pod) =>
    mainOf(pod)?.restartCount === 1 && mainOf(pod)?.state.running ? mainOf(pod) : undefined,
  );
  assert.equal(status?.image, "local/shell:2");
  await eventually(() => lines().length === 3);
  assert.deepEqual(lines(), ["main starts", "main ends", "main starts"]);
  const events = await fixture.events("changing");
  assert.ok(events.includes("Killing: Container main definition changed, will be restarted"));
  await fixture.delete("changing", 0);
  await fixture.until("changing", isGone);
});

test("an address that others have is explained", async () => {
  const script = "echo 'OSError: [Errno 98] Address already in use' >&2; exit 1";
  await fixture.run("collision", { restartPolicy: "Never", containers: [shell(script)] });
  await fixture.until("collision", phaseIs("Failed"));
  const events = await fixture.events("collision");
  assert.ok(events.some((event) => /^AddressInUse: .* let it listen at \$POD_IP /.test(event)));
});

test("a pod with a readiness gate is Ready when its condition is set, and the condition stays", async () => {
  const readinessGates = [{ conditionType: "example.com/in" }];
  await fixture.run("gated", { readinessGates, containers: [shell("sleep 60")] });
  const held = await fixture.until("gated", (pod) => {
    const ready = conditionOf(pod?.status?.conditions, "Ready");
    return mainOf(pod)?.ready && ready?.reason === "ReadinessGatesNotReady" ? pod : undefined;
  });
  const name = { namespace: "default", name: "gated" };
  const said = { type: "example.com/in", status: "True" as const };
  const conditions = [...(held?.status?.conditions ?? []), said];
  await fixture.client.patch(podKind, name, { status: { conditions } }, { subresource: "status" });
  await fixture.until("gated", isReady);
  const found = await fixture.client.get(podKind, name);
  assert.equal(conditionOf(found?.status?.conditions, "example.com/in")?.status, "True");
  const gone = { conditions: [{ ...said, status: "False" }] };
  const strategic = { subresource: "status", type: "strategic" } as const;
  await fixture.client.patch(podKind, name, { status: gone }, strategic);
  const withdrawn = await fixture.until("gated", (pod) => (pod && !isReady(pod) ? pod : undefined));
  assert.equal(conditionOf(withdrawn.status?.conditions, "example.com/in")?.status, "False");
  await fixture.delete("gated", 0);
  await fixture.until("gated", isGone);
});

test("what left its container's session ends with the container", async () => {
  const { file, lines } = newRecord("escaped");
  const script = `setsid sh -c 'setsid sleep 600 & echo $! >${file}' & wait; sleep 0.05; exit 3`;
  await fixture.run("escaping", { restartPolicy: "Never", containers: [shell(script)] });
  const end = await fixture.until("escaping", (pod) => mainOf(pod)?.state.terminated);
  assert.equal(end.exitCode, 3);
  const pid = Number(lines()[0]);
  assert.ok(pid > 1);
  await eventually(() => !["R", "S", "D"].includes(processStat(pid)?.state ?? ""));
});

const lostSpecs: readonly {
  readonly name: string;
  readonly spec: Partial<PodSpec>;
  readonly expected: string;
}[] = [
  { name: "never", spec: { restartPolicy: "Never" }, expected: "Failed" },
  { name: "on-failure", spec: { restartPolicy: "OnFailure" }, expected: "Running" },
];

for (const { name, spec, expected } of lostSpecs)
  test(`a pod with restartPolicy ${spec.restartPolicy} whose cluster was killed is ${expected}`, async (t) => {
    const { file } = newRecord(`lost-${name}`);
    const own = await openNode();
    t.after(() => own.close());
    await own.run(name, {
      ...spec,
      initContainers: [shell(`echo step >>${file}`, { name: "step" })],
      containers: [shell("sleep 60")],
    });
    const base = { image: "i", imageID: "i", restartCount: 0 };
    const startedAt = "2026-01-02T03:04:05Z";
    await own.client.patch(
      podKind,
      { namespace: "default", name },
      {
        status: {
          phase: "Running",
          initContainerStatuses: [
            { ...base, name: "step", ready: true, state: { terminated: { exitCode: 0 } } },
          ],
          containerStatuses: [
            { ...base, name: "main", ready: true, state: { running: { startedAt } } },
          ],
        },
      },
      { subresource: "status" },
    );
    await own.start();
    const pod = await own.until(name, (found) =>
      found?.status?.phase === expected && (expected === "Failed" || isReady(found))
        ? found
        : undefined,
    );
    const { state, lastState } = mainOf(pod) ?? {};
    const end = expected === "Failed" ? state?.terminated : lastState?.terminated;
    assert.deepEqual([end?.exitCode, end?.reason], [137, "ContainerStatusUnknown"]);
    // What the step prepared is gone with the cluster, so it is done again, if anything is.
    assert.equal(existsSync(file), expected === "Running");
    const steps = pod.status?.initContainerStatuses?.[0]?.restartCount;
    assert.equal(steps, expected === "Running" ? 1 : 0);
  });
