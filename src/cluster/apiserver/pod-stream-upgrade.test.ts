// exec, attach and port-forward over real sockets, in each protocol, with a node that does what a test
// tells it. What containers do with them is the kubelet's own test.
import assert from "node:assert/strict";
import { once } from "node:events";
import { duplexPair, type Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect } from "node:tls";
import { WebSocket } from "ws";
import { SpdyClient } from "../streams/spdy-client-fixture.ts";
import { serveApi } from "./api-server.ts";
import { makeCertificates } from "./certificates.ts";
import { NodeProblem, type CommandRun, type NodeAccess } from "./node-access.ts";
import { nodeThat, openTestPlane, pod, pods, startMs } from "./plane-fixture.ts";

const certificates = await makeCertificates(startMs);
const token = "secret";

async function serve(t: TestContext, does: Partial<NodeAccess>) {
  const { plane, call, clock } = openTestPlane();
  plane.setNode(nodeThat(does));
  const containers = ["main", "side"].map((name) => ({ name, image: "i" }));
  await call("POST", pods, pod("web", { nodeName: "n", containers }));
  await call("POST", pods, pod("waiting"));
  const told: string[] = [];
  const log = (line: string) => void told.push(line);
  const served = await serveApi({ plane, port: 0, tls: certificates, token, log });
  t.after(async () => {
    await served.close();
    await plane.close();
    assert.deepEqual(told, []);
  });
  return { clock, port: served.port, close: () => served.close() };
}

const tlsOptions = (port: number) => ({ host: "127.0.0.1", port, ca: certificates.authority });

/** A request to upgrade, and the bytes that follow its answer; `answer` is the head, or all of it. */
async function upgrade(
  t: TestContext,
  port: number,
  path: string,
  headers: readonly string[],
): Promise<{ readonly answer: string; readonly socket: Duplex }> {
  const socket = connect(tlsOptions(port));
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  const lines = [`POST ${pods}/${path} HTTP/1.1`, "Host: x", "Connection: Upgrade", ...headers];
  socket.write(`${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
  let answer = "";
  for (;;) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    answer += chunk.toString("latin1");
    const end = answer.indexOf("\r\n\r\n") + 4;
    if (end < 4) continue;
    if (!answer.startsWith("HTTP/1.1 101"))
      return { answer: answer + (await text(socket)), socket };
    socket.pause();
    socket.unshift(Buffer.from(answer.slice(end), "latin1"));
    return { answer: answer.slice(0, end), socket };
  }
}

const bearer = `Authorization: Bearer ${token}`;
const spdy = [bearer, "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io"];
const spdyPorts = [bearer, "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: portforward.k8s.io"];

type Channels = {
  readonly socket: WebSocket;
  readonly send: (channel: number, data: string | Buffer) => void;
  /** The text of a channel, once the server has closed the connection. */
  readonly texts: Promise<ReadonlyMap<number, string>>;
};

async function channels(
  t: TestContext,
  port: number,
  path: string,
  protocols: readonly string[],
): Promise<Channels> {
  const socket = new WebSocket(`wss://127.0.0.1:${port}${pods}/${path}`, [...protocols], {
    ca: certificates.authority,
    headers: { authorization: `Bearer ${token}` },
  });
  t.after(() => socket.terminate());
  const texts = new Map<number, string>();
  socket.on("message", (data: Buffer) => {
    const [channel = 0] = data;
    texts.set(channel, (texts.get(channel) ?? "") + data.subarray(1).toString("latin1"));
  });
  const closed = once(socket, "close").then(() => texts);
  await once(socket, "open");
  return {
    socket,
    send: (channel, data) => socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(data)])),
    texts: closed,
  };
}

/** Says what it gets in capitals, then how long that was, and exits with 3. */
const shouting: CommandRun = async ({ stdin, stdout, stderr }) => {
  const given = stdin ? await text(stdin) : "";
  stdout?.write(given.toUpperCase());
  stderr?.write(String(given.length));
  return 3;
};

/** Never ends by itself; tells when it was told to. */
function waiting(): { readonly run: CommandRun; readonly ended: Promise<void> } {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const run: CommandRun = (_streams, signal) =>
    new Promise((done) => {
      signal.addEventListener("abort", () => {
        resolve();
        done(137);
      });
    });
  return { run, ended };
}

const all = "container=main&stdin=true&stdout=true&stderr=true";
const exitStatus = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "command terminated with non-zero exit code: exit code 3",
  reason: "NonZeroExitCode",
  details: { causes: [{ reason: "ExitCode", message: "3" }] },
};

test("v5 channels: input that ends, both outputs, and the exit code", async (t) => {
  const asked: unknown[] = [];
  const exec: NodeAccess["exec"] = (_pod, options) => {
    asked.push(options);
    return shouting;
  };
  const { port } = await serve(t, { exec });
  const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
  const path = `web/exec?command=say&command=it+now&${all}`;
  const { socket, send, texts } = await channels(t, port, path, protocols);
  assert.equal(socket.protocol, "v5.channel.k8s.io");
  send(0, "hel");
  send(0, "lo");
  socket.send(Buffer.of(255, 0));
  const got = await texts;
  assert.equal(got.get(1), "HELLO");
  assert.equal(got.get(2), "5");
  assert.deepEqual(JSON.parse(got.get(3) ?? ""), exitStatus);
  assert.deepEqual(asked, [
    {
      container: "main",
      command: ["say", "it now"],
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    },
  ]);
});

test("v4 channels: success, and the sizes of a terminal", async (t) => {
  const sizes: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<number>();
  const exec = () => (streams: Parameters<CommandRun>[0]) => {
    streams.onResize?.((size) => {
      sizes.push(size);
      if (sizes.length === 2) resolve(0);
    });
    return promise;
  };
  const { port } = await serve(t, { exec });
  const path = "web/exec?command=sh&container=main&stdout=1&stderr=1&tty=True";
  const { send, texts } = await channels(t, port, path, ["v4.channel.k8s.io"]);
  send(4, '{"Width":80,"Height":24}');
  send(4, '{"Width":"wide"}');
  send(4, "nonsense}");
  send(9, "a channel that nobody asked for");
  send(4, '{"Width":99,"Height":33}\n');
  assert.equal(
    (await texts).get(3),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}',
  );
  assert.deepEqual(sizes, [
    { columns: 80, rows: 24 },
    { columns: 99, rows: 33 },
  ]);
});

test("a command that cannot be run is told on the error channel", async (t) => {
  const exec = () => () => Promise.reject(new Error("no such program"));
  const { port } = await serve(t, { exec });
  const { texts } = await channels(t, port, `web/exec?command=x&${all}`, ["v5.channel.k8s.io"]);
  const status = JSON.parse((await texts).get(3) ?? "") as Record<string, unknown>;
  assert.equal(status["message"], "Internal error occurred: no such program");
  assert.equal(status["reason"], "InternalError");
});

test("SPDY: the same command over streams of its own", async (t) => {
  const { port } = await serve(t, { exec: () => shouting });
  const { answer, socket } = await upgrade(t, port, `web/exec?command=say&${all}`, spdy);
  assert.match(answer, /^HTTP\/1.1 101 .*\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n/s);
  const client = new SpdyClient(socket);
  const error = await client.open({ streamtype: "error" });
  const stdin = await client.open({ streamtype: "stdin" });
  const stdout = await client.open({ streamtype: "stdout" });
  const stderr = await client.open({ streamtype: "stderr" });
  client.data(stdin, "hello", true);
  const texts = await client.texts(3);
  assert.equal(texts.get(stdout), "HELLO");
  assert.equal(texts.get(stderr), "5");
  assert.deepEqual(JSON.parse(texts.get(error) ?? ""), exitStatus);
});

const refusals: readonly {
  readonly name: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly answer: RegExp;
}[] = [
  {
    name: "without a token",
    path: `web/exec?command=x&${all}`,
    headers: ["Upgrade: SPDY/3.1"],
    answer: /^HTTP\/1.1 401 .*"reason":"Unauthorized"/s,
  },
  {
    name: "a pod that is not there",
    path: `none/exec?command=x&${all}`,
    headers: spdy,
    answer: /^HTTP\/1.1 404 .*pods \\"none\\" not found/s,
  },
  {
    name: "a pod without a node",
    path: "waiting/portforward",
    headers: spdyPorts,
    answer: /^HTTP\/1.1 400 .*pod waiting does not have a host assigned/s,
  },
  {
    name: "a container that the pod has not",
    path: `web/exec?command=x&stdout=1&container=nope`,
    headers: spdy,
    answer: /^HTTP\/1.1 400 .*container nope is not valid for pod web/s,
  },
  {
    name: "no container of two",
    path: "web/attach?stdout=1",
    headers: spdy,
    answer:
      /^HTTP\/1.1 400 .*a container name must be specified for pod web, choose one of: \[main side\]/s,
  },
  {
    name: "no stream at all",
    path: "web/attach?container=main",
    headers: spdy,
    answer: /^HTTP\/1.1 400 .*you must specify at least 1 of stdin, stdout, stderr/s,
  },
  {
    name: "a container that does not run, in the node's words",
    path: "web/attach?container=main&stdout=1",
    headers: spdy,
    answer: /^HTTP\/1.1 500 .*Content-Type: text\/plain.*\r\n\r\ncontainer not found \("main"\)$/s,
  },
  {
    name: "a protocol that nobody knows",
    path: `web/exec?command=x&${all}`,
    headers: [bearer, "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v9, v1"],
    answer: /^HTTP\/1.1 400 .*client supports \[v9 v1\], server accepts \[v4.channel.k8s.io\]/s,
  },
  {
    name: "something that has no streams",
    path: "web/log",
    headers: spdy,
    answer: /^HTTP\/1.1 404 /s,
  },
  {
    name: "no upgrade",
    path: `web/exec?command=x&${all}`,
    headers: [bearer, "Upgrade: h2c"],
    answer: /^HTTP\/1.1 400 .*Upgrade request required/s,
  },
  {
    name: "a WebSocket without a key",
    path: `web/exec?command=x&${all}`,
    headers: [bearer, "Upgrade: websocket", "Sec-WebSocket-Protocol: v5.channel.k8s.io"],
    answer: /^HTTP\/1.1 (?:400|405) /s,
  },
];
for (const { name, path, headers, answer } of refusals)
  test(`refused: ${name}`, async (t) => {
    const attach = (): never => {
      throw new NodeProblem('container not found ("main")');
    };
    const { port } = await serve(t, { attach, exec: () => shouting });
    const close = name === "no upgrade" ? ["Connection: close"] : [];
    assert.match((await upgrade(t, port, path, [...headers, ...close])).answer, answer);
  });

test("the command is told when its client is gone", async (t) => {
  const { run, ended } = waiting();
  const { port } = await serve(t, { exec: () => run });
  const { socket } = await channels(t, port, `web/exec?command=x&${all}`, ["v5.channel.k8s.io"]);
  socket.terminate();
  await ended;
});

for (const protocol of ["v5.channel.k8s.io", "SPDY/3.1"])
  test(`${protocol}: a client that is gone is found while its input is not read`, async (t) => {
    const { run, ended } = waiting();
    const { port, clock } = await serve(t, { exec: () => run });
    const path = `web/exec?command=x&container=main&stdin=true`;
    const piece = Buffer.alloc(64 * 1024);
    let flood: () => boolean;
    let leave: () => void;
    if (protocol === "SPDY/3.1") {
      const { socket } = await upgrade(t, port, path, spdy);
      const client = new SpdyClient(socket);
      await client.open({ streamtype: "error" });
      const stdin = await client.open({ streamtype: "stdin" });
      flood = () => client.data(stdin, piece);
      leave = () => socket.destroy();
    } else {
      const { socket, send } = await channels(t, port, path, [protocol]);
      flood = () => {
        send(0, piece);
        return socket.bufferedAmount < 1024 * 1024;
      };
      leave = () => socket.terminate();
    }
    // Until nothing more is taken.
    for (let full = 0; full < 200; full = flood() ? 0 : full + 1) await nextTurn();
    leave();
    let over = false;
    void ended.then(() => (over = true));
    while (!over) {
      clock.advance(10_000);
      await nextTurn();
    }
  });

test("a client that does not open its streams in time is let go", async (t) => {
  const { port, clock } = await serve(t, { exec: () => shouting });
  const { socket } = await upgrade(t, port, `web/exec?command=x&${all}`, spdy);
  const closed = once(socket, "close");
  socket.resume();
  await nextTurn();
  clock.advance(30_000);
  await closed;
});

test("a client that does not close its side is let go", async (t) => {
  const { port, clock } = await serve(t, { exec: () => () => Promise.resolve(0) });
  const { socket } = await upgrade(t, port, "web/exec?command=x&stdout=1&container=main", spdy);
  const client = new SpdyClient(socket);
  const error = await client.open({ streamtype: "error" });
  await client.open({ streamtype: "stdout" });
  assert.match((await client.texts(2)).get(error) ?? "", /Success/);
  const closed = once(socket, "close");
  socket.on("data", () => {});
  while (!socket.destroyed) {
    clock.advance(1_000);
    await nextTurn();
  }
  await closed;
});

test("a client that goes on after it was refused is let go", async (t) => {
  const { port, clock } = await serve(t, {});
  const halfOpen = { ...tlsOptions(port), allowHalfOpen: true };
  const socket = connect(halfOpen);
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  const head = [`GET ${pods}/none/exec?command=x&stdout=1 HTTP/1.1`, "Host: x", bearer];
  const wishes = ["Connection: Upgrade", "Upgrade: SPDY/3.1"];
  socket.write(`${[...head, ...wishes].join("\r\n")}\r\n\r\nand more`);
  assert.match(await text(socket), /^HTTP\/1.1 404 /);
  for (let turn = 0; turn < 5_000 && !socket.destroyed; turn++) {
    clock.advance(1_000);
    socket.write("and more");
    await nextTurn();
  }
  assert.ok(socket.destroyed);
});

test("streams end with the server", async (t) => {
  const { run, ended } = waiting();
  const { port, close } = await serve(t, { exec: () => run });
  const { texts } = await channels(t, port, `web/exec?command=x&${all}`, ["v5.channel.k8s.io"]);
  await close();
  await ended;
  await texts;
});

/** A pod whose port 80 says what it gets in capitals, and ends; nothing listens at other ports. */
const connectTo: NodeAccess["connect"] = (_pod, port) => {
  if (port !== 80) return Promise.reject(new Error(`failed to connect: port ${port} is closed`));
  const [near, far] = duplexPair();
  void text(far).then((given) => far.end(given.toUpperCase()));
  return Promise.resolve(near);
};

test("SPDY: ports are forwarded by pairs of streams, each connection for itself", async (t) => {
  const { port } = await serve(t, { connect: connectTo });
  const { socket } = await upgrade(t, port, "web/portforward", spdyPorts);
  const client = new SpdyClient(socket);
  const openPair = async (id: string, target: string) => {
    const headers = { port: target, requestid: id };
    const error = await client.open({ ...headers, streamtype: "error" });
    const data = await client.open({ ...headers, streamtype: "data" });
    client.data(error, "", true);
    return { error, data };
  };
  const good = await openPair("1", "80");
  const bad = await openPair("2", "81");
  const again = await openPair("3", "80");
  client.data(again.data, "again", true);
  client.data(good.data, "hello", true);
  const texts = await client.texts(6);
  assert.equal(texts.get(good.data), "HELLO");
  assert.equal(texts.get(again.data), "AGAIN");
  assert.equal(texts.get(good.error), "");
  assert.equal(
    texts.get(bad.error),
    "error forwarding port 81: failed to connect: port 81 is closed",
  );
});

test("SPDY: a port that is none is reset, and the connection goes on", async (t) => {
  const { port } = await serve(t, { connect: connectTo });
  const { socket } = await upgrade(t, port, "web/portforward", spdyPorts);
  const client = new SpdyClient(socket);
  for (const [id, target] of [
    ["1", "http"],
    ["2", "80"],
  ] as const)
    for (const streamtype of ["error", "data"])
      await client.open({ streamtype, port: target, requestid: id });
  client.data(7, "on", true);
  assert.equal((await client.texts(2)).get(7), "ON");
});

test("v4 channels: two for each port, each with the port's number first", async (t) => {
  const greeting: NodeAccess["connect"] = (one, port) => {
    if (port === 81) return connectTo(one, port);
    const [near, far] = duplexPair();
    far.once("data", (chunk: Buffer) => far.end(chunk.toString().toUpperCase()));
    return Promise.resolve(near);
  };
  const { port } = await serve(t, { connect: greeting });
  const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
  const path = "web/portforward?ports=80&ports=81";
  const { socket, send, texts } = await channels(t, port, path, protocols);
  assert.equal(socket.protocol, "v4.channel.k8s.io");
  send(0, "hello");
  // The connection ends with the pod's side, since one direction alone cannot end.
  const got = await texts;
  assert.equal(got.get(0), "P\0HELLO");
  assert.equal(got.get(1), "P\0");
  assert.equal(got.get(2), "Q\0");
  assert.equal(got.get(3), "Q\0error forwarding port 81: failed to connect: port 81 is closed");
});

test("v4 channels: what comes for a port that has ended does not hold up the others", async (t) => {
  const answers = new Map([
    [80, "bye"],
    [82, "still here"],
  ]);
  const { port } = await serve(t, {
    connect: (_pod, asked) => {
      const [near, far] = duplexPair();
      far.once("data", () => far.end(answers.get(asked)));
      return Promise.resolve(near);
    },
  });
  const path = "web/portforward?ports=80&ports=82";
  const { socket, send, texts } = await channels(t, port, path, ["v4.channel.k8s.io"]);
  const saidBye = new Promise<void>((resolve) => {
    socket.on("message", (data: Buffer) => data.includes("bye") && resolve());
  });
  send(0, "hello");
  await saidBye;
  // More than the server keeps for one channel.
  for (let piece = 0; piece < 16; piece++) send(0, Buffer.alloc(64 * 1024));
  send(2, "hello");
  assert.equal((await texts).get(2), "R\0still here");
});
