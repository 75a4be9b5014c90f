import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestPlane } from "../cluster/apiserver/plane-fixture.ts";
import { configMapKind } from "../resources/config-map.ts";
import { deploymentKind } from "../resources/deployment.ts";
import { KubeClient } from "./client.ts";

const key = { namespace: "default", name: "a" };
const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: key, data: { a: "1" } };

test("what a client writes is tracked under its name", async () => {
  const { transport } = openTestPlane().plane;
  const users = new KubeClient(transport, { fieldManager: "user" });
  await users.create(deploymentKind, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: key,
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "a" } },
      template: {
        metadata: { labels: { app: "a" } },
        spec: { containers: [{ name: "c", image: "i" }] },
      },
    },
  });
  const scaler = new KubeClient(transport, { fieldManager: "scaler" });
  const scale = { spec: { replicas: 3 } };
  await scaler.patch(deploymentKind, key, scale, { subresource: "scale" });
  const stored = await users.get(deploymentKind, key);
  const owners = (stored?.metadata.managedFields ?? []).map(
    ({ manager, subresource = "main" }) => `${manager} ${subresource}`,
  );
  assert.deepEqual(owners.toSorted(), ["scaler scale", "user main"]);
});

test("what a client without a name writes is not tracked", async () => {
  const client = new KubeClient(openTestPlane().plane.transport);
  const created = await client.create(configMapKind, configMap);
  assert.equal(created.metadata.managedFields, undefined);
  const updated = await client.update(configMapKind, { ...created, data: { a: "2" } });
  assert.equal(updated.metadata.managedFields, undefined);
});
