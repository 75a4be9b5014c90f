// Volumes as a container sees them, and how the processes of a pod reach the API. Time is virtual.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { configMapKind } from "../../resources/config-map.ts";
import { conditionOf } from "../../resources/object.ts";
import { podKind, type Container, type Pod, type Volume } from "../../resources/pod.ts";
import { secretKind } from "../../resources/secret.ts";
import { isGone, isReady, openNode, shell, type KubeletFixture } from "./kubelet-fixture.ts";

const clock = new VirtualClock(Date.parse("2026-01-02T03:04:05Z"));
const host = mkdtempSync(join(tmpdir(), "dunlin-volumes-"));
const apiAccess = { url: "https://127.0.0.1:7443", authority: "PEM", token: "secret-token" };
let fixture: KubeletFixture;
before(async () => {
  fixture = await openNode({ clock, apiAccess });
  await fixture.start();
  await setting("settings", { color: "red", size: "9" });
  await fixture.client.create(secretKind, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login", namespace: "default" },
    data: { password: Buffer.from("hunter2").toString("base64") },
  });
});
after(async () => {
  await fixture.close();
  rmSync(host, { recursive: true });
});

const setting = (name: string, data: Readonly<Record<string, string>>) =>
  fixture.client.create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data,
  });

/** Runs a script with one volume at /vol, and gives what it wrote as its last words. */
async function wordsOf(
  name: string,
  volume: Omit<Volume, "name">,
  script: string,
  more: Partial<Container> = {},
): Promise<string> {
  const container = shell(`(${script}) >"$DUNLIN_TERMINATION_LOG" 2>&1`, {
    volumeMounts: [{ name: "the-volume", mountPath: "/vol" }],
    ...more,
  });
  await fixture.run(name, {
    restartPolicy: "Never",
    volumes: [{ name: "the-volume", ...volume }],
    containers: [container],
  });
  const ended = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]?.state.terminated;
  return (await fixture.until(name, ended)).message ?? "";
}

const show =
  'cd "$DUNLIN_VOLUME_THE_VOLUME" && for f in $(find -L . -type f | grep -v "/\\.\\." | sort); do echo "$f=$(cat $f)"; done';

const contents: readonly (readonly [name: string, volume: Omit<Volume, "name">, text: string])[] = [
  ["config-map", { configMap: { name: "settings" } }, "./color=red\n./size=9\n"],
  [
    "config-map-items",
    { configMap: { name: "settings", items: [{ key: "color", path: "deep/paint" }] } },
    "./deep/paint=red\n",
  ],
  [
    "config-map-optional-items",
    {
      configMap: {
        name: "settings",
        optional: true,
        items: ["size", "constructor"].map((key) => ({ key, path: key })),
      },
    },
    "./size=9\n",
  ],
  ["optional", { configMap: { name: "nope", optional: true } }, ""],
  ["secret", { secret: { secretName: "login" } }, "./password=hunter2\n"],
  [
    "downward",
    {
      downwardAPI: {
        items: [
          { path: "name", fieldRef: { fieldPath: "metadata.name" } },
          {
            path: "cpu",
            resourceFieldRef: { containerName: "main", resource: "limits.cpu", divisor: "1m" },
          },
        ],
      },
    },
    "./cpu=4000\n./name=downward\n",
  ],
  [
    "projected",
    {
      projected: {
        sources: [
          { configMap: { name: "settings", items: [{ key: "size", path: "size" }] } },
          { secret: { name: "login" } },
          { serviceAccountToken: { path: "token" } },
        ],
      },
    },
    "./password=hunter2\n./size=9\n./token=secret-token\n",
  ],
];

for (const [name, volume, text] of contents)
  test(`the files of a ${name} volume`, async () => {
    assert.equal(await wordsOf(name, volume, show), text);
  });

test("modes: the default, an item's own, and a token's", async () => {
  const volume = {
    projected: {
      defaultMode: 0o440,
      sources: [
        {
          configMap: {
            name: "settings",
            items: [
              { key: "color", path: "color" },
              { key: "size", path: "size", mode: 0o755 },
            ],
          },
        },
        { serviceAccountToken: { path: "token" } },
      ],
    },
  };
  const script = 'cd "$DUNLIN_VOLUME_THE_VOLUME"; stat -L -c "%n %a" color size token';
  assert.equal(await wordsOf("modes", volume, script), "color 440\nsize 755\ntoken 600\n");
});

test("a mount path in arguments and variables is where the files are, subPath or not", async () => {
  const volumeMounts = [
    { name: "the-volume", mountPath: "/etc/app/color.txt", subPath: "color" },
    { name: "the-volume", mountPath: "/all" },
  ];
  const env = [{ name: "COLOR", value: "/etc/app/color.txt" }];
  const script = 'cat "$COLOR" "$1" "${2#--file=}"';
  const command = ["sh", "-c", `(${script}) >"$DUNLIN_TERMINATION_LOG"`, "sh"];
  const args = ["/all/size", "--file=/all/color"];
  const volume = { configMap: { name: "settings" } };
  const more = { command, args, env, volumeMounts };
  assert.equal(await wordsOf("paths", volume, "", more), "red9red");
});

test("subPathExpr takes the container's variables", async () => {
  const volumeMounts = [{ name: "the-volume", mountPath: "/vol", subPathExpr: "$(NAME)/x" }];
  const env = [
    { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "DIR", value: "/vol" },
  ];
  const words = await wordsOf("expr", { emptyDir: {} }, 'echo "$DIR"', { env, volumeMounts });
  assert.match(words, /\/volumes\/the-volume\/expr\/x\n$/);
});

test("a changed ConfigMap reaches the files within ten seconds, new annotations too", async () => {
  await setting("changing", { value: "old", gone: "1" });
  const seen = join(host, "seen");
  const volumes: readonly Volume[] = [
    { name: "config", configMap: { name: "changing" } },
    {
      name: "notes",
      downwardAPI: { items: [{ path: "notes", fieldRef: { fieldPath: "metadata.annotations" } }] },
    },
  ];
  const script = `while :; do ls "$DUNLIN_VOLUME_CONFIG" >${seen}.next
    cat "$DUNLIN_VOLUME_CONFIG/value" "$DUNLIN_VOLUME_NOTES/notes" >>${seen}.next
    mv ${seen}.next ${seen}; sleep 0.02; done`;
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  await fixture.run("watching", { volumes, containers: [shell(script, { volumeMounts })] });
  await fixture.until("watching", isReady);
  await eventually(() => text(seen) === "gone\nvalue\nold");
  const name = { namespace: "default", name: "changing" };
  await fixture.client.patch(configMapKind, name, {
    data: { value: "new", gone: null, more: "1" },
  });
  const pod = { namespace: "default", name: "watching" };
  await fixture.client.patch(podKind, pod, {
    metadata: { annotations: { b: "2", a: 'say "1"' } },
  });
  await fixture.until("watching", (found) => found?.metadata.annotations?.["b"]);
  await clock.advance(10_000);
  await eventually(() => text(seen) === 'more\nvalue\nnewa="say \\"1\\""\nb="2"');
  await fixture.delete("watching", 0);
  await fixture.until("watching", isGone);
});

test("a ConfigMap that is missing holds the pod until it is there", async () => {
  const volumes = [{ name: "config", configMap: { name: "later" } }];
  await fixture.run("waiting", { volumes, containers: [shell("sleep 60")] });
  const expected =
    'FailedMount: MountVolume.SetUp failed for volume "config" : configmap "later" not found';
  await fixture.until("waiting", (pod) => pod?.status?.containerStatuses);
  await eventually(async () => (await fixture.events("waiting")).includes(expected));
  const pod = await fixture.client.get(podKind, { namespace: "default", name: "waiting" });
  const { reason } = pod?.status?.containerStatuses?.[0]?.state.waiting ?? {};
  assert.deepEqual([pod?.status?.phase, reason], ["Pending", "ContainerCreating"]);
  const prepared = (found: Pod | undefined) =>
    conditionOf(found?.status?.conditions, "PodReadyToStartContainers")?.status;
  assert.equal(prepared(pod), "False");
  await setting("later", { a: "1" });
  await clock.advance(1_000);
  const ready = await fixture.until("waiting", (found) => (isReady(found) ? found : undefined));
  assert.equal(prepared(ready), "True");
  await fixture.delete("waiting", 0);
  await fixture.until("waiting", isGone);
});

const failures: readonly (readonly [name: string, volume: Omit<Volume, "name">, told: string])[] = [
  [
    "no-key",
    { configMap: { name: "settings", items: [{ key: "k", path: "k" }] } },
    "references non-existent config key: k",
  ],
  [
    "no-folder",
    { hostPath: { path: join(host, "missing"), type: "Directory" } },
    `hostPath type check failed: ${join(host, "missing")} is not a directory`,
  ],
  [
    "no-socket",
    { hostPath: { path: host, type: "Socket" } },
    `hostPath type check failed: ${host} is not a socket file`,
  ],
];

for (const [name, volume, told] of failures)
  test(`a volume that cannot be made is told: ${told}`, async () => {
    await fixture.run(name, {
      volumes: [{ name: "v", ...volume }],
      containers: [shell("sleep 60")],
    });
    const expected = `FailedMount: MountVolume.SetUp failed for volume "v" : ${told}`;
    await fixture.until(name, (pod) => pod?.status?.containerStatuses);
    await eventually(async () => (await fixture.events(name)).length > 0);
    assert.deepEqual(await fixture.events(name), [expected]);
    await fixture.delete(name, 0);
    await fixture.until(name, isGone);
  });

test("hostPath is the machine's own folder, made if so asked", async () => {
  mkdirSync(join(host, "data"));
  writeFileSync(join(host, "data", "file"), "from the host");
  const there = { hostPath: { path: join(host, "data"), type: "Directory" } };
  assert.equal(await wordsOf("host-path", there, show), "./file=from the host\n");
  const made = { hostPath: { path: join(host, "made"), type: "DirectoryOrCreate" } };
  await wordsOf("host-made", made, 'echo hi >"$DUNLIN_VOLUME_THE_VOLUME/new"');
  assert.equal(text(join(host, "made", "new")), "hi\n");
});

test("an emptyDir over its size limit costs the pod its place", async () => {
  const volumes = [{ name: "scratch", emptyDir: { sizeLimit: "1Mi" } }];
  const volumeMounts = [{ name: "scratch", mountPath: "/scratch" }];
  const args = ["-c", 'head -c 2000000 /dev/zero >"$DUNLIN_VOLUME_SCRATCH/x"; touch up; sleep 60'];
  const readinessProbe = { exec: { command: ["test", "-e", "up"] } };
  const container = shell("", { command: ["sh"], args, volumeMounts, readinessProbe });
  await fixture.run("overfull", { volumes, containers: [container] });
  // The probe is eager in virtual time only.
  await eventually(async () => {
    await clock.advance(100);
    const pod = await fixture.client.get(podKind, { namespace: "default", name: "overfull" });
    return isReady(pod) === true;
  });
  await clock.advance(10_000);
  const failed = await fixture.until("overfull", (pod) =>
    pod?.status?.phase === "Failed" ? pod : undefined,
  );
  assert.equal(failed.status?.reason, "Evicted");
  assert.match(failed.status?.message ?? "", /EmptyDir volume "scratch" exceeds the limit "1Mi"/);
});

test("a pod's processes are led to the API, in the pod's namespace", async () => {
  const script = `echo "$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"
    cat "$TOKEN" "$(dirname "$TOKEN")/namespace"; echo; cat "$KUBECONFIG"`;
  const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";
  const env = [{ name: "TOKEN", value: `${serviceAccount}/token` }];
  const words = await wordsOf("api", { emptyDir: {} }, script, { env });
  const [address, token, ...rest] = words.split("\n");
  assert.deepEqual([address, token], ["127.0.0.1:7443", "secret-tokendefault"]);
  const config = JSON.parse(rest.join("\n")) as {
    clusters: { cluster: { server: string } }[];
    contexts: { context: { namespace: string } }[];
  };
  assert.equal(config.clusters[0]?.cluster.server, apiAccess.url);
  assert.equal(config.contexts[0]?.context.namespace, "default");
});

test("a pod that wants no token finds no kubeconfig, the user's neither", async () => {
  await fixture.run("alone", {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    containers: [shell('echo "$KUBECONFIG" >"$DUNLIN_TERMINATION_LOG"')],
  });
  const ended = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]?.state.terminated;
  const { message } = await fixture.until("alone", ended);
  assert.equal(message, "/dev/null\n");
});

const text = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = wallClock.nowMs() + 20_000;
  while (!(await holds())) {
    assert.ok(wallClock.nowMs() < deadlineMs, "it did not come to that");
    await new Promise<void>((resolve) => wallClock.after(5, resolve));
  }
}
