import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Service } from "../../resources/service.ts";
import { serviceResolver } from "./service-resolver.ts";

const service: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "shop" },
  spec: {
    ports: [
      { name: "http", port: 80 },
      { name: "metrics", port: 9090 },
    ],
  },
};

const slice: EndpointSlice = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: "web-1",
    namespace: "shop",
    labels: { "kubernetes.io/service-name": "web" },
  },
  addressType: "IPv4",
  endpoints: [
    { addresses: ["127.64.1.1"], conditions: { ready: true } },
    { addresses: ["127.64.1.2"], conditions: { ready: false } },
    { addresses: ["127.64.1.3"] },
  ],
  ports: [
    { name: "http", port: 8080 },
    { name: "metrics", port: 8082 },
  ],
};

const resolve = serviceResolver({
  services: { get: (key) => (key === "shop/web" ? service : undefined) },
  slicesOf: (key) => (key === "shop/web" ? [slice] : []),
  pods: { get: () => undefined },
});

const cases: readonly [hostname: string, port: number | string, leadsTo: number | undefined][] = [
  ["web.shop.svc.cluster.local", 80, 8080],
  ["web.shop.svc", 80, 8080],
  ["Web.Shop.svc.cluster.local.", 80, 8080],
  ["web.shop.svc", "metrics", 8082],
  ["web.shop.svc", 9090, 8082],
  ["web.shop.svc", 8080, undefined],
  ["web.other.svc", 80, undefined],
  ["web.shop", 80, undefined],
  ["web.shop.svc.example.com", 80, undefined],
  ["127.0.0.1", 80, undefined],
];

for (const [hostname, port, leadsTo] of cases)
  test(`${hostname} at ${port} leads to ${leadsTo ?? "nothing"}`, () =>
    assert.equal(resolve(hostname, port)?.port, leadsTo));

test("calls take turns among the endpoints that are ready or do not say", () => {
  const addresses = [1, 2, 3, 4].map(() => resolve("web.shop.svc", 80)?.address);
  assert.deepEqual(new Set(addresses), new Set(["127.64.1.1", "127.64.1.3"]));
});
