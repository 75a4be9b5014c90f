import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { cachesFixture, serviceFixture, sliceFixture } from "../network/network-fixture.ts";
import { startForwardProxy } from "./forward-proxy.ts";

const address = "127.0.0.1";

async function start(context: TestContext) {
  const server = createServer((request, response) => {
    void text(request).then((body) =>
      response.end(`${request.method} ${request.url} of ${request.headers.host} ${body}`.trim()),
    );
  });
  server.listen(0, address);
  await once(server, "listening");
  const { port: targetPort } = server.address() as AddressInfo;
  const web = serviceFixture("web", {
    clusterIP: "127.126.0.1",
    ports: [{ name: "http", port: 80 }],
  });
  const idle = serviceFixture("idle", { clusterIP: "127.126.0.2", ports: [{ port: 80 }] });
  const peers = serviceFixture("peers", { clusterIP: "None" });
  const outside = serviceFixture("outside", { type: "ExternalName", externalName: "example.com" });
  const proxy = await startForwardProxy({
    address,
    services: cachesFixture(
      [web, sliceFixture(web, [{ name: "http", port: targetPort }], [{ addresses: [address] }])],
      [idle],
      [peers, sliceFixture(peers, [], [{ addresses: [address], hostname: "peer-0" }])],
      [outside],
    ),
    slices: { list: () => [], subscribe: () => () => {} },
    log: () => {},
  });
  context.after(async () => {
    await proxy.close();
    server.close();
    server.closeAllConnections();
  });
  return { port: proxy.port, targetPort };
}

/** What the proxy answers to a request for a URL. */
async function ask(port: number, path: string, body?: string): Promise<string> {
  const host = URL.parse(path)?.host ?? "none";
  const method = body === undefined ? "GET" : "POST";
  const request = httpRequest({ host: address, port, path, method, headers: { host } });
  request.end(body);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return `${answer.statusCode} ${await text(answer)}`;
}

/** Opens a tunnel; resolves with the status, and with what comes out of the tunnel for a request. */
async function tunnel(port: number, path: string): Promise<string> {
  const request = httpRequest({ host: address, port, method: "CONNECT", path });
  request.end();
  const [answer, socket] = (await once(request, "connect")) as [IncomingMessage, Socket];
  if (answer.statusCode !== 200) return `${answer.statusCode}`;
  socket.write("GET /in HTTP/1.1\r\nHost: tunnelled\r\nConnection: close\r\n\r\n");
  return `200 ${(await text(socket)).split("\r\n\r\n")[1]}`;
}

test("requests for names of the cluster are forwarded", async (context) => {
  const { port, targetPort } = await start(context);
  const cases: readonly [url: string, says: string][] = [
    ["http://web.shop.svc/v1?x=1", "200 GET /v1?x=1 of web.shop.svc"],
    ["http://web.shop.svc.cluster.local:80/", "200 GET / of web.shop.svc.cluster.local"],
    [
      `http://peer-0.peers.shop.svc:${targetPort}/`,
      `200 GET / of peer-0.peers.shop.svc:${targetPort}`,
    ],
    [`http://peers.shop.svc:${targetPort}/`, `200 GET / of peers.shop.svc:${targetPort}`],
  ];
  for (const [url, says] of cases) assert.equal(await ask(port, url), says);
  assert.equal(
    await ask(port, "http://web.shop.svc/", "prompt"),
    "200 POST / of web.shop.svc prompt",
  );
});

test("what cannot be forwarded is refused in words", async (context) => {
  const { port } = await start(context);
  const cases: readonly [url: string, says: RegExp][] = [
    ["http://example.com/", /^403 .*names only.*\\"example.com\\" without it/],
    ["http://web.shop/", /^403 /],
    ["http://nobody.shop.svc/", /^502 .*no \\"nobody.shop.svc\\" in the cluster.*kubectl/],
    ["http://web.shop.svc:81/", /^503 .*has no port 81/],
    ["http://idle.shop.svc/", /^503 .*has no ready endpoint/],
    ["http://outside.shop.svc/", /^502 .*another name for \\"example.com\\"/],
    ["/v1", /^400 .*forward proxy.*http:\/\/NAME.NAMESPACE.svc/],
  ];
  for (const [url, says] of cases) assert.match(await ask(port, url), says, url);
});

test("CONNECT opens a tunnel to names of the cluster", async (context) => {
  const { port, targetPort } = await start(context);
  assert.equal(await tunnel(port, "web.shop.svc:80"), "200 GET /in of tunnelled");
  assert.equal(await tunnel(port, `peers.shop.svc:${targetPort}`), "200 GET /in of tunnelled");
  assert.equal(await tunnel(port, "example.com:443"), "403");
  assert.equal(await tunnel(port, "idle.shop.svc:80"), "503");
  assert.equal(await tunnel(port, "web.shop.svc"), "400");
  assert.equal(await tunnel(port, "peers.shop.svc:70000"), "400");
});
