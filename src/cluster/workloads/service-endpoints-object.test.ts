import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../resources/service.ts";
import { podFixture, type PodTraits } from "./pod-fixture.ts";
import {
  endpointsOf,
  endpointsOfSlices,
  isOurs,
  mirroredSlices,
} from "./service-endpoints-object.ts";

const service = (spec: Partial<Service["spec"]> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "default", uid: "uid-svc", labels: { team: "x" } },
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
});

/** `127.64.1.1,127.64.1.2 !127.64.1.3 :8080` for two ready addresses, one that is not, and the port. */
const summary = (target: Service, ...pods: PodTraits[]) =>
  (endpointsOf(target, pods.map(podFixture)).subsets ?? []).map(
    ({ addresses = [], notReadyAddresses = [], ports = [] }) =>
      [
        addresses.map(({ ip }) => ip).join(),
        ...notReadyAddresses.map(({ ip }) => `!${ip}`),
        ...ports.map(({ port }) => `:${port}`),
      ].join(" "),
  );

const ready = { name: "a", address: "127.64.1.1" };
const unready = { name: "b", address: "127.64.1.2", ready: false };
const leaving = { name: "c", address: "127.64.1.3", terminating: true };

test("ready pods and others stand apart; those on their way out are left out", () => {
  assert.deepEqual(summary(service(), ready, unready, leaving), ["127.64.1.1 !127.64.1.2 :8080"]);
  assert.deepEqual(summary(service(), leaving), []);
  assert.deepEqual(summary(service()), []);
});

test("a Service that publishes what is not ready has all of them", () => {
  assert.deepEqual(summary(service({ publishNotReadyAddresses: true }), ready, unready, leaving), [
    "127.64.1.1,127.64.1.2,127.64.1.3 :8080",
  ]);
});

test("a headless Service without ports has addresses alone", () => {
  const { ports: _, ...spec } = service().spec;
  const headless = { ...service(), spec: { ...spec, clusterIP: "None" } };
  assert.deepEqual(summary(headless, ready), ["127.64.1.1"]);
  assert.deepEqual(endpointsOf(headless, []).metadata.labels, {
    team: "x",
    "service.kubernetes.io/headless": "",
    "endpoints.kubernetes.io/managed-by": "endpoint-controller",
  });
});

test("Endpoints that a user keeps become slices; the cluster's own do not belong to a user", () => {
  const kept = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "db", namespace: "default", uid: "uid-ep" },
    subsets: [{ addresses: [{ ip: "10.0.0.7" }], ports: [{ port: 5432 }] }],
  };
  const [slice] = mirroredSlices(kept);
  assert.deepEqual(slice?.endpoints, [{ addresses: ["10.0.0.7"], conditions: { ready: true } }]);
  assert.deepEqual(slice?.ports, [{ name: "", protocol: "TCP", port: 5432 }]);
  assert.equal(slice?.metadata.labels?.["kubernetes.io/service-name"], "db");
  assert.equal(slice?.metadata.ownerReferences?.[0]?.uid, "uid-ep");
  assert.equal(isOurs(kept), false);
  assert.equal(isOurs(endpointsOf(service(), [])), true);
});

test("slices that somebody keeps by hand are told to older clients too", () => {
  const { subsets } = endpointsOfSlices(service(), [
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web" },
      addressType: "IPv4",
      endpoints: [
        { addresses: ["127.0.0.1"] },
        { addresses: ["127.0.0.2"], conditions: { ready: false } },
      ],
      ports: [{ name: "https", port: 7443, protocol: "TCP" }],
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web-empty" },
      addressType: "IPv4",
      endpoints: [],
    },
  ]);
  assert.deepEqual(subsets, [
    {
      addresses: [{ ip: "127.0.0.1" }],
      notReadyAddresses: [{ ip: "127.0.0.2" }],
      ports: [{ name: "https", port: 7443, protocol: "TCP" }],
    },
  ]);
});
