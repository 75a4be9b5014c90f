import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import type { ChangeListener } from "../../kube/watch-cache.ts";
import type { Endpoint } from "../../resources/endpoint-slice.ts";
import { keyOf } from "../../resources/object.ts";
import type { Service } from "../../resources/service.ts";
import { cachesFixture, serviceFixture, sliceFixture } from "./network-fixture.ts";
import { runServiceProxy } from "./service-proxy.ts";
import { listenPlaces, mappedPort } from "./service-ports.ts";

// A block that no cluster takes: those have 127.64 to 127.126 with Services from 127.128 on.
const nodeAddress = "127.63.0.1";
const address = `127.127.0.${2 + (process.pid % 250)}`;
/** One that no program of this machine has at all addresses. */
const servicePort = await freePort();
/** The same, most likely, among those that need a privilege. */
const lowPort = 1023;

/** What the API would say, as a plain object that tests change. */
class World {
  readonly clock = new VirtualClock(0);
  readonly events: string[] = [];
  #service: Service | undefined;
  #endpoints: readonly Endpoint[] = [];
  #port = 0;
  #listener: ChangeListener<Service> = () => {};
  #stop = new AbortController();

  readonly proxy = runServiceProxy(
    {
      services: {
        get: () => this.#service,
        subscribe: (listener) => {
          this.#listener = listener;
          return () => {};
        },
      },
      endpoints: {
        services: { get: () => this.#service },
        slicesOf: (key) => this.#caches().slicesOf(key),
        pods: { get: () => undefined },
      },
      nodeAddress,
      clock: this.clock,
      recorder: {
        record: (_object, type, reason, message) =>
          this.events.push(`${type} ${reason}: ${message}`),
      },
      log: () => {},
    },
    this.#stop.signal,
  );

  #caches() {
    const service = this.#service ?? serviceFixture("web", {});
    return cachesFixture([
      service,
      sliceFixture(service, [{ name: "", port: this.#port }], this.#endpoints),
    ]);
  }

  /** All endpoints share a port and differ by address. */
  endpointsAt(port: number, ...endpoints: readonly Endpoint[]): void {
    this.#port = port;
    this.#endpoints = endpoints;
  }

  set(service: Service | undefined): void {
    const old = this.#service;
    this.#service = service;
    const key = keyOf(service ?? old ?? serviceFixture("web", {}));
    this.#listener({ key, ...(old && { old }), ...(service && { new: service }) });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.proxy.closed();
  }
}

function startWorld(context: TestContext): World {
  const world = new World();
  context.after(() => world.close());
  return world;
}

async function listen(
  context: TestContext,
  host: string,
  port: number,
  serve: (socket: Socket) => void,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  server.listen({ host, port });
  await once(server, "listening");
  context.after(() => server.close());
  return server;
}

/** Endpoints at one port and an address each, which say their last number and end. */
async function startEndpoints(context: TestContext, count: number) {
  const first = await listen(context, "127.63.1.1", 0, (socket) => socket.end("1"));
  const { port } = first.address() as AddressInfo;
  for (let number = 2; number <= count; number++)
    await listen(context, `127.63.1.${number}`, port, (socket) => socket.end(`${number}`));
  const at = (number: number, conditions: Endpoint["conditions"] = { ready: true }): Endpoint => ({
    addresses: [`127.63.1.${number}`],
    conditions,
  });
  return { port, at };
}

/** What the other side says, or the code of the error. */
async function ask(port: number, from?: string, host = address): Promise<string> {
  const socket = connect({ host, port, ...(from !== undefined && { localAddress: from }) });
  try {
    return await text(socket);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Asks until the listener has followed the Service. */
async function untilAnswered(port: number, expected: RegExp): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (expected.test(await ask(port))) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`nothing at ${address}:${port} answered ${expected}`);
}

const web = (spec: Service["spec"] = {}): Service =>
  serviceFixture("web", { clusterIP: address, ports: [{ port: servicePort }], ...spec });

test("connections take turns among the ready endpoints, and follow them", async (context) => {
  const world = startWorld(context);
  const { port, at } = await startEndpoints(context, 3);
  world.endpointsAt(port, at(1), at(2), at(3, { ready: false }));
  world.set(web());
  await untilAnswered(servicePort, /^[12]$/);
  const answers = [
    await ask(servicePort),
    await ask(servicePort),
    await ask(servicePort),
    await ask(servicePort),
  ];
  assert.deepEqual(answers.toSorted(), ["1", "1", "2", "2"]);
  world.endpointsAt(port, at(3));
  assert.equal(await ask(servicePort), "3");
});

test("without a ready endpoint the client is refused at once; ending ones are better than none", async (context) => {
  const world = startWorld(context);
  const { port, at } = await startEndpoints(context, 2);
  world.endpointsAt(port, at(1, { ready: false }));
  world.set(web());
  await untilAnswered(servicePort, /^ECONNRESET$/);
  world.endpointsAt(
    port,
    at(1, { ready: false }),
    at(2, { ready: false, serving: true, terminating: true }),
  );
  assert.equal(await ask(servicePort), "2");
});

test("an endpoint that refuses is passed over", async (context) => {
  const world = startWorld(context);
  const { port, at } = await startEndpoints(context, 1);
  world.endpointsAt(port, at(1), at(9));
  world.set(web());
  await untilAnswered(servicePort, /^1$/);
  assert.deepEqual([await ask(servicePort), await ask(servicePort)], ["1", "1"]);
});

/** An address of this machine that is not of the loopback network. */
const outerAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

test(
  "an endpoint outside of the cluster is asked from an address that leads there",
  { skip: outerAddress === undefined && "this machine has no address but the loopback ones" },
  async (context) => {
    const world = startWorld(context);
    const outside = await listen(context, outerAddress ?? "", 0, (socket) =>
      socket.end(socket.remoteAddress ?? ""),
    );
    const { port } = outside.address() as AddressInfo;
    world.endpointsAt(port, { addresses: [outerAddress ?? ""], conditions: { ready: true } });
    world.set(web());
    await untilAnswered(servicePort, /^\d/);
    assert.doesNotMatch(await ask(servicePort, "127.63.2.1"), /^127\./);
  },
);

test("a port below 1024 is reached at the upper end as well", async (context) => {
  const world = startWorld(context);
  const { port, at } = await startEndpoints(context, 1);
  world.endpointsAt(port, at(1));
  world.set(web({ ports: [{ port: lowPort }] }));
  assert.equal(mappedPort(80), 64_592);
  await untilAnswered(mappedPort(lowPort), /^1$/);
  if (process.getuid?.() === 0) assert.equal(await ask(lowPort), "1");
  assert.deepEqual(world.events, []);
});

test("a connection that is made outlives its endpoint's readiness, and a half that is closed leaves the other", async (context) => {
  const world = startWorld(context);
  const server = await listen(context, "127.63.1.1", 0, (socket) => {
    socket.write("hello ");
    void text(socket).then((said) => socket.end(`you said ${said}`));
  });
  const { port } = server.address() as AddressInfo;
  world.endpointsAt(port, { addresses: ["127.63.1.1"] });
  world.set(web());
  await untilListening(servicePort);
  const socket = connect({ host: address, port: servicePort, allowHalfOpen: true });
  const [hello] = (await once(socket, "data")) as [Buffer];
  assert.equal(hello.toString(), "hello ");
  world.endpointsAt(port, { addresses: ["127.63.1.1"], conditions: { ready: false } });
  world.set(undefined);
  await untilAnswered(servicePort, /^ECONNREFUSED$/);
  socket.end("goodbye");
  assert.equal(await text(socket), "you said goodbye");
});

test("a client that breaks off breaks off at the endpoint, and the reverse", async (context) => {
  const world = startWorld(context);
  const taken: Socket[] = [];
  const server = await listen(context, "127.63.1.1", 0, (socket) => {
    taken.push(socket);
    socket.write("x");
  });
  const { port } = server.address() as AddressInfo;
  world.endpointsAt(port, { addresses: ["127.63.1.1"] });
  world.set(web());
  await untilListening(servicePort);
  const leaving = connect({ host: address, port: servicePort });
  await once(leaving, "data");
  const gone = new Promise((resolve) => taken.at(-1)?.once("close", resolve));
  leaving.resetAndDestroy();
  await gone;
  const left = connect({ host: address, port: servicePort });
  await once(left, "data");
  const error = once(left, "error");
  taken.at(-1)?.resetAndDestroy();
  assert.equal((await error)[0].code, "ECONNRESET");
});

test("with session affinity a client stays with its endpoint, for as long as it comes back", async (context) => {
  const world = startWorld(context);
  const { port, at } = await startEndpoints(context, 3);
  world.endpointsAt(port, at(1), at(2), at(3));
  const affinity = { clientIP: { timeoutSeconds: 60 } };
  world.set(web({ sessionAffinity: "ClientIP", sessionAffinityConfig: affinity }));
  await untilAnswered(servicePort, /^[123]$/);
  const client = "127.63.9.9";
  const first = await ask(servicePort, client);
  for (let turn = 0; turn < 4; turn++) assert.equal(await ask(servicePort, client), first);
  const others = [
    await ask(servicePort, "127.63.9.1"),
    await ask(servicePort, "127.63.9.2"),
    await ask(servicePort, "127.63.9.3"),
  ];
  assert.deepEqual(others.toSorted(), ["1", "2", "3"]);
  world.endpointsAt(port, at(Number(first) === 1 ? 2 : 1));
  assert.notEqual(await ask(servicePort, client), first);
});

test("what is not served is said once, by an event", async (context) => {
  const world = startWorld(context);
  world.set(web({ ports: [{ port: 53, protocol: "UDP" }, { port: servicePort }] }));
  world.set(
    web({
      ports: [{ port: 53, protocol: "UDP" }, { port: servicePort }],
      externalIPs: ["10.0.0.1"],
    }),
  );
  await untilAnswered(servicePort, /^ECONNRESET$/);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(world.events, [
    "Warning ProtocolNotSupported: port 53/UDP is not served: this cluster forwards TCP only",
    "Warning ExternalIPNotSupported: external address 10.0.0.1 is not served: reach the Service at its cluster IP or through an Ingress",
  ]);
});

test("a port that another program has is named, and taken when it is free", async (context) => {
  const world = startWorld(context);
  const server = createServer();
  server.listen({ host: address, port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  world.set(web({ ports: [{ port }] }));
  while (world.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.match(
    world.events[0] ?? "",
    new RegExp(`^Warning PortTaken: port ${port} is taken .*0.0.0.0:${port}`),
  );
  await new Promise((resolve) => server.close(resolve));
  world.clock.advance(5_000);
  await untilAnswered(port, /^ECONNRESET$/);
  assert.equal(world.events.length, 1);
});

test("a Service that comes back at its address takes it over at once, and so does a port", async (context) => {
  const world = startWorld(context);
  const { port, at } = await startEndpoints(context, 1);
  world.endpointsAt(port, at(1));
  world.set(web({ ports: [{ port: lowPort }] }));
  await untilAnswered(mappedPort(lowPort), /^1$/);
  const again = web({ ports: [{ port: lowPort }] });
  world.set({ ...again, metadata: { ...again.metadata, uid: "another" } });
  await untilAnswered(mappedPort(lowPort), /^1$/);
  // The same place, and another port of the Service.
  world.set({
    ...web({ ports: [{ port: mappedPort(lowPort) }] }),
    metadata: { ...again.metadata, uid: "another" },
  });
  await untilAnswered(mappedPort(lowPort), /^1$/);
  assert.deepEqual(world.events, []);
});

test("a node port listens at the node's address", () => {
  const service = web({ type: "NodePort", ports: [{ port: servicePort, nodePort: 30080 }] });
  assert.deepEqual(
    listenPlaces(service, nodeAddress).map(({ key }) => key),
    [`${address}:${servicePort}`, `${nodeAddress}:30080`],
  );
});

test("headless Services, external names and addresses of an earlier run have no place", () => {
  const specs: readonly Service["spec"][] = [
    { clusterIP: "None", ports: [{ port: 80 }] },
    { type: "ExternalName", externalName: "example.com" },
    { clusterIP: "127.128.0.9", ports: [{ port: 80 }] },
    { ports: [{ port: 80 }] },
  ];
  for (const spec of specs)
    assert.deepEqual(listenPlaces(serviceFixture("web", spec), nodeAddress), []);
});

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const socket = connect({ host: address, port });
    const reached = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (reached) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`nothing listens at ${address}:${port}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen({ host: "0.0.0.0", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
