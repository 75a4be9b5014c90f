import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTimestamp } from "../lib/timestamp.ts";
import { builtinKinds } from "./builtin-kinds.ts";
import type { Cell } from "./kind.ts";
import type { KubeObject } from "./object.ts";

const nowMs = parseTimestamp("2026-01-01T00:32:00Z") ?? 0;

/** The printed table of one object: headings in capitals, wide columns included. */
function print(kindName: string, body: Readonly<Record<string, unknown>>): Record<string, Cell> {
  const kind = builtinKinds.find((candidate) => candidate.kind === kindName);
  assert.ok(kind, kindName);
  const metadata = { name: "x", creationTimestamp: "2026-01-01T00:00:00Z" };
  const cells = kind.cells?.({ metadata, ...body } as unknown as KubeObject, nowMs) ?? [];
  assert.equal(cells.length, kind.columns.length);
  return Object.fromEntries(
    kind.columns.map(({ name }, index) => [name.toUpperCase(), cells[index] ?? null]),
  );
}

const template = {
  metadata: { labels: { app: "qwen" } },
  spec: {
    containers: [
      { name: "a", image: "one:1" },
      { name: "b", image: "two:2" },
    ],
  },
};
const selector = { matchLabels: { app: "qwen" } };

const cases: readonly [
  kind: string,
  body: Readonly<Record<string, unknown>>,
  printed: Record<string, Cell>,
][] = [
  [
    "Deployment",
    {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
    },
    {
      NAME: "x",
      READY: "2/3",
      "UP-TO-DATE": "3",
      AVAILABLE: "2",
      AGE: "32m",
      CONTAINERS: "a,b",
      IMAGES: "one:1,two:2",
      SELECTOR: "app=qwen",
    },
  ],
  [
    "ReplicaSet",
    { spec: { replicas: 3, selector, template }, status: { replicas: 2 } },
    {
      NAME: "x",
      DESIRED: 3,
      CURRENT: 2,
      READY: 0,
      AGE: "32m",
      CONTAINERS: "a,b",
      IMAGES: "one:1,two:2",
      SELECTOR: "app=qwen",
    },
  ],
  [
    "Service",
    {
      spec: {
        type: "NodePort",
        clusterIP: "127.128.0.4",
        selector: { app: "qwen" },
        ports: [
          { port: 80, protocol: "TCP", nodePort: 30080 },
          { port: 9090, protocol: "TCP" },
        ],
      },
    },
    {
      NAME: "x",
      TYPE: "NodePort",
      "CLUSTER-IP": "127.128.0.4",
      "EXTERNAL-IP": "<none>",
      "PORT(S)": "80:30080/TCP,9090/TCP",
      AGE: "32m",
      SELECTOR: "app=qwen",
    },
  ],
  [
    "EndpointSlice",
    {
      addressType: "IPv4",
      ports: [{ port: 8080 }],
      endpoints: ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"].map((address) => ({
        addresses: [address],
      })),
    },
    {
      NAME: "x",
      ADDRESSTYPE: "IPv4",
      PORTS: "8080",
      ENDPOINTS: "127.0.0.2,127.0.0.3,127.0.0.4 + 1 more...",
      AGE: "32m",
    },
  ],
  [
    "Ingress",
    {
      spec: {
        ingressClassName: "istio",
        rules: [{ host: "qwen-default.example.com" }, { host: "b.example.com" }],
      },
      status: { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } },
    },
    {
      NAME: "x",
      CLASS: "istio",
      HOSTS: "qwen-default.example.com,b.example.com",
      ADDRESS: "127.0.0.1",
      PORTS: "80",
      AGE: "32m",
    },
  ],
  [
    "Ingress",
    { spec: {} },
    { NAME: "x", CLASS: "<none>", HOSTS: "*", ADDRESS: "", PORTS: "80", AGE: "32m" },
  ],
  ["ConfigMap", { data: { a: "1", b: "2" } }, { NAME: "x", DATA: "2", AGE: "32m" }],
  [
    "Secret",
    { type: "Opaque", data: { HF_TOKEN: "aGY=" } },
    { NAME: "x", TYPE: "Opaque", DATA: "1", AGE: "32m" },
  ],
  ["Namespace", { status: { phase: "Active" } }, { NAME: "x", STATUS: "Active", AGE: "32m" }],
  ["ServiceAccount", {}, { NAME: "x", SECRETS: "0", AGE: "32m" }],
  [
    "Node",
    {
      metadata: { name: "x", labels: { "node-role.kubernetes.io/control-plane": "" } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        nodeInfo: {
          kubeletVersion: "v1.32.0",
          osImage: "Debian",
          containerRuntimeVersion: "process",
        },
      },
    },
    {
      NAME: "x",
      STATUS: "Ready,SchedulingDisabled",
      ROLES: "control-plane",
      AGE: "<unknown>",
      VERSION: "v1.32.0",
      "INTERNAL-IP": "127.0.0.1",
      "EXTERNAL-IP": "<none>",
      "OS-IMAGE": "Debian",
      "KERNEL-VERSION": "<unknown>",
      "CONTAINER-RUNTIME": "process",
    },
  ],
  [
    "Event",
    {
      involvedObject: { kind: "Pod", name: "qwen", fieldPath: "spec.containers{a}" },
      type: "Warning",
      reason: "Unhealthy",
      message: "Readiness probe failed\n",
      source: { component: "kubelet", host: "dunlin" },
      firstTimestamp: "2026-01-01T00:30:00Z",
      lastTimestamp: "2026-01-01T00:31:50Z",
      count: 3,
    },
    {
      "LAST SEEN": "10s",
      TYPE: "Warning",
      REASON: "Unhealthy",
      OBJECT: "pod/qwen",
      SUBOBJECT: "spec.containers{a}",
      SOURCE: "kubelet, dunlin",
      MESSAGE: "Readiness probe failed",
      "FIRST SEEN": "2m",
      COUNT: "3",
      NAME: "x",
    },
  ],
  [
    "MutatingWebhookConfiguration",
    { webhooks: [{ name: "a.b.c" }, { name: "b.b.c" }] },
    { NAME: "x", WEBHOOKS: 2, AGE: "32m" },
  ],
  ["ValidatingWebhookConfiguration", {}, { NAME: "x", WEBHOOKS: 0, AGE: "32m" }],
  ["CustomResourceDefinition", {}, { NAME: "x", "CREATED AT": "2026-01-01T00:00:00Z" }],
];

for (const [kind, body, printed] of cases)
  test(`kubectl get prints a ${kind}`, () => assert.deepEqual(print(kind, body), printed));

test("kubectl finds the kinds by the short names that it knows", () => {
  const short = Object.fromEntries(
    builtinKinds.map(({ plural, shortNames = [] }) => [plural, shortNames.join(",")]),
  );
  assert.deepEqual(short, {
    configmaps: "cm",
    events: "ev",
    namespaces: "ns",
    nodes: "no",
    pods: "po",
    secrets: "",
    serviceaccounts: "sa",
    services: "svc",
    deployments: "deploy",
    replicasets: "rs",
    endpoints: "ep",
    endpointslices: "",
    ingresses: "ing",
    leases: "",
    mutatingwebhookconfigurations: "",
    validatingwebhookconfigurations: "",
    customresourcedefinitions: "crd,crds",
  });
});
