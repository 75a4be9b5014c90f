import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../resources/pod.ts";
import { scrapeTargetsOf } from "./scrape-targets.ts";

type PodChange = {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly status?: Pod["status"];
  readonly containerPort?: number;
};

function pod({ annotations, deletionTimestamp, status, containerPort }: PodChange = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "qwen-predictor-58f9c58b85-l69f7",
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
  ["no port at all", pod({ annotations: scrape }), "http://127.1.0.5:80/metrics"],
  [
    "an IPv6 address",
    pod({ status: { phase: "Running", podIP: "fd00::1" } }),
    "http://[fd00::1]:8080/metrics",
  ],
];

for (const [it, given, url] of urls)
  test(`target of ${it}`, () => assert.equal(scrapeTargetsOf([given])[0]?.url, url));

test("a target has the labels by which a service's pods are told apart, and there is one per address", () => {
  const targets = scrapeTargetsOf([pod(), pod()]);
  assert.deepEqual(
    targets.map(({ labels }) => labels),
    [
      {
        job: "kubernetes-pods",
        instance: "127.1.0.5:8080",
        namespace: "default",
        pod: "qwen-predictor-58f9c58b85-l69f7",
      },
    ],
  );
});
