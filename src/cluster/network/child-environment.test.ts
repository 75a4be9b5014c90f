import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../resources/pod.ts";
import { childEnvironment } from "./child-environment.ts";
import { serviceFixture } from "./network-fixture.ts";

const places = { nodeAddress: "127.64.0.1", dnsPort: 1053, httpProxyPort: 3128 };

const services = [
  serviceFixture("my-web", {
    clusterIP: "127.128.7.9",
    ports: [
      { name: "http", port: 80 },
      { name: "dns-udp", port: 5353, protocol: "UDP" },
    ],
  }),
  serviceFixture("headless", { clusterIP: "None", ports: [{ port: 80 }] }),
  serviceFixture("web", { clusterIP: "127.128.7.1", ports: [{ port: 80 }] }, "other"),
];

const pod = (spec: Partial<Pod["spec"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "asking", namespace: "shop" },
  spec: { containers: [], ...spec },
});

test("a pod is told of the network and of the Services beside it, with the ports where they are reached", () => {
  const { NODE_OPTIONS = "", ...env } = childEnvironment(pod(), services, places);
  assert.match(NODE_OPTIONS, /^--require=.*\/name-hook\.cjs$/);
  assert.deepEqual(env, {
    POD_NAMESPACE: "shop",
    DUNLIN_CLUSTER_DNS: "127.64.0.1:1053",
    DUNLIN_SERVICE_RANGE: "127.128.0.0/16",
    DUNLIN_HTTP_PROXY: "http://127.64.0.1:3128",
    KUBERNETES_SERVICE_HOST: "127.128.0.1",
    KUBERNETES_SERVICE_PORT: "64955",
    KUBERNETES_SERVICE_PORT_HTTPS: "64955",
    KUBERNETES_PORT: "tcp://127.128.0.1:64955",
    KUBERNETES_PORT_443_TCP: "tcp://127.128.0.1:64955",
    KUBERNETES_PORT_443_TCP_PROTO: "tcp",
    KUBERNETES_PORT_443_TCP_PORT: "64955",
    KUBERNETES_PORT_443_TCP_ADDR: "127.128.0.1",
    MY_WEB_SERVICE_HOST: "127.128.7.9",
    MY_WEB_SERVICE_PORT: "64592",
    MY_WEB_SERVICE_PORT_HTTP: "64592",
    MY_WEB_SERVICE_PORT_DNS_UDP: "5353",
    MY_WEB_PORT: "tcp://127.128.7.9:64592",
    MY_WEB_PORT_80_TCP: "tcp://127.128.7.9:64592",
    MY_WEB_PORT_80_TCP_PROTO: "tcp",
    MY_WEB_PORT_80_TCP_PORT: "64592",
    MY_WEB_PORT_80_TCP_ADDR: "127.128.7.9",
    MY_WEB_PORT_5353_UDP: "udp://127.128.7.9:5353",
    MY_WEB_PORT_5353_UDP_PROTO: "udp",
    MY_WEB_PORT_5353_UDP_PORT: "5353",
    MY_WEB_PORT_5353_UDP_ADDR: "127.128.7.9",
  });
});

test("without service links only the API is named", () => {
  const env = childEnvironment(pod({ enableServiceLinks: false }), services, places);
  const hosts = Object.keys(env).filter((name) => name.endsWith("_SERVICE_HOST"));
  assert.deepEqual(hosts, ["KUBERNETES_SERVICE_HOST"]);
});

test("host aliases are handed over", () => {
  const hostAliases = [{ ip: "10.1.2.3", hostnames: ["db", "replica"] }, { ip: "10.1.2.4" }];
  const { DUNLIN_HOST_ALIASES = "" } = childEnvironment(pod({ hostAliases }), [], places);
  assert.deepEqual(JSON.parse(DUNLIN_HOST_ALIASES), { db: "10.1.2.3", replica: "10.1.2.3" });
});
