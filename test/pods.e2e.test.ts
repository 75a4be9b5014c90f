// Pods as somebody with kubectl meets them: images of one's own, files, limits, hooks and sidecars.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { eventually, repository, startDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

const podOf = (name: string, spec: object) =>
  stringify({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec });
const sh = (script: string) => ["sh", "-c", script];

test("pods as kubectl shows them", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const images = join(folder, "images.yaml");
  const mapping = {
    image: "acme/greeter*",
    command: ["sh", "-c", 'echo "$GREETING $0 from $PWD"'],
  };
  const env = { GREETING: "hello" };
  writeFileSync(images, stringify({ images: [{ ...mapping, env, workingDir: "." }] }));
  const dunlin = await startDunlin({ args: ["--images", images] });
  t.after(() => dunlin.stop());
  const { kubectl } = dunlin;
  const status = (name: string, path: string) =>
    kubectl(`get pod ${name} -o jsonpath={.status.${path}}`);
  const reaches = (name: string, path: string, value: string) =>
    eventually(`${name} has ${path} ${value}`, async () =>
      (await status(name, path).catch(() => "")) === value ? true : undefined,
    );

  await t.test("an image of the user's own runs what the file says", async () => {
    const containers = [{ name: "main", image: "acme/greeter:1.2", args: ["world"] }];
    await kubectl("apply -f -", podOf("greeter", { restartPolicy: "Never", containers }));
    await reaches("greeter", "phase", "Succeeded");
    assert.equal(await kubectl("logs greeter"), `hello world from ${folder}\n`);
  });

  await t.test("a ConfigMap is a file, and kubectl in the pod finds the cluster", async () => {
    await kubectl("create configmap settings --from-literal=color=red");
    const spec = {
      restartPolicy: "Never",
      volumes: [{ name: "settings", configMap: { name: "settings" } }],
      containers: [
        {
          name: "main",
          image: "none",
          command: sh('cat "$1"; echo; kubectl get configmap settings -o name').concat("sh"),
          args: ["/etc/settings/color"],
          volumeMounts: [{ name: "settings", mountPath: "/etc/settings" }],
        },
      ],
    };
    await kubectl("apply -f -", podOf("reader", spec));
    await reaches("reader", "phase", "Succeeded");
    assert.equal(await kubectl("logs reader"), "red\nconfigmap/settings\n");
  });

  await t.test("a pod over its memory limit is OOMKilled", async () => {
    const script = "globalThis.kept = Buffer.alloc(200 * 2 ** 20, 1); setInterval(() => {}, 1000)";
    const resources = { limits: { memory: "100Mi" } };
    const containers = [
      { name: "main", image: "none", command: ["node", "-e", script], resources },
    ];
    await kubectl("apply -f -", podOf("greedy", { restartPolicy: "Never", containers }));
    await reaches("greedy", "containerStatuses[0].state.terminated.reason", "OOMKilled");
    assert.match(await kubectl("get pod greedy"), /^greedy +0\/1 +OOMKilled +0 /m);
    assert.match(await kubectl("describe pod greedy"), /Exit Code: +137\n/);
  });

  await t.test("a sidecar is counted, and a preStop hook is heard", async () => {
    const spec = {
      initContainers: [
        { name: "side", image: "none", restartPolicy: "Always", command: ["sleep", "600"] },
      ],
      containers: [
        {
          name: "main",
          image: "none",
          command: sh("trap 'exit 0' TERM; while :; do sleep 0.05; done"),
          lifecycle: { preStop: { exec: { command: sh("exit 1") } } },
        },
      ],
    };
    await kubectl("apply -f -", podOf("paired", spec));
    await kubectl("wait --for=condition=Ready pod/paired --timeout=30s");
    assert.match(await kubectl("get pod paired"), /^paired +2\/2 +Running /m);
    await kubectl("delete pod paired");
    assert.match(
      await kubectl("get events --field-selector=involvedObject.name=paired"),
      /Warning +FailedPreStopHook +pod\/paired +PreStopHook failed\n/,
    );
  });

  await t.test("a volume that cannot be had is named", async () => {
    const spec = {
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }],
      containers: [{ name: "main", image: "none", command: ["sleep", "600"] }],
    };
    await kubectl("apply -f -", podOf("disk", spec));
    await reaches(
      "disk",
      "containerStatuses[0].state.waiting.reason",
      "CreateContainerConfigError",
    );
    assert.match(
      await kubectl("describe pod disk"),
      /volume "disk": persistentVolumeClaim volumes are not supported in this cluster/,
    );
  });
});

test("a bad file of images is refused, all that is wrong at once", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const images = join(folder, "images.yaml");
  writeFileSync(images, "images:\n  - image: a\n  - command: [b]\n");
  const args = ["up", "--data-dir", join(folder, "data"), "--images", images];
  const { status, stderr } = spawnSync(join(repository, "dunlin"), args, { encoding: "utf8" });
  assert.notEqual(status, 0);
  assert.match(stderr, new RegExp(`${images}:2:5: images\\[0\\]\\.command: is required\n`));
  assert.match(stderr, new RegExp(`${images}:3:5: images\\[1\\]\\.image: is required\n`));
  assert.doesNotMatch(stderr, /^ +at /m);
});
