import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../resources/service.ts";
import { podFixture, type PodTraits } from "./pod-fixture.ts";
import { slicesOf } from "./service-slices.ts";

const service = (targetPort?: number | string): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "default", uid: "uid-svc" },
  spec: {
    selector: { app: "web" },
    ports: [{ name: "http", port: 80, ...(targetPort !== undefined && { targetPort }) }],
  },
});

const summary = (target: Service, ...pods: PodTraits[]) =>
  slicesOf(target, pods.map(podFixture)).map(({ endpoints, ports }) => ({
    ports: (ports ?? []).map(({ name, port }) => `${name}:${port}`),
    endpoints: endpoints.map(({ addresses, conditions }) => {
      const on = Object.entries(conditions ?? {}).filter(([, value]) => value);
      return [addresses[0], ...on.map(([name]) => name)].join(" ");
    }),
  }));

test("each pod in its state", () => {
  const pods: PodTraits[] = [
    { name: "a", address: "127.64.1.1" },
    { name: "b", address: "127.64.1.2", ready: false },
    { name: "c", address: "127.64.1.3", terminating: true },
    { name: "no address yet" },
    { name: "finished", address: "127.64.1.5", phase: "Succeeded" },
    { name: "another's", address: "127.64.1.6", labels: { app: "other" } },
  ];
  assert.deepEqual(summary(service(8080), ...pods), [
    {
      ports: ["http:8080"],
      endpoints: ["127.64.1.1 ready serving", "127.64.1.2", "127.64.1.3 serving terminating"],
    },
  ]);
});

test("a Service may publish pods that are not ready", () => {
  const eager = {
    ...service(8080),
    spec: { ...service(8080).spec, publishNotReadyAddresses: true },
  };
  const pod = { name: "a", address: "127.64.1.1", ready: false };
  assert.deepEqual(summary(eager, pod)[0]?.endpoints, ["127.64.1.1 ready"]);
});

test("without pods there is a slice without endpoints", () => {
  assert.deepEqual(summary(service()), [{ ports: ["http:80"], endpoints: [] }]);
});

test("a named port is looked up in each pod; pods that differ get a slice each", () => {
  const pod = (name: string, address: string, containerPort: number): PodTraits => ({
    name,
    address,
    ports: [{ name: "api", containerPort }],
  });
  const pods = [
    pod("a", "127.64.1.1", 8080),
    pod("b", "127.64.1.2", 9090),
    pod("c", "127.64.1.3", 8080),
  ];
  assert.deepEqual(summary(service("api"), ...pods), [
    { ports: ["http:8080"], endpoints: ["127.64.1.1 ready serving", "127.64.1.3 ready serving"] },
    { ports: ["http:9090"], endpoints: ["127.64.1.2 ready serving"] },
  ]);
  const names = slicesOf(service("api"), pods.map(podFixture)).map(({ metadata }) => metadata.name);
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert.match(name, /^web-[a-z0-9]{5}$/);
});

test("a slice names its Service and its pods", () => {
  const [slice] = slicesOf(service(8080), [podFixture({ name: "a", address: "127.64.1.1" })]);
  assert.equal(slice?.metadata.labels?.["kubernetes.io/service-name"], "web");
  assert.equal(slice?.metadata.ownerReferences?.[0]?.uid, "uid-svc");
  assert.deepEqual(slice?.endpoints[0]?.targetRef, {
    kind: "Pod",
    namespace: "default",
    name: "a",
    uid: "uid-a",
  });
});

test("a hundred endpoints fill a slice, and each slice keeps its name", () => {
  const pods = Array.from({ length: 101 }, (_, index) =>
    podFixture({ name: `pod-${index}`, address: `127.64.2.${index}` }),
  );
  const slices = slicesOf(service(8080), pods);
  assert.deepEqual(
    slices.map(({ endpoints }) => endpoints.length),
    [100, 1],
  );
  const names = slices.map(({ metadata }) => metadata.name);
  assert.equal(new Set(names).size, 2);
  assert.equal(slicesOf(service(8080), pods.slice(0, 5))[0]?.metadata.name, names[0]);
});

test("a pod's hostname counts beneath the Service that it names, and labels are the Service's", () => {
  const pod = podFixture({ name: "a", address: "127.64.1.1" });
  const named = (subdomain: string) => ({
    ...pod,
    spec: { ...pod.spec, hostname: "zero", subdomain },
  });
  const headless = {
    ...service(8080),
    metadata: { ...service(8080).metadata, labels: { team: "x" } },
    spec: { ...service(8080).spec, clusterIP: "None" },
  };
  const [slice] = slicesOf(headless, [named("web")]);
  assert.equal(slice?.endpoints[0]?.hostname, "zero");
  assert.equal(slicesOf(headless, [named("other")])[0]?.endpoints[0]?.hostname, undefined);
  assert.equal(slice?.metadata.labels?.["team"], "x");
  assert.equal(slice?.metadata.labels?.["service.kubernetes.io/headless"], "");
});
