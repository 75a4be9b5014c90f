import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../../resources/pod.ts";
import { GpuDevices } from "./gpu-devices.ts";

const container = (name: string, gpus: number): Container => ({
  name,
  resources: { limits: { "nvidia.com/gpu": String(gpus) } },
});
const pod = (uid: string, containers: Container[], initContainers: Container[] = []): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: uid, uid },
  spec: { containers, initContainers },
});

test("every container gets devices of its own, and they come back with the pod", () => {
  const gpus = new GpuDevices(4);
  const first = pod("a", [container("x", 1), container("y", 2), { name: "z" }]);
  assert.deepEqual(
    [...(gpus.allocate(first) ?? [])],
    [
      ["x", [0]],
      ["y", [1, 2]],
      ["z", []],
    ],
  );
  const second = pod("b", [container("x", 2)]);
  assert.equal(gpus.allocate(second), undefined);
  gpus.release(first);
  assert.deepEqual(gpus.allocate(second)?.get("x"), [0, 1]);
});

test("init containers share with the containers that follow them", () => {
  const gpus = new GpuDevices(2);
  assert.deepEqual(
    gpus.allocate(pod("a", [container("x", 1)], [container("init", 2)]))?.get("init"),
    [0, 1],
  );
  assert.equal(gpus.allocate(pod("b", [container("x", 1)])), undefined);
});
