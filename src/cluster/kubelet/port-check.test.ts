import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { portsOf, takenPort } from "./port-check.ts";

test("a program that listens on all addresses has a pod's port", async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen({ host: "0.0.0.0", port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  assert.equal(await takenPort("127.127.1.1", [port]), port);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await takenPort("127.127.1.1", [port]), undefined);
});

test("a pod's ports are those it declares and is probed at", () => {
  const ports = portsOf([
    {
      name: "a",
      ports: [{ containerPort: 8080 }, { containerPort: 53, protocol: "UDP" }],
      readinessProbe: { httpGet: { port: 8080 } },
      livenessProbe: { tcpSocket: { port: 9000 } },
      startupProbe: { tcpSocket: { port: 1, host: "example.com" } },
    },
    { name: "b", readinessProbe: { httpGet: { port: "http" } } },
  ]);
  assert.deepEqual(ports, [8080, 9000]);
});
