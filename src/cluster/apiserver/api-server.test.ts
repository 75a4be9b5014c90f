// The server over real sockets: who is let in, and what happens to ports and connections.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import type { RequestOptions } from "node:https";
import { connect } from "node:tls";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { wallClock } from "../../lib/wall-clock.ts";
import { serveApi } from "./api-server.ts";
import type { ServedApi, ServeOptions } from "./api-server.ts";
import { makeCertificates, serverNames } from "./certificates.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { configMap, configMaps, nodeThat, openTestPlane, pod, pods } from "./plane-fixture.ts";
import type { TestPlane } from "./plane-fixture.ts";

const certificates = await makeCertificates(Date.now());
const token = "s3cret";

async function serve(
  t: TestContext,
  options: Partial<ServeOptions> = {},
): Promise<TestPlane & { readonly served: ServedApi }> {
  const plane = openTestPlane({ clock: wallClock });
  const served = await serveApi({
    plane: plane.plane,
    port: 0,
    tls: certificates,
    token,
    log: assert.fail,
    ...options,
  });
  t.after(async () => {
    await served.close();
    await plane.plane.close();
  });
  return { ...plane, served };
}

async function fetchFrom(
  { port }: ServedApi,
  path: string,
  options: RequestOptions = {},
): Promise<IncomingMessage> {
  const outgoing = request({
    host: "127.0.0.1",
    port,
    path,
    ca: certificates.authority,
    agent: false,
    headers: { authorization: `Bearer ${token}` },
    ...options,
  });
  outgoing.end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return incoming;
}

test("the certificates name the server, are signed by the authority, and last", async () => {
  const authority = new X509Certificate(certificates.authority);
  const leaf = new X509Certificate(certificates.cert);
  assert.ok(authority.ca && !leaf.ca);
  assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  for (const name of serverNames)
    assert.ok(name.startsWith("127.") ? leaf.checkIP(name) : leaf.checkHost(name), name);
  assert.ok(Date.parse(leaf.validTo) > Date.now() + 9 * 365 * 24 * 3_600_000);
  assert.notEqual(
    new X509Certificate((await makeCertificates(Date.now())).authority).subject,
    authority.subject,
    "two clusters are told apart",
  );
});

test("a token opens the server, anything else is 401; health and version are public", async (t) => {
  const { served } = await serve(t);
  const version = await fetchFrom(served, "/version");
  assert.equal(version.statusCode, 200);
  assert.match(await text(version), /"minor":"32"/);
  for (const path of ["/version", "/version/", "/healthz", "/livez?verbose", "/readyz/ping"])
    assert.notEqual((await fetchFrom(served, path, { headers: {} })).statusCode, 401, path);
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic x" }]) {
    const refused = await fetchFrom(served, "/api/v1/pods", { headers });
    assert.equal(refused.statusCode, 401);
    assert.equal((JSON.parse(await text(refused)) as { reason: string }).reason, "Unauthorized");
  }
});

test("a long URL is read, one beyond all measure and what is no HTTP are answered with the reason", async (t) => {
  const { served } = await serve(t);
  const headers = { authorization: `Bearer ${token}` };
  const long = await fetchFrom(
    served,
    `${configMaps}?labelSelector=a!=${"x".repeat(63)}${",b".repeat(50_000)}`,
    { headers },
  );
  assert.equal(long.statusCode, 200);
  for (const [head, answer] of [
    ["HELO\r\n\r\n", /^HTTP\/1.1 400 Bad Request\r\n/],
    [`GET /${"x".repeat(1_100_000)} HTTP/1.1\r\n\r\n`, /^HTTP\/1.1 431 /],
  ] as const) {
    const socket = connect({ host: "127.0.0.1", port: served.port, ca: certificates.authority });
    t.after(() => socket.destroy());
    socket.write(head);
    assert.match(await text(socket), answer);
  }
});

test("writes over the socket are tracked, whatever the client says of itself", async (t) => {
  const { served } = await serve(t);
  const create = async (name: string, agent: object): Promise<unknown> => {
    const outgoing = request({
      host: "127.0.0.1",
      port: served.port,
      path: configMaps,
      method: "POST",
      ca: certificates.authority,
      agent: false,
      headers: { authorization: `Bearer ${token}`, ...agent },
    });
    outgoing.end(JSON.stringify(configMap(name, {}, { a: "1" })));
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const { metadata } = JSON.parse(await text(incoming)) as {
      readonly metadata: { readonly managedFields?: readonly { readonly manager: string }[] };
    };
    return metadata.managedFields?.map(({ manager }) => manager);
  };
  assert.deepEqual(await create("a", { "user-agent": "curl/8.5.0" }), ["curl"]);
  assert.deepEqual(await create("b", {}), ["unknown"]);
});

test("a watch streams over the socket and stops when its client leaves", async (t) => {
  const { served, call } = await serve(t);
  const incoming = await fetchFrom(served, `${configMaps}?watch=true`);
  await call("POST", configMaps, configMap("a"));
  const [chunk] = (await once(incoming, "data")) as [Buffer];
  assert.match(chunk.toString(), /^{"type":"ADDED".*"name":"a"/);
  incoming.destroy();
});

test("closing the server ends open watches", async (t) => {
  const { served } = await serve(t);
  const incoming = await fetchFrom(served, `${configMaps}?watch=true`);
  const ended = new Promise((resolve) => incoming.on("close", resolve).on("error", () => {}));
  incoming.resume();
  await served.close();
  await ended;
});

test("a port in use is named, with the flag", async (t) => {
  const { served, plane } = await serve(t);
  const again = serveApi({ plane, port: served.port, tls: certificates, token, log: assert.fail });
  await assert.rejects(again, {
    message: `port ${served.port} of 127.0.0.1 is in use; choose another one with --api-port`,
  });
});

for (const what of ["list", "watch"])
  test(`a client that reads nothing of a ${what} loses its connection`, async (t) => {
    const { served, call } = await serve(t, { stallMs: 100 });
    // More than what the system buffers between the two.
    const data = { text: "x".repeat(1_000_000) };
    for (let index = 0; index < 24; index++)
      await call("POST", configMaps, configMap(`big-${index}`, {}, data));
    const socket = connect({ host: "127.0.0.1", port: served.port, ca: certificates.authority });
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    const path = what === "watch" ? `${configMaps}?watch=true` : configMaps;
    const head = [`GET ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${token}`];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    let isClosed = false;
    socket.once("close", () => (isClosed = true));
    // Nothing is read, so only writing finds out. A client that writes is alive: not too often.
    while (!isClosed) {
      await pause(300);
      socket.write("\r\n");
    }
  });

test("a log waits for whoever pages through it", async (t) => {
  const { served, call, plane } = await serve(t, { stallMs: 50 });
  await call("POST", pods, pod("a"));
  const piece = new Uint8Array(1_000_000).fill(97);
  let left = 24;
  const readLog = () =>
    Promise.resolve(
      new ReadableStream<Uint8Array>({
        pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()),
      }),
    );
  plane.setNode(nodeThat({ readLog }));
  const incoming = await fetchFrom(served, `${pods}/a/log`);
  await pause(300);
  assert.equal((await text(incoming)).length, 24_000_000);
});

test("each cookie of a program behind the proxy is a header of its own", async (t) => {
  const { served, call } = await serve(t);
  const cookies = ["a=1; Path=/", "b=2; Expires=Fri, 02 Jan 2026 03:04:05 GMT"];
  const program = createServer((_incoming, outgoing) =>
    outgoing.writeHead(200, { "set-cookie": cookies }).end("hello"),
  );
  program.listen(0, "127.0.0.1");
  await once(program, "listening");
  t.after(() => program.close());
  const { port } = program.address() as AddressInfo;
  const containers = [{ name: "c", image: "i", ports: [{ containerPort: port }] }];
  await call("POST", pods, pod("web", { nodeName: "n", containers }));
  await call("PATCH", `${pods}/web/status`, { status: { podIP: "127.0.0.1" } });
  const incoming = await fetchFrom(served, `${pods}/web/proxy/`);
  assert.equal(await text(incoming), "hello");
  assert.deepEqual(incoming.headers["set-cookie"], cookies);
});

test("an upgrade is refused in words", async (t) => {
  const { served } = await serve(t);
  const socket = connect({
    host: "127.0.0.1",
    port: served.port,
    ca: certificates.authority,
  });
  socket.write(
    [
      "GET /api/v1/namespaces/default/pods/a/exec?command=ls HTTP/1.1",
      "Host: x",
      `Authorization: Bearer ${token}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "",
      "",
    ].join("\r\n"),
  );
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1.1 404 /);
  assert.match(answer, /pods \\"a\\" not found/);
});

test("the kubeconfig carries all that a client needs", () => {
  const config = JSON.parse(
    kubeconfigText({ url: "https://127.0.0.1:1", authority: certificates.authority, token }),
  ) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: { readonly token: string } }[];
  };
  const cluster = config.clusters[0]?.cluster ?? {};
  const authority = Buffer.from(cluster["certificate-authority-data"] ?? "", "base64").toString();
  assert.equal(authority, certificates.authority);
  assert.equal(config.users[0]?.user.token, token);
});
