import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../resources/endpoint-slice.ts";
import type { Pod } from "../resources/pod.ts";
import type { Service } from "../resources/service.ts";
import { clusterTargetsOf, podsJob } from "./scrape-targets.ts";
import { targetOf } from "./target-labels.ts";

type Annotations = Readonly<Record<string, string>>;

type PodChange = {
  readonly name?: string;
  readonly annotations?: Annotations;
  readonly deletionTimestamp?: string;
  readonly status?: Pod["status"];
  readonly containerPort?: number;
};

const podName = "qwen-predictor-58f9c58b85-l69f7";

function pod(change: PodChange = {}): Pod {
  const { annotations, deletionTimestamp, status, containerPort } = change;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: change.name ?? podName,
      namespace: "default",
      annotations: annotations ?? { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" },
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: {
      containers: [
        { name: "c", ...(containerPort === undefined ? {} : { ports: [{ containerPort }] }) },
      ],
    },
    status: status ?? { phase: "Running", podIP: "127.1.0.5" },
  };
}

function service(annotations: Annotations, name = "qwen"): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default", annotations },
    spec: {},
  };
}

type Endpoint = EndpointSlice["endpoints"][number];

function slice(endpoints: readonly Endpoint[], name = "qwen"): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-x`,
      namespace: "default",
      labels: { "kubernetes.io/service-name": name },
    },
    addressType: "IPv4",
    endpoints,
    ports: [
      { name: "http", port: 8000 },
      { name: "grpc", port: 9000 },
    ],
  };
}

const endpointOf = (name: string, address = "127.1.0.5"): Endpoint => ({
  addresses: [address],
  targetRef: { kind: "Pod", name },
});

const scrape = { "prometheus.io/scrape": "true" };

const urls: readonly (readonly [it: string, pod: Pod, url: string | undefined])[] = [
  ["an annotated running pod", pod(), "http://127.1.0.5:8080/metrics"],
  ["a pod without annotations", pod({ annotations: {} }), undefined],
  ["a pod that says no", pod({ annotations: { "prometheus.io/scrape": "false" } }), undefined],
  ["a pending pod", pod({ status: { phase: "Pending", podIP: "127.1.0.5" } }), undefined],
  ["a pod without an address", pod({ status: { phase: "Running" } }), undefined],
  ["a terminating pod", pod({ deletionTimestamp: "2026-01-01T00:00:00Z" }), undefined],
  [
    "path and scheme",
    pod({
      annotations: {
        ...scrape,
        "prometheus.io/port": "1",
        "prometheus.io/path": "m?x=1",
        "prometheus.io/scheme": "https",
      },
    }),
    "https://127.1.0.5:1/m?x=1",
  ],
  [
    "the container's port",
    pod({ annotations: scrape, containerPort: 9000 }),
    "http://127.1.0.5:9000/metrics",
  ],
  ["no port at all", pod({ annotations: scrape }), "http://127.1.0.5/metrics"],
  [
    "an IPv6 address",
    pod({ status: { phase: "Running", podIP: "fd00::1" } }),
    "http://[fd00::1]:8080/metrics",
  ],
];

for (const [it, given, url] of urls)
  test(`target of ${it}`, () => {
    const [found] = clusterTargetsOf([given], [], []).pods.targets;
    const target = found && targetOf(found, podsJob);
    assert.equal(target?.kind === "target" ? target.url : undefined, url);
  });

/** The labels of series of all targets, of pods and of Services. */
function labelsOf(...given: Parameters<typeof clusterTargetsOf>) {
  const { pods, services } = clusterTargetsOf(...given);
  return [...pods.targets, ...services.targets].map((found) => {
    const target = targetOf(found, podsJob);
    assert.ok(target.kind === "target");
    const { job: _job, ...labels } = target.labels;
    return labels;
  });
}

test("a pod's target has the labels by which pods are told apart, and there is one per address", () => {
  assert.deepEqual(labelsOf([pod(), pod({ name: "other" })], [], []), [
    { instance: "127.1.0.5:8080", namespace: "default", pod: podName, container: "c" },
  ]);
});

test("an annotated Service has a target for each of its pods, at its first port", () => {
  const bare = { annotations: {}, containerPort: 8000 };
  const pods = [pod({ ...bare, name: "a" }), pod({ ...bare, name: "b" })];
  const slices = [slice([endpointOf("a", "127.1.0.6"), endpointOf("b", "127.1.0.7")])];
  const common = { namespace: "default", service: "qwen", container: "c" };
  assert.deepEqual(labelsOf(pods, [service(scrape)], slices), [
    { ...common, instance: "127.1.0.6:8000", pod: "a" },
    { ...common, instance: "127.1.0.7:8000", pod: "b" },
  ]);
  const annotated = service({ ...scrape, "prometheus.io/port": "9100" });
  assert.equal(labelsOf(pods, [annotated], slices)[0]?.["instance"], "127.1.0.6:9100");
  assert.deepEqual(labelsOf(pods, [service({})], slices), []);
});

test("a pod that its Service names too is scraped once, as it says itself", () => {
  const slices = [slice([endpointOf(podName)]), slice([endpointOf(podName)], "again")];
  const services = [service(scrape), service(scrape, "again")];
  assert.deepEqual(labelsOf([pod()], services, slices), [
    {
      instance: "127.1.0.5:8080",
      namespace: "default",
      pod: podName,
      container: "c",
      service: "again",
    },
  ]);
  const no = pod({ annotations: { "prometheus.io/scrape": "false" } });
  assert.deepEqual(labelsOf([no], services, slices), []);
});

test("endpoints of pods that are going or unknown are none; one that is no pod is one", () => {
  const bare = { annotations: {}, name: "a" };
  const services = [service(scrape)];
  const slices = [slice([endpointOf("a")])];
  const going = pod({ ...bare, deletionTimestamp: "2026-01-01T00:00:00Z" });
  assert.deepEqual(labelsOf([going], services, slices), []);
  assert.deepEqual(labelsOf([], services, slices), []);
  const terminating = { ...endpointOf("a"), conditions: { terminating: true } };
  assert.deepEqual(labelsOf([pod(bare)], services, [slice([terminating])]), []);
  assert.deepEqual(labelsOf([], services, [slice([{ addresses: ["10.0.0.9"] }])]), [
    { instance: "10.0.0.9:8000", namespace: "default", service: "qwen" },
  ]);
});
