import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { PodNetwork } from "./pod-network.ts";

test("clusters on one machine get different blocks, and a closed one's block is free again", async () => {
  const [first, second] = [await PodNetwork.claim(), await PodNetwork.claim()];
  assert.notEqual(first.nodeAddress, second.nodeAddress);
  assert.match(first.nodeAddress, /^127\.\d+\.0\.1$/);
  await first.close();
  const third = await PodNetwork.claim();
  assert.notEqual(third.nodeAddress, second.nodeAddress);
  await Promise.all([second.close(), third.close()]);
});

test("an address that was released rests while others are there", async () => {
  const network = await PodNetwork.claim();
  try {
    const first = network.allocate();
    network.release(first);
    const next = Array.from({ length: 1000 }, () => network.allocate());
    assert.equal(new Set(next).size, 1000);
    assert.ok(!next.includes(first));
    assert.ok(next.every((address) => !/\.(?:0|255)$/.test(address)));
    assert.ok(!next.includes(network.nodeAddress));
  } finally {
    await network.close();
  }
});

test("an ordinary user can listen at a pod's address", async () => {
  const network = await PodNetwork.claim();
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen({ host: network.allocate(), port: 0 }, listening.resolve);
  await listening.promise;
  server.close();
  await network.close();
});

test("off Linux the one error says why", async () => {
  await assert.rejects(PodNetwork.claim("darwin"), /needs Linux \(this is darwin\)/);
});
