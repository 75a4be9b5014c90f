import assert from "node:assert/strict";
import { test } from "node:test";
import { podWithDefaults, templateWithDefaults } from "./pod-defaults.ts";
import type { Container, Pod, PodSpec } from "./pod.ts";

function pod(spec: PodSpec): Pod {
  return podWithDefaults({ apiVersion: "v1", kind: "Pod", metadata: { name: "qwen" }, spec });
}

function container(more: Partial<Container>): Container {
  const { spec } = pod({ containers: [{ name: "a", image: "i:1", ...more }] });
  return spec.containers[0] ?? { name: "missing" };
}

test("a bare pod is filled in", () => {
  const { spec, status } = pod({ containers: [{ name: "a", image: "nginx" }] });
  assert.deepEqual(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    enableServiceLinks: true,
    serviceAccountName: "default",
    serviceAccount: "default",
    priority: 0,
    preemptionPolicy: "PreemptLowerPriority",
    tolerations: ["not-ready", "unreachable"].map((taint) => ({
      key: `node.kubernetes.io/${taint}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    })),
    containers: [
      {
        name: "a",
        image: "nginx",
        imagePullPolicy: "Always",
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        resources: {},
      },
    ],
  });
  assert.deepEqual(status, { phase: "Pending", qosClass: "BestEffort" });
});

test("what is set stays, and a second time changes nothing", () => {
  const once = pod({
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 5,
    containers: [{ name: "a", image: "i:1", imagePullPolicy: "Never" }],
    volumes: [{ name: "scratch" }],
  });
  assert.equal(once.spec.restartPolicy, "Never");
  assert.equal(once.spec.terminationGracePeriodSeconds, 5);
  assert.deepEqual(once.spec.volumes, [{ name: "scratch", emptyDir: {} }]);
  assert.deepEqual(podWithDefaults(once), once);
});

test("what is empty or zero was set by nobody, where Go cannot tell", () => {
  const { readinessProbe, imagePullPolicy } = container({
    imagePullPolicy: "",
    readinessProbe: { httpGet: { port: 80, path: "" }, periodSeconds: 0, initialDelaySeconds: 0 },
  });
  assert.equal(imagePullPolicy, "IfNotPresent");
  assert.equal(readinessProbe?.periodSeconds, 10);
  assert.equal(readinessProbe?.httpGet?.path, "/");
  const still = { containers: [{ name: "a", image: "i:1" }], terminationGracePeriodSeconds: 0 };
  assert.equal(pod(still).spec.terminationGracePeriodSeconds, 0);
});

const pullPolicies: readonly [image: string, policy: string][] = [
  ["nginx", "Always"],
  ["nginx:latest", "Always"],
  ["nginx:1.27", "IfNotPresent"],
  ["registry:5000/nginx", "Always"],
  ["registry:5000/nginx:1.27", "IfNotPresent"],
  ["nginx@sha256:0123", "IfNotPresent"],
];

for (const [image, policy] of pullPolicies)
  test(`${image} is pulled ${policy}`, () =>
    assert.equal(container({ image }).imagePullPolicy, policy));

test("a pod requests its limits, in canonical texts; a template does not", () => {
  const resources = { limits: { cpu: "2000m", memory: "1024Mi" }, requests: { cpu: "0.5" } };
  assert.deepEqual(container({ resources }).resources, {
    limits: { cpu: "2", memory: "1Gi" },
    requests: { cpu: "500m", memory: "1Gi" },
  });
  const template = templateWithDefaults({ spec: { containers: [{ name: "a", resources }] } });
  assert.deepEqual(template.spec.containers[0]?.resources?.requests, { cpu: "500m" });
});

test("probes and ports are filled in", () => {
  const { readinessProbe, ports } = container({
    readinessProbe: { httpGet: { port: 8080 } },
    ports: [{ containerPort: 8080 }],
  });
  assert.deepEqual(readinessProbe, {
    httpGet: { path: "/", scheme: "HTTP", port: 8080 },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(ports, [{ protocol: "TCP", containerPort: 8080 }]);
});

test("a pod that tolerates everything needs no tolerations more, and classes have priorities", () => {
  const containers = [{ name: "a", image: "i:1" }];
  const { spec } = pod({
    containers,
    tolerations: [{ operator: "Exists" }],
    priorityClassName: "system-node-critical",
    serviceAccount: "robot",
  });
  assert.deepEqual(spec.tolerations, [{ operator: "Exists" }]);
  assert.equal(spec.priority, 2_000_001_000);
  assert.equal(spec.serviceAccountName, "robot");
});

test("what the downward API tells, hooks and volumes are filled in", () => {
  const tells = { fieldRef: { fieldPath: "metadata.name" } };
  const asks = { resourceFieldRef: { resource: "limits.cpu", divisor: "1000m" } };
  const { spec } = pod({
    containers: [
      {
        name: "a",
        image: "i:1",
        env: [{ name: "CPU", valueFrom: asks }],
        lifecycle: { preStop: { httpGet: { port: 80 } } },
      },
    ],
    volumes: [
      { name: "v", downwardAPI: { items: [{ path: "name", ...tells }] } },
      {
        name: "p",
        projected: {
          sources: [
            { serviceAccountToken: { path: "token" } },
            { downwardAPI: { items: [{ path: "name", ...tells }] } },
          ],
        },
      },
      { name: "e", emptyDir: { sizeLimit: "1024Mi" } },
    ],
  });
  const told = { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } };
  assert.deepEqual(spec.containers[0]?.env?.[0]?.valueFrom, {
    resourceFieldRef: { resource: "limits.cpu", divisor: "1" },
  });
  assert.deepEqual(spec.containers[0]?.lifecycle, {
    preStop: { httpGet: { path: "/", scheme: "HTTP", port: 80 } },
  });
  assert.deepEqual(spec.volumes, [
    { name: "v", downwardAPI: { defaultMode: 420, items: [{ path: "name", ...told }] } },
    {
      name: "p",
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
          { downwardAPI: { items: [{ path: "name", ...told }] } },
        ],
      },
    },
    { name: "e", emptyDir: { sizeLimit: "1Gi" } },
  ]);
});

const qosClasses: readonly [name: string, resources: Container["resources"], qos: string][] = [
  ["nothing asked", {}, "BestEffort"],
  ["only a GPU", { limits: { "nvidia.com/gpu": "1" } }, "BestEffort"],
  ["requests below limits", { requests: { cpu: "1" }, limits: { cpu: "2" } }, "Burstable"],
  ["limits alone", { limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
];

for (const [name, resources, qos] of qosClasses)
  test(`${name} is ${qos}`, () => {
    const { status } = pod({ containers: [{ name: "a", ...(resources && { resources }) }] });
    assert.equal(status?.qosClass, qos);
  });
