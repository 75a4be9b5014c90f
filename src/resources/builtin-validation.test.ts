import assert from "node:assert/strict";
import { test } from "node:test";
import { configMapKind } from "./config-map.ts";
import { deploymentKind } from "./deployment.ts";
import { ingressKind } from "./ingress.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { podKind } from "./pod.ts";
import { replicaSetKind } from "./replica-set.ts";
import { secretKind } from "./secret.ts";
import { serviceKind } from "./service.ts";

type Body = Readonly<Record<string, unknown>>;

/** What kubectl would print after "is invalid:", one line for each cause. */
function complaints(kind: Kind, body: Body, old?: Body): readonly string[] {
  const make = (fields: Body): KubeObject => {
    const object = { metadata: { name: "x" }, ...fields } as unknown as KubeObject;
    return kind.withDefaults?.(object) ?? object;
  };
  const causes = kind.validate?.(make(body), old && make(old)) ?? [];
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

const container = { name: "a", image: "i:1" };
const podOf = (...containers: readonly Body[]) => ({ spec: { containers } });
const podWith = (more: Body) => podOf({ ...container, ...more });

const template = { metadata: { labels: { app: "qwen" } }, spec: { containers: [container] } };
const selector = { matchLabels: { app: "qwen" } };
const deployment = (more: Body = {}) => ({ spec: { selector, template, ...more } });
const service = (spec: Body) => ({ spec: { ports: [{ port: 80 }], ...spec } });
const backend = { service: { name: "qwen", port: { number: 80 } } };
const ingress = (path: Body) => ({
  spec: { rules: [{ http: { paths: [{ path: "/", pathType: "Prefix", backend, ...path }] } }] },
});

const podWithInit = (more: Body) => ({
  spec: { containers: [container], initContainers: [{ ...container, name: "i", ...more }] },
});
const exec = { command: ["true"] };

const good: readonly [name: string, kind: Kind, body: Body, old?: Body][] = [
  ["a pod", podKind, podOf(container)],
  [
    "a pod that gets its node",
    podKind,
    { spec: { containers: [container], nodeName: "n" } },
    podOf(container),
  ],
  ["a pod with another image", podKind, podOf({ ...container, image: "i:2" }), podOf(container)],
  ["a GPU", podKind, podWith({ resources: { limits: { "nvidia.com/gpu": "1" } } })],
  [
    "hooks",
    podKind,
    podWith({ lifecycle: { postStart: { exec }, preStop: { sleep: { seconds: 3 } } } }),
  ],
  [
    "a sidecar with a probe",
    podKind,
    podWithInit({ restartPolicy: "Always", startupProbe: { exec } }),
  ],
  ["a Deployment", deploymentKind, deployment()],
  ["a Deployment that is scaled", deploymentKind, deployment({ replicas: 3 }), deployment()],
  ["a ReplicaSet", replicaSetKind, deployment()],
  ["a Service", serviceKind, service({ selector: { app: "qwen" } })],
  ["a headless Service without ports", serviceKind, { spec: { clusterIP: "None" } }],
  [
    "a Service that keeps its address",
    serviceKind,
    service({}),
    service({ clusterIP: "127.128.0.1" }),
  ],
  ["an Ingress", ingressKind, ingress({})],
  ["a ConfigMap", configMapKind, { data: { "config.yaml": "a: 1" } }],
  ["a Secret", secretKind, { stringData: { HF_TOKEN: "hf_x" } }],
];

for (const [name, kind, body, old] of good)
  test(`${name} passes`, () => assert.deepEqual(complaints(kind, body, old), []));

const bad: readonly [name: string, kind: Kind, body: Body, told: string, old?: Body][] = [
  ["no containers", podKind, podOf(), "spec.containers: Required value"],
  ["no image", podKind, podOf({ name: "a" }), "spec.containers[0].image: Required value"],
  [
    "a hook that does nothing",
    podKind,
    podWith({ lifecycle: { preStop: {} } }),
    "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type",
  ],
  [
    "a pause that is longer than the grace period",
    podKind,
    podWith({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be greater than 0 and less than terminationGracePeriodSeconds (30)",
  ],
  [
    "a probe of an init container",
    podKind,
    podWithInit({ livenessProbe: { exec } }),
    "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
  ],
  [
    "a restart policy of an init container",
    podKind,
    podWithInit({ restartPolicy: "Never" }),
    'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    "a sidecar among the containers",
    podKind,
    podWith({ restartPolicy: "Always" }),
    "spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers",
  ],
  [
    "two containers of one name",
    podKind,
    podOf(container, container),
    'spec.containers[1].name: Duplicate value: "a"',
  ],
  [
    "a port out of range",
    podKind,
    podWith({ ports: [{ containerPort: 70_000 }] }),
    "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
  ],
  [
    "a pull policy that is none",
    podKind,
    podWith({ imagePullPolicy: "Sometimes" }),
    'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
  ],
  [
    "a mount of nothing",
    podKind,
    podWith({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "data"',
  ],
  [
    "a request above its limit",
    podKind,
    podWith({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    "half a GPU",
    deploymentKind,
    deployment({
      template: {
        ...template,
        spec: {
          containers: [{ ...container, resources: { limits: { "nvidia.com/gpu": "500m" } } }],
        },
      },
    }),
    'spec.template.spec.containers[0].resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be an integer',
  ],
  [
    "a probe that asks nothing",
    podKind,
    podWith({ readinessProbe: { periodSeconds: 1 } }),
    "spec.containers[0].readinessProbe: Required value: must specify a handler type",
  ],
  [
    "a changed command",
    podKind,
    podWith({ command: ["sh"] }),
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    podOf(container),
  ],
  [
    "negative replicas",
    deploymentKind,
    deployment({ replicas: -1 }),
    "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    "a selector that misses the template",
    deploymentKind,
    deployment({ selector: { matchLabels: { app: "llama" } } }),
    'spec.template.metadata.labels: Invalid value: {"app":"qwen"}: `selector` does not match template `labels`',
  ],
  [
    "an empty selector",
    deploymentKind,
    deployment({ selector: {} }),
    "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ],
  [
    "a changed selector",
    deploymentKind,
    deployment({ selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } }),
    'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable',
    deployment(),
  ],
  [
    "pods that are never restarted",
    deploymentKind,
    deployment({ template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } }),
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    "a rollout that cannot move",
    deploymentKind,
    deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  ],
  ["no ports", serviceKind, { spec: {} }, "spec.ports: Required value"],
  [
    "two ports without names",
    serviceKind,
    service({ ports: [{ port: 80 }, { name: "b", port: 81 }] }),
    "spec.ports[0].name: Required value",
  ],
  [
    "one port twice",
    serviceKind,
    service({
      ports: [
        { name: "a", port: 80 },
        { name: "b", port: 80 },
      ],
    }),
    'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
  ],
  [
    "another address",
    serviceKind,
    service({ clusterIP: "127.128.0.2" }),
    'spec.clusterIPs[0]: Invalid value: ["127.128.0.2"]: may not change once set',
    service({ clusterIP: "127.128.0.1" }),
  ],
  [
    "a type that is none",
    serviceKind,
    service({ type: "Cluster" }),
    'spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  [
    "a relative path",
    ingressKind,
    ingress({ path: "openai" }),
    'spec.rules[0].http.paths[0].path: Invalid value: "openai": must be an absolute path',
  ],
  [
    "a backend without a port",
    ingressKind,
    ingress({ backend: { service: { name: "qwen" } } }),
    "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
  ],
  [
    "a path that climbs",
    ingressKind,
    ingress({ path: "/a/.." }),
    `spec.rules[0].http.paths[0].path: Invalid value: "/a/..": cannot end with '/..'`,
  ],
  [
    "an address for a host",
    ingressKind,
    { spec: { defaultBackend: backend, tls: [{ hosts: ["127.0.0.1"] }] } },
    'spec.tls[0].hosts[0]: Invalid value: "127.0.0.1": must be a DNS name, not an IP address',
  ],
  [
    "a backend of nothing",
    ingressKind,
    ingress({ backend: {} }),
    'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
  ],
  [
    "a port by name and number",
    ingressKind,
    ingress({ backend: { service: { name: "qwen", port: { name: "http", number: 80 } } } }),
    'spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number',
  ],
  [
    "a registry login that is no JSON",
    secretKind,
    { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{" } },
    'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid JSON',
  ],
  [
    "a token of no account",
    secretKind,
    { type: "kubernetes.io/service-account-token" },
    "metadata.annotations[kubernetes.io/service-account.name]: Required value",
  ],
  [
    "a key with a slash",
    configMapKind,
    { data: { "a/b": "" } },
    "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  ],
  [
    "a change of what is immutable",
    configMapKind,
    { data: { a: "2" }, immutable: true },
    "data: Forbidden: field is immutable when `immutable` is set",
    { data: { a: "1" }, immutable: true },
  ],
  [
    "data that is no base64",
    secretKind,
    { data: { HF_TOKEN: "hf_x" } },
    'data[HF_TOKEN]: Invalid value: "<secret>": illegal base64 data',
  ],
  [
    "another type",
    secretKind,
    { type: "example.com/b" },
    'type: Invalid value: "example.com/b": field is immutable',
    { type: "example.com/a" },
  ],
  [
    "a TLS secret without its key",
    secretKind,
    { type: "kubernetes.io/tls", data: { "tls.crt": "" } },
    "data[tls.key]: Required value",
  ],
];

for (const [name, kind, body, told, old] of bad)
  test(`${kind.kind}: ${name} is refused`, () =>
    assert.deepEqual(complaints(kind, body, old), [told]));

test("text given to a Secret is stored as base64, over what was there", () => {
  const made = secretKind.withDefaults?.({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "hf-secret" },
    data: { OTHER: "eA==", HF_TOKEN: "b2xk" },
    stringData: { HF_TOKEN: "schlüssel" },
  });
  assert.deepEqual(made, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "hf-secret" },
    type: "Opaque",
    data: { OTHER: "eA==", HF_TOKEN: Buffer.from("schlüssel").toString("base64") },
  });
});

test("a Service and a Deployment get the defaults of a real API server", () => {
  const metadata = { name: "x" };
  const service = serviceKind.withDefaults?.({
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ port: 80 }, { port: 81, targetPort: "http" }] },
  });
  assert.deepEqual(service?.spec, {
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    type: "ClusterIP",
    sessionAffinity: "None",
    ports: [
      { port: 80, protocol: "TCP", targetPort: 80 },
      { port: 81, protocol: "TCP", targetPort: "http" },
    ],
  });
  const made = deploymentKind.withDefaults?.({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { selector, template },
  });
  const { replicas, strategy, revisionHistoryLimit, progressDeadlineSeconds } = made?.spec ?? {};
  assert.deepEqual(
    { replicas, strategy, revisionHistoryLimit, progressDeadlineSeconds },
    {
      replicas: 1,
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
      },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
  );
});
