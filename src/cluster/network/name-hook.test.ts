import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { childEnvironment } from "./child-environment.ts";
import { startDnsServer } from "./dns-server.ts";
import { cachesFixture, serviceFixture, sliceFixture } from "./network-fixture.ts";
import { mappedPort } from "./service-ports.ts";
import type { Pod } from "../../resources/pod.ts";

// A block that no cluster takes: those have 127.64 to 127.126 with Services from 127.128 on.
const nodeAddress = "127.62.0.1";
const host = 2 + (process.pid % 250);
const webAddress = `127.126.0.${host}`;
const podIp = `127.62.1.${host}`;

const peers = serviceFixture("peers", { clusterIP: "None" });
const names = cachesFixture(
  [serviceFixture("web", { clusterIP: webAddress, ports: [{ name: "http", port: 80 }] })],
  [serviceFixture("web", { clusterIP: "127.126.255.1", ports: [{ port: 80 }] }, "other")],
  [peers, sliceFixture(peers, [], [{ addresses: ["127.62.9.9"], hostname: "peer-0" }])],
  [serviceFixture("outside", { type: "ExternalName", externalName: "localhost" })],
  [serviceFixture("inside", { type: "ExternalName", externalName: "web.other.svc.cluster.local" })],
);

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "asking", namespace: "shop" },
  spec: { containers: [], hostAliases: [{ ip: "10.1.2.3", hostnames: ["db.example", "Replica"] }] },
};

async function startNames(context: TestContext): Promise<Readonly<Record<string, string>>> {
  const server = await startDnsServer({ address: "127.0.0.1", names, log: () => {} });
  context.after(() => server.close());
  const env = childEnvironment(pod, [], { nodeAddress, dnsPort: server.port, httpProxyPort: 1 });
  const dns = { DUNLIN_CLUSTER_DNS: `127.0.0.1:${server.port}` };
  return {
    ...env,
    ...dns,
    POD_IP: podIp,
    HOSTNAME: pod.metadata.name,
    PATH: process.env["PATH"] ?? "",
  };
}

/** Runs a program as a container would be run; resolves with what it printed, as JSON. */
function run(
  env: Readonly<Record<string, string>>,
  program: string,
  type: "module" | "commonjs" = "module",
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const args = [`--input-type=${type}`, "--eval", program];
    execFile(process.execPath, args, { env, timeout: 20_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}${stderr}`));
      else if (stderr !== "") reject(new Error(stderr));
      else resolve(JSON.parse(stdout));
    });
  });
}

async function listen(
  context: TestContext,
  address: string,
  port: number,
  says: string,
): Promise<Server> {
  const server = createServer((request, response) =>
    response.end(`${says} for ${request.headers.host} from ${request.socket.remoteAddress}`),
  );
  server.listen({ host: address, port });
  await once(server, "listening");
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

test("names of the cluster resolve as in a container, and no others", async (context) => {
  const env = await startNames(context);
  const asked: readonly [name: string, expected: string][] = [
    ["web", webAddress],
    ["WEB", webAddress],
    ["web.shop", webAddress],
    ["web.other", "127.126.255.1"],
    ["web.shop.svc", webAddress],
    ["web.shop.svc.cluster.local", webAddress],
    ["web.shop.svc.cluster.local.", webAddress],
    ["peers", "127.62.9.9"],
    ["peer-0.peers", "127.62.9.9"],
    ["peer-0.peers.shop", "127.62.9.9"],
    ["peer-0.peers.shop.svc.cluster.local", "127.62.9.9"],
    ["inside", "127.126.255.1"],
    ["outside", "127.0.0.1"],
    ["asking", podIp],
    ["db.example", "10.1.2.3"],
    ["replica", "10.1.2.3"],
    ["localhost", "127.0.0.1"],
    ["127.0.0.1", "127.0.0.1"],
    ["nobody.shop.svc", "getaddrinfo ENOTFOUND nobody.shop.svc"],
    ["nobody.cluster.local", "getaddrinfo ENOTFOUND nobody.cluster.local"],
  ];
  const program = `
    import { lookup } from "node:dns";
    import promises from "node:dns/promises";
    import { promisify } from "node:util";
    const names = ${JSON.stringify(asked.map(([name]) => name))};
    const failed = (error) => error.message;
    const found = [];
    for (const name of names) {
      const called = await new Promise((done) => lookup(name, 4, (error, address) => done(error?.message ?? address)));
      const promised = await promises.lookup(name, { family: 4 }).then(({ address }) => address, failed);
      const wrapped = await promisify(lookup)(name, { all: true, family: 4 }).then(([{ address }]) => address, failed);
      found.push([called, promised, wrapped]);
    }
    console.log(JSON.stringify(found));
  `;
  const expected = asked.map(([, result]) => [result, result, result]);
  assert.deepEqual(await run(env, program), expected);
});

test("many names are asked for at once", async (context) => {
  const env = await startNames(context);
  const program = `
    import { lookup } from "node:dns/promises";
    const names = Array.from({ length: 50 }, (_, index) => (index % 2 ? "web" : "web.other.svc"));
    const found = await Promise.all(names.map((name) => lookup(name)));
    console.log(JSON.stringify([...new Set(found.map(({ address }) => address))].sort()));
  `;
  assert.deepEqual(await run(env, program), [webAddress, "127.126.255.1"].toSorted());
});

test("records of the cluster's names are found as well", async (context) => {
  const env = await startNames(context);
  const program = `
    import dns, { resolve4 } from "node:dns";
    import { resolve, resolveSrv } from "node:dns/promises";
    const [{ name, port }] = await resolveSrv("_http._tcp.web.shop.svc.cluster.local");
    const addresses = await resolve("peers.shop.svc.cluster.local");
    const called = await new Promise((done) => resolve4(name, (error, found) => done(error ?? found)));
    const absent = await resolve("nobody.shop.svc.cluster.local").catch(({ code }) => code);
    console.log(JSON.stringify([name, port, addresses, called, absent, typeof dns.getServers()]));
  `;
  assert.deepEqual(await run(env, program), [
    "web.shop.svc.cluster.local",
    mappedPort(80),
    ["127.62.9.9"],
    [webAddress],
    "ENOTFOUND",
    "object",
  ]);
});

test("the cluster has no addresses of IPv6", async (context) => {
  const env = await startNames(context);
  const program = `
    const dns = require("node:dns");
    dns.lookup("web", { family: 6 }, (error) => console.log(JSON.stringify(error.code)));
  `;
  assert.equal(await run(env, program, "commonjs"), "ENOTFOUND");
});

test("fetch, http and raw connections reach a Service by its name and port 80, from the pod's address", async (context) => {
  const env = await startNames(context);
  await listen(context, webAddress, mappedPort(80), "web");
  const program = `
    import http from "node:http";
    import net from "node:net";
    import { text } from "node:stream/consumers";
    const fetched = await (await fetch("http://web/")).text();
    const got = await new Promise((done) => http.get("http://web.shop.svc/", (answer) => done(text(answer))));
    const literal = await (await fetch("http://${webAddress}/")).text();
    const socket = net.connect(80, "web.shop");
    socket.end("GET / HTTP/1.0\\r\\nHost: raw\\r\\n\\r\\n");
    const raw = (await text(socket)).split("\\r\\n\\r\\n")[1];
    console.log(JSON.stringify([fetched, got, literal, raw]));
  `;
  assert.deepEqual(await run(env, program), [
    `web for web from ${podIp}`,
    `web for web.shop.svc from ${podIp}`,
    `web for ${webAddress} from ${podIp}`,
    `web for raw from ${podIp}`,
  ]);
});

test("a server for all addresses gets the pod's, so that replicas do not meet", async (context) => {
  const env = await startNames(context);
  // Another replica, which has the port already.
  const taken = (await listen(context, "127.62.2.1", 0, "other")).address() as AddressInfo;
  const forms: readonly string[] = [
    `listen(port, done)`,
    `listen(String(port), "0.0.0.0", done)`,
    `listen(port, 100, done)`,
    `listen(port, undefined, undefined, done)`,
    `listen({ port }, done)`,
    `listen({ host: "::", port, exclusive: true }, done)`,
  ];
  const program = (form: string) => `
    import { createServer } from "node:http";
    const port = ${taken.port};
    const server = createServer((request, response) => response.end("self"));
    await new Promise((done) => server.${form});
    const { address } = server.address();
    const answers = [];
    for (const host of ["127.0.0.1", "localhost", "${podIp}"])
      answers.push(await (await fetch(\`http://\${host}:\${port}/\`)).text());
    console.log(JSON.stringify([address, ...answers]));
    process.exit();
  `;
  for (const form of forms)
    assert.deepEqual(await run(env, program(form)), [podIp, "self", "self", "self"], form);
});

test("containers of one pod reach each other at localhost", async (context) => {
  const env = await startNames(context);
  // What a server for all addresses in another container of the pod has become.
  const server = await listen(context, podIp, 0, "beside");
  const { port } = server.address() as AddressInfo;
  const unused = (await listen(context, "127.62.2.2", 0, "")).address() as AddressInfo;
  const program = `
    import net from "node:net";
    const ask = (url) => fetch(url).then((answer) => answer.text(), (error) => error.cause.code ?? error.cause.errors[0].code);
    const refused = await new Promise((done) => net.connect(${unused.port}, "127.0.0.1").on("error", ({ message }) => done(message)));
    console.log(JSON.stringify([
      await ask("http://127.0.0.1:${port}/"),
      await ask("http://localhost:${port}/"),
      await ask("http://localhost:${unused.port}/"),
      refused,
    ]));
  `;
  assert.deepEqual(await run(env, program), [
    `beside for 127.0.0.1:${port} from 127.0.0.1`,
    `beside for localhost:${port} from 127.0.0.1`,
    "ECONNREFUSED",
    `connect ECONNREFUSED 127.0.0.1:${unused.port}`,
  ]);
});

test("a server for one address, for any port or at a path listens there", async (context) => {
  const env = await startNames(context);
  const program = `
    import { createServer } from "node:net";
    const listen = (...args) => new Promise((done) => {
      const server = createServer().listen(...args, () => {
        const at = server.address();
        server.close();
        done(typeof at === "string" ? at : at.address);
      });
    });
    console.log(JSON.stringify([
      await listen(0, "127.0.0.1"),
      await listen(0, "0.0.0.0"),
      await listen({ host: "127.0.0.9", port: 45678 }),
      await listen({ path: "\\0dunlin-hook-" + process.pid }).then((path) => path.length > 5),
    ]));
  `;
  assert.deepEqual(await run(env, program), ["127.0.0.1", "0.0.0.0", "127.0.0.9", true]);
});

test("without a server of names, names of the world still resolve and the cluster's say so", async (context) => {
  const env = { ...(await startNames(context)), DUNLIN_CLUSTER_DNS: "127.62.3.3:9" };
  const program = `
    import { lookup } from "node:dns/promises";
    const code = (name) => lookup(name, 4).then(({ address }) => address, (error) => error.code);
    console.log(JSON.stringify([await code("localhost"), await code("web.shop.svc")]));
  `;
  assert.deepEqual(await run(env, program), ["127.0.0.1", "EAI_AGAIN"]);
});

test("a program outside of a pod does not notice it", async (context) => {
  const { NODE_OPTIONS = "", PATH = "" } = await startNames(context);
  const program = `
    import { createServer } from "node:net";
    const server = createServer().listen(0, () => {
      console.log(JSON.stringify(server.address().address));
      server.close();
    });
  `;
  assert.equal(await run({ NODE_OPTIONS, PATH }, program), "::");
});
