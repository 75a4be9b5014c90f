import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import type { Probe } from "../../resources/pod.ts";
import { probeOnce, type ProbeTarget } from "./probe.ts";

let server: Server;
let port: number;
let closedPort: number;
const asked: string[] = [];
const never = new AbortController().signal;

before(async () => {
  server = createServer((request, response) => {
    asked.push(
      `${request.method} ${request.url} ${String(request.headers["x-probe"] ?? "")}`.trim(),
    );
    if (request.url === "/slow") return;
    response.writeHead(Number(request.url?.slice(1)) || 200).end();
  });
  port = await listen(server);
  const other = createServer();
  closedPort = await listen(other);
  other.close();
});
after(() => {
  server.closeAllConnections();
  server.close();
});

function listen(on: Server): Promise<number> {
  return new Promise((resolve) => {
    on.listen({ host: "127.0.0.1", port: 0 }, () => resolve((on.address() as AddressInfo).port));
  });
}

const target = (): ProbeTarget => ({
  address: "127.0.0.1",
  container: { ports: [{ name: "http", containerPort: port }] },
  exec: (command) =>
    Promise.resolve({ exitCode: command[0] === "good" ? 0 : 1, output: "no model\n" }),
});

const cases: readonly {
  readonly name: string;
  readonly probe: () => Probe;
  /** Undefined for success. */
  readonly says?: () => string;
}[] = [
  { name: "a port that listens", probe: () => ({ tcpSocket: { port } }) },
  { name: "a port by its name", probe: () => ({ tcpSocket: { port: "http" } }) },
  {
    name: "a port that does not listen",
    probe: () => ({ tcpSocket: { port: closedPort } }),
    says: () => `dial tcp 127.0.0.1:${closedPort}: connect: connection refused`,
  },
  {
    name: "a port that has no name",
    probe: () => ({ tcpSocket: { port: "grpc" } }),
    says: () => `couldn't find port: "grpc" in the container's ports`,
  },
  { name: "HTTP 200", probe: () => ({ httpGet: { port } }) },
  { name: "HTTP 302", probe: () => ({ httpGet: { port, path: "/302" } }) },
  {
    name: "HTTP 503",
    probe: () => ({ httpGet: { port, path: "/503" } }),
    says: () => "HTTP probe failed with statuscode: 503",
  },
  {
    name: "HTTP where nobody listens",
    probe: () => ({ httpGet: { port: closedPort, path: "/up" } }),
    says: () =>
      `Get "http://127.0.0.1:${closedPort}/up": dial tcp 127.0.0.1:${closedPort}: connect: connection refused`,
  },
  { name: "a command that succeeds", probe: () => ({ exec: { command: ["good"] } }) },
  {
    name: "a command that fails",
    probe: () => ({ exec: { command: ["bad"] } }),
    says: () => "no model",
  },
  {
    name: "gRPC",
    probe: () => ({ grpc: { port } }),
    says: () => "gRPC probes are not supported here; probe with tcpSocket, httpGet or exec",
  },
];

for (const { name, probe, says } of cases)
  test(`a probe of ${name}`, async () => {
    const outcome = await probeOnce(probe(), target(), wallClock, never);
    assert.deepEqual(outcome, says ? { kind: "failure", message: says() } : { kind: "success" });
  });

test("headers are sent along", async () => {
  const httpHeaders = [{ name: "X-Probe", value: "yes" }];
  await probeOnce({ httpGet: { port, path: "/headers", httpHeaders } }, target(), wallClock, never);
  assert.ok(asked.includes("GET /headers yes"));
});

test("an answer that does not come is a failure after the timeout", async () => {
  const clock = new VirtualClock();
  const probe: Probe = { httpGet: { port, path: "/slow" }, timeoutSeconds: 3 };
  const outcome = probeOnce(probe, target(), clock, never);
  await clock.advance(3_000);
  const ended = await outcome;
  assert.match(ended.kind === "failure" ? ended.message : "", /context deadline exceeded/);
});
