// Pods that cannot start, or do not stay: what a client is told, and when it is tried again. Time is
// virtual, the processes are real.
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { podKind, type ContainerStatus, type Pod } from "../../resources/pod.ts";
import { secretKind } from "../../resources/secret.ts";
import { isGone, isReady, openNode, shell, type KubeletFixture } from "./kubelet-fixture.ts";

const clock = new VirtualClock(Date.parse("2026-01-02T03:04:05Z"));
let fixture: KubeletFixture;
before(async () => {
  fixture = await openNode({ clock, images: [{ image: "test/known", command: ["true"] }] });
  await fixture.start();
});
after(() => fixture.close());

const waitingFor =
  (reason: string, restartCount = 0, role: "init" | "app" = "app") =>
  (pod: Pod | undefined): ContainerStatus | undefined => {
    const { containerStatuses, initContainerStatuses } = pod?.status ?? {};
    const found = (role === "init" ? initContainerStatuses : containerStatuses)?.[0];
    return found?.state.waiting?.reason === reason && found.restartCount === restartCount
      ? found
      : undefined;
  };

test("an image that is not mapped: ErrImagePull, then ImagePullBackOff, and why", async () => {
  await fixture.run("unknown-image", { containers: [{ name: "main", image: "nginx:1.27" }] });
  const failed = await fixture.until("unknown-image", waitingFor("ErrImagePull"));
  assert.match(failed.state.waiting?.message ?? "", /"nginx:1\.27".*mapped images: test\/known/);
  const log = await fixture.log("unknown-image");
  assert.equal(log.code, 400);
  assert.match(log.text, /is waiting to start: trying and failing to pull image/);
  await clock.advance(1_000);
  const waiting = await fixture.until("unknown-image", waitingFor("ImagePullBackOff"));
  assert.match(waiting.state.waiting?.message ?? "", /^Back-off pulling image "nginx:1\.27"/);
  const events = await fixture.events("unknown-image");
  assert.ok(events.includes("Failed: Error: ErrImagePull"));
  assert.ok(events.includes('BackOff: Back-off pulling image "nginx:1.27"'));
});

test("an image that is put right is tried at once", async () => {
  await fixture.run("wrong-image", {
    restartPolicy: "Never",
    containers: [{ name: "main", image: "test/knwon" }],
  });
  await fixture.until("wrong-image", waitingFor("ErrImagePull"));
  await clock.advance(1_000);
  await fixture.until("wrong-image", waitingFor("ImagePullBackOff"));
  const name = { namespace: "default", name: "wrong-image" };
  const found = await fixture.client.get(podKind, name);
  const containers = found?.spec.containers.map((one) => ({ ...one, image: "test/known" }));
  await fixture.client.patch(podKind, name, { spec: { containers } });
  await fixture.until("wrong-image", (pod) => pod?.status?.phase === "Succeeded" || undefined);
});

test("a pod that never started is gone as soon as it is deleted", async () => {
  await fixture.run("unstarted", { containers: [{ name: "main", image: "nginx:1.27" }] });
  await fixture.until("unstarted", waitingFor("ErrImagePull"));
  await fixture.delete("unstarted");
  await fixture.until("unstarted", isGone);
});

test("a command that does not exist is named", async () => {
  const containers = [{ name: "main", image: "test/known", command: ["no-such-program"] }];
  await fixture.run("no-command", { containers });
  const failed = await fixture.until("no-command", waitingFor("RunContainerError", 1));
  assert.match(failed.state.waiting?.message ?? "", /"no-such-program": executable file not found/);
  assert.equal(failed.lastState?.terminated?.reason, "StartError");
  assert.equal(failed.lastState?.terminated?.exitCode, 128);
  await clock.advance(1_000);
  await fixture.until("no-command", waitingFor("CrashLoopBackOff", 1));
});

test("a secret that is missing holds its container until it is there", async () => {
  const secretKeyRef = { name: "hf-secret", key: "HF_TOKEN" };
  const env = [{ name: "HF_TOKEN", valueFrom: { secretKeyRef } }];
  await fixture.run("no-secret", { containers: [shell("echo $HF_TOKEN; sleep 60", { env })] });
  const held = await fixture.until("no-secret", waitingFor("CreateContainerConfigError"));
  assert.equal(held.state.waiting?.message, 'secret "hf-secret" not found');
  assert.ok(
    (await fixture.events("no-secret")).includes('Failed: Error: secret "hf-secret" not found'),
  );
  await fixture.client.create(secretKind, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "hf-secret", namespace: "default" },
    data: { HF_TOKEN: Buffer.from("hf_123").toString("base64") },
  });
  await clock.advance(10_000);
  await fixture.until("no-secret", isReady);
});

test("an init container that fails is restarted at once, then after 10 s, then after 20 s", async () => {
  await fixture.run("bad-init", {
    initContainers: [shell("echo attempt; exit 7", { name: "fetch" })],
    containers: [shell("true")],
  });
  const delays: string[] = [];
  for (const [restarts, delayMs] of [
    [1, 10_000],
    [2, 20_000],
    [3, 40_000],
  ] as const) {
    const waiting = await fixture.until(
      "bad-init",
      waitingFor("CrashLoopBackOff", restarts, "init"),
    );
    assert.equal(waiting.lastState?.terminated?.exitCode, 7);
    delays.push(/^back-off (\S+) /.exec(waiting.state.waiting?.message ?? "")?.[1] ?? "");
    await clock.advance(delayMs);
  }
  assert.deepEqual(delays, ["10s", "20s", "40s"]);
  const main = await fixture.until("bad-init", waitingFor("PodInitializing"));
  assert.equal(main.restartCount, 0);
  const log = await fixture.log("bad-init", "container=main");
  assert.match(log.text, /is waiting to start: PodInitializing/);
  assert.equal((await fixture.log("bad-init", "container=fetch&previous=true")).text, "attempt\n");
});

test("a container that crashes tells its last words, and is restarted", async () => {
  const terminationMessagePolicy = "FallbackToLogsOnError" as const;
  await fixture.run("crasher", {
    containers: [shell("echo $$$$; echo out of luck; exit 1", { terminationMessagePolicy })],
  });
  const waiting = await fixture.until("crasher", waitingFor("CrashLoopBackOff", 1));
  const ended = waiting.lastState?.terminated;
  const [, pid] = /^(\d+)\nout of luck\n$/.exec(ended?.message ?? "") ?? [];
  assert.equal(ended?.containerID, `process://${pid}`);
  assert.equal(ended.reason, "Error");
  const log = await fixture.log("crasher", "previous=true&timestamps=true");
  assert.match(log.text, /^2026-01-02T03:\d\d:\d\d\.\d{9}Z \d+\n.* out of luck\n$/);
  // While it waits, the run that ended last is meant by both.
  const last = await fixture.log("crasher", "timestamps=true");
  assert.equal(last.text, log.text);
});

test("restartPolicy decides how a pod ends", async () => {
  await fixture.run("once", { restartPolicy: "Never", containers: [shell("exit 1")] });
  await fixture.run("until-good", { restartPolicy: "OnFailure", containers: [shell("exit 0")] });
  const phase = (wanted: string) => (pod: Pod | undefined) =>
    pod?.status?.phase === wanted || undefined;
  await fixture.until("once", phase("Failed"));
  await fixture.until("until-good", phase("Succeeded"));
});

test("a pod whose port a program of the machine has is held until it is free", async () => {
  const squatter = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => squatter.listen({ host: "0.0.0.0", port: 0 }, done));
  const { port } = squatter.address() as AddressInfo;
  const ports = [{ containerPort: port }];
  await fixture.run("squatted", { containers: [shell("sleep 60", { ports })] });
  const held = await fixture.until("squatted", waitingFor("PortTaken"));
  assert.match(held.state.waiting?.message ?? "", new RegExp(`listens on 0\\.0\\.0\\.0:${port} `));
  await new Promise((done) => squatter.close(done));
  await clock.advance(1_000);
  await fixture.until("squatted", isReady);
});

test("a volume that cannot be had is a configuration error", async () => {
  const volumes = [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }];
  await fixture.run("no-volume", { volumes, containers: [shell("true")] });
  const held = await fixture.until("no-volume", waitingFor("CreateContainerConfigError"));
  assert.match(
    held.state.waiting?.message ?? "",
    /volume "disk": persistentVolumeClaim volumes are not supported .* use one of emptyDir/,
  );
});
