import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import dnsPacket from "dns-packet";
import { startDnsServer } from "./dns-server.ts";
import { cachesFixture, serviceFixture, sliceFixture } from "./network-fixture.ts";
import type { ServiceCaches } from "./service-endpoints.ts";

const web = serviceFixture("web", {
  clusterIP: "127.128.7.9",
  ports: [
    { name: "http", port: 80 },
    { name: "metrics", port: 9090 },
  ],
});
const peers = serviceFixture("peers", {
  clusterIP: "None",
  ports: [{ name: "raft", port: 7000 }],
});
const peerSlice = sliceFixture(
  peers,
  [{ name: "raft", port: 7001 }],
  [
    { addresses: ["127.64.1.1"], hostname: "peer-0", conditions: { ready: true } },
    { addresses: ["127.64.1.2"], conditions: { ready: true } },
    { addresses: ["127.64.1.3"], conditions: { ready: false } },
  ],
);
const many = serviceFixture("many", { clusterIP: "None" });
const manySlice = sliceFixture(
  many,
  [],
  Array.from({ length: 200 }, (_, index) => ({ addresses: [`127.64.2.${index + 1}`] })),
);
const outside = serviceFixture("outside", {
  type: "ExternalName",
  externalName: "api.example.com",
});
const other = serviceFixture("other", {
  type: "ExternalName",
  externalName: "web.shop.svc.cluster.local",
});

const names = cachesFixture([web], [peers, peerSlice], [many, manySlice], [outside], [other]);

async function start(context: TestContext, served: ServiceCaches = names) {
  const server = await startDnsServer({ address: "127.0.0.1", names: served, log: () => {} });
  context.after(() => server.close());
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  return { port: server.port, resolver };
}

const addresses: readonly [what: string, name: string, addresses: readonly string[] | string][] = [
  ["a Service has its own address", "web.shop.svc.cluster.local", ["127.128.7.9"]],
  ["names have no case", "Web.SHOP.svc.cluster.local", ["127.128.7.9"]],
  [
    "a headless Service has those of its ready endpoints",
    "peers.shop.svc.cluster.local",
    ["127.64.1.1", "127.64.1.2"],
  ],
  ["a pod has its own name below it", "peer-0.peers.shop.svc.cluster.local", ["127.64.1.1"]],
  ["or its address for a name", "127-64-1-2.peers.shop.svc.cluster.local", ["127.64.1.2"]],
  ["every address has a name", "127-64-1-9.shop.pod.cluster.local", ["127.64.1.9"]],
  ["which must be one", "127-64-1-999.shop.pod.cluster.local", "ENOTFOUND"],
  ["another name of a Service leads to it", "other.shop.svc.cluster.local", ["127.128.7.9"]],
  ["an external name has no address here", "outside.shop.svc.cluster.local", []],
  ["a Service that is not there", "web.other.svc.cluster.local", "ENOTFOUND"],
  ["a pod that is not there", "peer-1.peers.shop.svc.cluster.local", "ENOTFOUND"],
  ["names above Services are empty", "shop.svc.cluster.local", "ENODATA"],
  ["names of the world are not answered", "example.com", "EREFUSED"],
];

test("addresses", async (context) => {
  const { resolver } = await start(context);
  for (const [what, name, expected] of addresses)
    if (typeof expected === "string")
      await assert.rejects(resolver.resolve4(name), { code: expected }, what);
    else assert.deepEqual((await resolver.resolve4(name)).toSorted(), expected, what);
  await assert.rejects(resolver.resolve6("web.shop.svc.cluster.local"), { code: "ENODATA" });
});

test("external names are told as aliases", async (context) => {
  const { resolver } = await start(context);
  assert.deepEqual(await resolver.resolveCname("outside.shop.svc.cluster.local"), [
    "api.example.com",
  ]);
});

const services: readonly [name: string, expected: readonly string[] | string][] = [
  // Below 1024 an ordinary user's cluster listens at the mapped port alone.
  ["_http._tcp.web.shop.svc.cluster.local", ["web.shop.svc.cluster.local:64592"]],
  ["_metrics._tcp.web.shop.svc.cluster.local", ["web.shop.svc.cluster.local:9090"]],
  [
    "_raft._tcp.peers.shop.svc.cluster.local",
    ["127-64-1-2.peers.shop.svc.cluster.local:7001", "peer-0.peers.shop.svc.cluster.local:7001"],
  ],
  ["_raft._udp.peers.shop.svc.cluster.local", "ENOTFOUND"],
  ["_nothing._tcp.web.shop.svc.cluster.local", "ENOTFOUND"],
];

test("named ports", async (context) => {
  const { resolver } = await start(context);
  for (const [name, expected] of services)
    if (typeof expected === "string")
      await assert.rejects(resolver.resolveSrv(name), { code: expected }, name);
    else {
      const found = await resolver.resolveSrv(name);
      assert.deepEqual(
        found.map(({ name: target, port }) => `${target}:${port}`).toSorted(),
        expected,
      );
    }
});

test("an answer too long for UDP comes over TCP", async (context) => {
  const { resolver, port } = await start(context);
  const found = await resolver.resolve4("many.shop.svc.cluster.local");
  assert.equal(found.length, 200);
  const socket = createSocket("udp4");
  context.after(() => socket.close());
  socket.send(query("many.shop.svc.cluster.local"), port, "127.0.0.1");
  const [message] = (await once(socket, "message")) as [Buffer];
  assert.ok(message.length <= 512);
  assert.equal(dnsPacket.decode(message).flag_tc, true);
});

test("rubbish is not answered, and harms nobody", async (context) => {
  const { resolver, port } = await start(context);
  const socket = createSocket("udp4");
  context.after(() => socket.close());
  for (const rubbish of [
    Buffer.alloc(0),
    Buffer.alloc(11),
    Buffer.alloc(600, 0xff),
    Buffer.alloc(12, 1),
  ])
    socket.send(rubbish, port, "127.0.0.1");
  const stream = connect({ host: "127.0.0.1", port });
  stream.on("error", () => {});
  const closed = once(stream, "close");
  stream.write(Buffer.concat([Buffer.from([0, 20]), Buffer.alloc(20, 0xff)]));
  await closed;
  assert.deepEqual(await resolver.resolve4("web.shop.svc.cluster.local"), ["127.128.7.9"]);
});

test("a name that two bytes at a time spell over TCP is answered", async (context) => {
  const { port } = await start(context);
  const stream = connect({ host: "127.0.0.1", port, noDelay: true });
  context.after(() => stream.destroy());
  const message = query("web.shop.svc.cluster.local");
  const framed = Buffer.concat([Buffer.from([0, message.length]), message]);
  for (let at = 0; at < framed.length; at += 2) stream.write(framed.subarray(at, at + 2));
  const [answer] = (await once(stream, "data")) as [Buffer];
  const { answers } = dnsPacket.decode(answer.subarray(2));
  assert.deepEqual(
    answers?.map((record) => ("data" in record ? record.data : "")),
    ["127.128.7.9"],
  );
});

function query(name: string): Buffer {
  return dnsPacket.encode({ type: "query", id: 7, questions: [{ type: "A", name }] });
}
