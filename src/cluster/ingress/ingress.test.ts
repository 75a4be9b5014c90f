import assert from "node:assert/strict";
import { once } from "node:events";
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { after, test, type TestContext } from "node:test";
import type { ChangeListener } from "../../kube/watch-cache.ts";
import type { EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Ingress as IngressObject } from "../../resources/ingress.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";
import type { ServiceCaches } from "../network/service-endpoints.ts";
import { Ingress } from "./ingress.ts";

const address = "127.0.0.1";
const clientAgent = new Agent({ keepAlive: true });
after(() => clientAgent.destroy());

/** What the API would say, as a plain object that tests change. */
class World {
  readonly endpoints = new Set<number>();
  readonly terminating = new Set<number>();
  #listeners: ChangeListener<EndpointSlice>[] = [];

  changed(): void {
    for (const listener of this.#listeners) listener({ key: "default/web" });
  }

  readonly #services = {
    get: (key: string): Service | undefined =>
      key === "default/web"
        ? {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "web", namespace: "default" },
            spec: { ports: [{ name: "http", port: 80 }] },
          }
        : undefined,
  };

  readonly slices = {
    list: (): readonly EndpointSlice[] =>
      [...this.endpoints].map((port) => ({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          name: `web-${port}`,
          namespace: "default",
          labels: { "kubernetes.io/service-name": "web" },
        },
        addressType: "IPv4",
        endpoints: [
          {
            addresses: [address],
            conditions: { ready: true },
            targetRef: { kind: "Pod", namespace: "default", name: `web-${port}`, uid: `${port}` },
          },
        ],
        ports: [{ name: "http", port }],
      })),
    subscribe: (listener: ChangeListener<EndpointSlice>) => {
      this.#listeners.push(listener);
      return () => {
        this.#listeners = this.#listeners.filter((other) => other !== listener);
      };
    },
  };

  readonly #pods = {
    get: (key: string): Pod | undefined => {
      const port = [...this.terminating].find((candidate) => key === `default/web-${candidate}`);
      return port === undefined
        ? undefined
        : {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: key, uid: `${port}`, deletionTimestamp: "2026-01-01T00:00:00Z" },
            spec: { containers: [] },
          };
    },
  };

  readonly lookup: ServiceCaches = {
    services: this.#services,
    slicesOf: (key) => (key === "default/web" ? this.slices.list() : []),
    pods: this.#pods,
  };
}

function rule(host: string, service: string): NonNullable<IngressObject["spec"]["rules"]>[number] {
  const backend = { service: { name: service, port: { number: 80 } } };
  return { host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } };
}

const ingressObject: IngressObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "web", namespace: "default" },
  spec: { rules: [rule("web.example.com", "web"), rule("lost.example.com", "lost")] },
};

async function startIngress(context: TestContext) {
  const world = new World();
  const ingress = new Ingress({
    port: 0,
    ingresses: { list: () => [ingressObject], subscribe: () => () => {} },
    services: world.lookup,
    slices: world.slices,
    log: () => {},
  });
  const { port } = await ingress.start();
  context.after(() => ingress.close());
  return { world, ingress, port };
}

async function startServer(context: TestContext, listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  server.listen(0, address);
  await once(server, "listening");
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

const portOf = (server: { address(): AddressInfo | string | null }): number =>
  (server.address() as AddressInfo).port;

type Asked = { readonly method?: string; readonly host?: string; readonly body?: string };

/** Sends a request through the ingress and resolves with the head of the answer. */
async function ask(port: number, path: string, asked: Asked = {}): Promise<IncomingMessage> {
  const { method = "GET", host = "web.example.com", body } = asked;
  const request = httpRequest({
    agent: clientAgent,
    host: address,
    port,
    path,
    method,
    headers: { host },
  });
  // After an early answer the rest of a body may meet a closed connection, which is fine.
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

async function answerOf(response: Promise<IncomingMessage>): Promise<string> {
  const head = await response;
  return `${head.statusCode} ${await text(head)}`;
}

test("a request reaches the pod as it was sent, and the answer comes back", async (context) => {
  const { world, port } = await startIngress(context);
  const server = await startServer(context, (request, response) => {
    void text(request).then((body) => {
      response.setHeader("x-from", "pod");
      response.statusCode = 201;
      response.end(JSON.stringify({ url: request.url, headers: request.headers, body }));
    });
  });
  world.endpoints.add(portOf(server));
  const response = await ask(port, "/v1/x?y=z", { method: "POST", body: "prompt" });
  assert.equal(response.statusCode, 201);
  assert.equal(response.headers["x-from"], "pod");
  const seen = JSON.parse(await text(response)) as {
    url: string;
    headers: Record<string, string>;
    body: string;
  };
  assert.equal(seen.url, "/v1/x?y=z");
  assert.equal(seen.body, "prompt");
  assert.equal(seen.headers["host"], "web.example.com");
  assert.equal(seen.headers["x-forwarded-for"], address);
  assert.equal(seen.headers["x-forwarded-host"], "web.example.com");
  assert.equal(seen.headers["x-forwarded-port"], String(port));
});

test("who cannot be served is told why", async (context) => {
  const { world, port } = await startIngress(context);
  const refusals: readonly [host: string, status: number, says: RegExp][] = [
    [
      "nobody.example.com",
      404,
      /no Ingress has the host \\"nobody.example.com\\".*kubectl get ingress/,
    ],
    ["web.example.com", 503, /service \\"default\/web\\" has no ready endpoint/],
    ["lost.example.com", 503, /service \\"default\/lost\\" does not exist/],
  ];
  for (const [host, status, says] of refusals) {
    const response = await ask(port, "/", { host });
    assert.equal(response.statusCode, status);
    assert.match(await text(response), says);
  }
  world.endpoints.add(portOf(await unusedPort(context)));
  assert.match(await answerOf(ask(port, "/")), /^502 .*could be reached/);
});

test("requests in flight spread evenly, and are counted", async (context) => {
  const { world, ingress, port } = await startIngress(context);
  const waiting: { readonly pod: number; readonly end: () => void }[] = [];
  const arrivals = Promise.withResolvers<void>();
  for (const pod of [1, 2, 3]) {
    const server = await startServer(context, (_request, response) => {
      waiting.push({ pod, end: () => void response.end("done") });
      if (waiting.length === 6) arrivals.resolve();
    });
    world.endpoints.add(portOf(server));
  }
  const answers = Array.from({ length: 6 }, () =>
    answerOf(ask(port, "/", { method: "POST", body: "x" })),
  );
  await arrivals.promise;
  const pods = waiting.map(({ pod }) => pod).toSorted((a, b) => a - b);
  assert.deepEqual(pods, [1, 1, 2, 2, 3, 3]);
  assert.equal(ingress.inFlight("default", "web"), 6);
  for (const { end } of waiting) end();
  assert.deepEqual(await Promise.all(answers), Array(6).fill("200 done"));
  assert.equal(ingress.inFlight("default", "web"), 0);
});

test("a stream arrives piece by piece", async (context) => {
  const { world, port } = await startIngress(context);
  const go = Promise.withResolvers<void>();
  const server = await startServer(context, (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n");
    void go.promise.then(() => response.end("data: two\n\n"));
  });
  world.endpoints.add(portOf(server));
  const response = await ask(port, "/");
  const [first] = (await once(response, "data")) as [Buffer];
  assert.equal(first.toString(), "data: one\n\n", "before the second event exists");
  go.resolve();
  assert.equal(await text(response), "data: two\n\n");
});

test("a client that leaves ends the work in the pod", async (context) => {
  const { world, ingress, port } = await startIngress(context);
  const abandoned = Promise.withResolvers<void>();
  const server = await startServer(context, (_request, response) => {
    response.writeHead(200).flushHeaders();
    response.once("close", () => abandoned.resolve());
  });
  world.endpoints.add(portOf(server));
  const response = await ask(port, "/");
  response.destroy();
  await abandoned.promise;
  assert.equal(ingress.inFlight("default", "web"), 0);
});

test("a pod that is gone is passed over, with the whole body for the next", async (context) => {
  const { world, port } = await startIngress(context);
  world.endpoints.add(portOf(await unusedPort(context)));
  const server = await startServer(context, (request, response) => {
    void text(request).then((body) => response.end(body));
  });
  world.endpoints.add(portOf(server));
  for (let turn = 0; turn < 4; turn++)
    assert.equal(await answerOf(ask(port, "/", { method: "POST", body: "prompt" })), "200 prompt");
});

test("a body beyond what is kept passes whole, but is not sent twice", async (context) => {
  const { world, port } = await startIngress(context);
  const body = "x".repeat(5 * 1024 * 1024);
  let uploads = 0;
  const server = await startServer(context, (request, response) => {
    uploads++;
    void text(request).then(({ length }) => {
      if (request.url === "/break") response.destroy();
      else response.end(String(length));
    });
  });
  world.endpoints.add(portOf(server));
  const put = (path: string) => answerOf(ask(port, path, { method: "PUT", body }));
  assert.equal(await put("/"), `200 ${body.length}`);
  const other = await startServer(context, (_request, response) => response.end("other"));
  world.endpoints.clear();
  world.endpoints.add(portOf(server)).add(portOf(other));
  const answers = [await put("/break"), await put("/break")];
  assert.deepEqual(answers.filter((answer) => answer !== "200 other").length, 1);
  assert.match(answers.join(), /502 .*broke off/);
  assert.equal(uploads, 2);
});

test("an answer that comes before the body was read arrives whole", async (context) => {
  const { world, port } = await startIngress(context);
  const server = await startServer(context, (request, response) => {
    response.writeHead(413, { connection: "close" }).end("too long");
    response.once("finish", () => request.socket.destroy());
  });
  world.endpoints.add(portOf(server));
  const body = "x".repeat(5 * 1024 * 1024);
  const answer = await answerOf(ask(port, "/", { method: "POST", body }));
  assert.match(
    answer,
    /^(413 too long|502 )/,
    "the pod's word, or that it broke off, and no silence",
  );
});

test("a kept connection that the pod closed is replaced, for a POST too", async (context) => {
  const { world, port } = await startIngress(context);
  let connections = 0;
  // Answers one request for each connection, and breaks off at the second.
  const server = createTcpServer((socket: Socket) => {
    connections++;
    let requests = 0;
    socket.on("error", () => {});
    socket.on("data", () => {
      if (++requests > 1) return socket.resetAndDestroy();
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok");
    });
  });
  server.listen(0, address);
  await once(server, "listening");
  context.after(() => server.close());
  world.endpoints.add(portOf(server));
  assert.equal(await answerOf(ask(port, "/", { method: "POST" })), "200 ok");
  assert.equal(await answerOf(ask(port, "/", { method: "POST" })), "200 ok");
  assert.equal(connections, 2);
});

test("an answer that cannot be passed on is the pod's failure, not the cluster's end", async (context) => {
  const { world, port } = await startIngress(context);
  const server = createTcpServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.end("HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n"));
  });
  server.listen(0, address);
  await once(server, "listening");
  context.after(() => server.close());
  world.endpoints.add(portOf(server));
  const answer = await answerOf(ask(port, "/", { method: "POST" }));
  assert.match(answer, /^502 .*\\"default\/web\\" answered at .* with what is no HTTP: .*99/);
});

test("a POST that a live pod broke off is not sent twice; a GET is", async (context) => {
  const { world, port } = await startIngress(context);
  const breaking = await startServer(context, (_request, response) => response.destroy());
  world.endpoints.add(portOf(breaking));
  assert.match(await answerOf(ask(port, "/", { method: "POST" })), /^502 .*broke off/);
  const whole = await startServer(context, (_request, response) => response.end("whole"));
  world.endpoints.add(portOf(whole));
  for (let turn = 0; turn < 2; turn++) assert.equal(await answerOf(ask(port, "/")), "200 whole");
});

test("a POST that a stopping pod broke off is sent to another", async (context) => {
  const { world, port } = await startIngress(context);
  const stopping = await startServer(context, (_request, response) => {
    world.terminating.add(portOf(stopping));
    response.destroy();
  });
  world.endpoints.add(portOf(stopping));
  const whole = await startServer(context, (_request, response) => response.end("whole"));
  world.endpoints.add(portOf(whole));
  for (let turn = 0; turn < 2; turn++)
    assert.equal(await answerOf(ask(port, "/", { method: "POST" })), "200 whole");
  assert.ok(world.terminating.size > 0);
});

test("a pod that is being deleted gets no request, before its slice says so", async (context) => {
  const { world, port } = await startIngress(context);
  const leaving = await startServer(context, (_request, response) => response.end("leaving"));
  const staying = await startServer(context, (_request, response) => response.end("staying"));
  world.endpoints.add(portOf(leaving)).add(portOf(staying));
  world.terminating.add(portOf(leaving));
  for (let turn = 0; turn < 4; turn++) assert.equal(await answerOf(ask(port, "/")), "200 staying");
});

test("idle connections to an endpoint that went are closed", async (context) => {
  const { world, port } = await startIngress(context);
  const server = await startServer(context, (_request, response) => response.end("ok"));
  world.endpoints.add(portOf(server));
  const connected = once(server, "connection") as Promise<[Socket]>;
  assert.equal(await answerOf(ask(port, "/")), "200 ok");
  const [socket] = await connected;
  const closed = once(socket, "close");
  world.endpoints.clear();
  world.changed();
  await closed;
});

/** Asks to speak WebSocket at once with a first word, and resolves with the answer's head. */
async function askUpgrade(context: TestContext, port: number, upgrade: string) {
  const socket = connect({ host: address, port });
  context.after(() => socket.destroy());
  socket.write(
    `GET /chat HTTP/1.1\r\nHost: web.example.com\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n` +
      "Sec-WebSocket-Key: key\r\n\r\n",
  );
  const [head] = (await once(socket, "data")) as [Buffer];
  return { socket, head: head.toString() };
}

test("a WebSocket passes through, counts as in flight, and ends on both sides", async (context) => {
  const { world, ingress, port } = await startIngress(context);
  const server = await startServer(context, () => {});
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `X-Seen: ${request.url} ${request.headers["sec-websocket-key"]} ${String(request.headers["x-forwarded-host"])}\r\n\r\n`,
    );
    socket.on("data", (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
    socket.on("end", () => socket.end());
  });
  world.endpoints.add(portOf(server));
  const { socket, head } = await askUpgrade(context, port, "websocket");
  assert.match(head, /^HTTP\/1.1 101 Switching Protocols\r\n/);
  assert.match(head, /X-Seen: \/chat key web.example.com/);
  socket.write("hello");
  const [echo] = (await once(socket, "data")) as [Buffer];
  assert.equal(echo.toString(), "echo hello");
  assert.equal(ingress.inFlight("default", "web"), 1);
  socket.end();
  await once(socket, "close");
  while (ingress.inFlight("default", "web") > 0)
    await new Promise((resolve) => setImmediate(resolve));
});

test("a pod that does not want a WebSocket says so itself; without a pod the door does", async (context) => {
  const { world, port } = await startIngress(context);
  assert.match((await askUpgrade(context, port, "websocket")).head, /^HTTP\/1.1 503 Service Unav/);
  const server = await startServer(context, (_request, response) => {
    response.statusCode = 426;
    response.end("no");
  });
  world.endpoints.add(portOf(server));
  assert.match((await askUpgrade(context, port, "websocket")).head, /^HTTP\/1.1 426 /);
  const gone = portOf(await unusedPort(context));
  world.endpoints.add(gone);
  for (let turn = 0; turn < 2; turn++)
    assert.match((await askUpgrade(context, port, "websocket")).head, /^HTTP\/1.1 426 /);
  world.endpoints.clear();
  world.endpoints.add(gone);
  assert.match((await askUpgrade(context, port, "websocket")).head, /^HTTP\/1.1 502 /);
});

test("who offers HTTP/2 on the way is answered in HTTP/1.1", async (context) => {
  const { world, port } = await startIngress(context);
  const server = await startServer(context, (_request, response) => response.end("plain"));
  world.endpoints.add(portOf(server));
  const { head } = await askUpgrade(context, port, "h2c");
  assert.match(head, /^HTTP\/1.1 200 OK\r\n/);
});

test("a port in use is named, with the flag that changes it", async (context) => {
  const { port } = await startIngress(context);
  const second = new Ingress({
    port,
    ingresses: { list: () => [], subscribe: () => () => {} },
    services: new World().lookup,
    slices: new World().slices,
    log: () => {},
  });
  await assert.rejects(second.start(), new RegExp(`port ${port} .* in use.*--ingress-port`));
});

/** A server whose port nobody listens on any more. */
async function unusedPort(context: TestContext) {
  const server = await startServer(context, () => {});
  const taken = server.address();
  await new Promise((resolve) => server.close(resolve));
  return { address: () => taken };
}
