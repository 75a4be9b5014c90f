import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ConfigMap } from "../../resources/config-map.ts";
import type { Container, EnvVar, Pod } from "../../resources/pod.ts";
import type { Secret } from "../../resources/secret.ts";
import { environmentOf, expandVariables } from "./container-env.ts";
import { planLaunch } from "./container-launch.ts";
import { translatePath } from "./pod-volumes.ts";

const podFolder = mkdtempSync(join(tmpdir(), "dunlin-env-"));
after(() => rmSync(podFolder, { recursive: true }));

const secret: Secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "hf-secret" },
  data: { HF_TOKEN: Buffer.from("hf_123").toString("base64") },
};
const settings: ConfigMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings" },
  data: { color: "red", size: "9" },
};

function podOf(container: Partial<Container>): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-1",
      namespace: "shop",
      uid: "u-1",
      labels: { app: "web" },
      annotations: { "a.b/c": "note" },
    },
    spec: {
      nodeName: "dunlin",
      volumes: [{ name: "model", emptyDir: {} }],
      containers: [{ name: "web", ...container }],
    },
  };
}

function facts(container: Partial<Container>) {
  const pod = podOf(container);
  return {
    pod,
    container: pod.spec.containers[0] ?? { name: "" },
    podIp: "127.64.1.1",
    hostIp: "127.64.0.1",
    allocatable: { cpu: "4", memory: "8Gi" },
    secret: (name: string) => Promise.resolve(name === "hf-secret" ? secret : undefined),
    configMap: (name: string) => Promise.resolve(name === "settings" ? settings : undefined),
  };
}

const resolve = (container: Partial<Container>) =>
  environmentOf({
    ...facts(container),
    clusterEnv: { MODE: "cluster", NODE_OPTIONS: "--ours", KUBECONFIG: "/k" },
    imageEnv: { MODE: "image" },
  });

const fromField = (fieldPath: string): EnvVar => ({
  name: "X",
  valueFrom: { fieldRef: { fieldPath } },
});
const fromResource = (resource: string, divisor?: string): EnvVar => ({
  name: "X",
  valueFrom: { resourceFieldRef: { resource, ...(divisor !== undefined && { divisor }) } },
});
const resources = { limits: { memory: "4Gi" }, requests: { cpu: "1500m" } };

const values: readonly (readonly [name: string, variable: EnvVar, value: string | undefined])[] = [
  ["a plain value", { name: "X", value: "1" }, "1"],
  ["no value at all", { name: "X" }, ""],
  ["a reference to an earlier variable", { name: "X", value: "at $(POD_IP)" }, "at 127.64.1.1"],
  ["a reference to nothing", { name: "X", value: "$(NOPE)" }, "$(NOPE)"],
  [
    "a reference to nothing that every object has",
    { name: "X", value: "$(constructor)" },
    "$(constructor)",
  ],
  ["an escaped reference", { name: "X", value: "$$(POD_IP)" }, "$(POD_IP)"],
  [
    "a key of a secret",
    { name: "X", valueFrom: { secretKeyRef: { name: "hf-secret", key: "HF_TOKEN" } } },
    "hf_123",
  ],
  [
    "an optional key that is missing",
    { name: "X", valueFrom: { secretKeyRef: { name: "nope", key: "k", optional: true } } },
    undefined,
  ],
  [
    "a key of a config map",
    { name: "X", valueFrom: { configMapKeyRef: { name: "settings", key: "color" } } },
    "red",
  ],
  ["the pod's name", fromField("metadata.name"), "web-1"],
  ["the pod's namespace", fromField("metadata.namespace"), "shop"],
  ["a label that is not there", fromField("metadata.labels['constructor']"), ""],
  ["a label", fromField("metadata.labels['app']"), "web"],
  ["an annotation", fromField("metadata.annotations['a.b/c']"), "note"],
  ["the node's address", fromField("status.hostIP"), "127.64.0.1"],
  ["the default service account", fromField("spec.serviceAccountName"), "default"],
  ["a limit in bytes", fromResource("limits.memory"), "4294967296"],
  ["a limit in mebibytes", fromResource("limits.memory", "1Mi"), "4096"],
  ["a limit that is not set", fromResource("limits.cpu"), "4"],
  ["a request, rounded up", fromResource("requests.cpu"), "2"],
  ["a request in millicores", fromResource("requests.cpu", "1m"), "1500"],
];

for (const [name, variable, value] of values)
  test(`a variable from ${name}`, async () => {
    const environment = await resolve({ env: [variable], resources });
    assert.equal(environment["X"], value);
  });

const missing: readonly (readonly [message: string, container: Partial<Container>])[] = [
  [
    'secret "nope" not found',
    { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "nope", key: "k" } } }] },
  ],
  [
    "couldn't find key k in Secret shop/hf-secret",
    { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "hf-secret", key: "k" } } }] },
  ],
  [
    "couldn't find key constructor in ConfigMap shop/settings",
    {
      env: [
        { name: "X", valueFrom: { configMapKeyRef: { name: "settings", key: "constructor" } } },
      ],
    },
  ],
  ['configmap "nope" not found', { envFrom: [{ configMapRef: { name: "nope" } }] }],
  ['secret "nope" not found', { envFrom: [{ secretRef: { name: "nope" } }] }],
];

for (const [message, container] of missing)
  test(`what leads nowhere says: ${message}`, () =>
    assert.rejects(resolve(container), { name: "ConfigError", message }));

test("later sources win: the cluster, then image, then envFrom, then env", async () => {
  const environment = await resolve({
    envFrom: [
      { prefix: "S_", configMapRef: { name: "settings" } },
      { secretRef: { name: "hf-secret" } },
      { configMapRef: { name: "nope", optional: true } },
    ],
    env: [
      { name: "HF_TOKEN", value: "other" },
      { name: "NODE_OPTIONS", value: "--theirs" },
    ],
  });
  assert.deepEqual(environment, {
    HOSTNAME: "web-1",
    KUBECONFIG: "/k",
    NODE_OPTIONS: "--ours --theirs",
    MODE: "image",
    POD_IP: "127.64.1.1",
    S_color: "red",
    S_size: "9",
    HF_TOKEN: "other",
  });
});

test("arguments keep a dollar sign that refers to nothing", () => {
  assert.equal(expandVariables("$HOME $(A) $$ $(", { A: "1" }), "$HOME 1 $ $(");
});

const paths: readonly (readonly [value: string, translated: string])[] = [
  ["/mnt/models", "/pod/model"],
  ["/mnt/models/config.json", "/pod/model/config.json"],
  ["--model_dir=/mnt/models", "--model_dir=/pod/model"],
  ["/mnt/models-old", "/mnt/models-old"],
  ["/mnt/models/deep/x", "/pod/deep/x"],
  ["cat /mnt/models", "cat /mnt/models"],
];

for (const [value, translated] of paths)
  test(`${value} becomes ${translated}`, () => {
    const mounts = [
      { path: "/mnt/models/deep", target: "/pod/deep" },
      { path: "/mnt/models", target: "/pod/model" },
    ];
    assert.equal(translatePath(value, mounts), translated);
  });

test("a launch has its folders, its devices and the file for its last words", async () => {
  const given = facts({
    volumeMounts: [{ name: "model", mountPath: "/mnt/models" }],
    env: [{ name: "WHERE", value: "/mnt/models/x" }],
  });
  const launch = await planLaunch({
    ...given,
    image: {
      kind: "found",
      command: ["serve", "--dir=/mnt/models", "--host=$(POD_IP)"],
      env: {},
      imageId: "",
    },
    base: { PATH: "/bin", WHERE: "/mnt/models" },
    clusterEnv: {},
    clusterMounts: [],
    podFolder,
    terminationLog: "/tmp/last-words",
    gpus: [2, 5],
  });
  const folder = join(podFolder, "volumes", "model");
  assert.deepEqual(launch.command, ["serve", `--dir=${folder}`, "--host=127.64.1.1"]);
  assert.equal(launch.env["WHERE"], join(folder, "x"));
  assert.equal(launch.env["PATH"], "/bin");
  assert.equal(launch.env["DUNLIN_MODEL_DIR"], folder);
  assert.equal(launch.env["DUNLIN_VOLUME_MODEL"], folder);
  assert.equal(launch.env["CUDA_VISIBLE_DEVICES"], "2,5");
  assert.equal(launch.env["DUNLIN_TERMINATION_LOG"], "/tmp/last-words");
  assert.equal(launch.cwd, podFolder);
});

test("a manifest's working directory may be missing here; one that the user mapped may not", async () => {
  const cwdOf = async (
    container: { readonly workingDir?: string },
    mapped?: string,
  ): Promise<string> => {
    const image = { kind: "found", command: ["sh"], env: {}, imageId: "" } as const;
    const launch = await planLaunch({
      ...facts(container),
      image: { ...image, ...(mapped !== undefined && { workingDir: mapped }) },
      base: {},
      clusterEnv: {},
      clusterMounts: [],
      podFolder,
      terminationLog: "/tmp/last-words",
      gpus: [],
    });
    return launch.cwd;
  };
  assert.equal(await cwdOf({ workingDir: "/usr" }, "/tmp"), "/usr");
  assert.equal(await cwdOf({ workingDir: "/no/such/folder" }, "/tmp"), podFolder);
  assert.equal(await cwdOf({}, "/tmp"), "/tmp");
  await assert.rejects(cwdOf({}, "/no/such/folder"), {
    message: "workingDir /no/such/folder of the image mapping is no folder of this machine",
  });
});
