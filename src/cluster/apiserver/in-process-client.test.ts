// What a client in the API server's own process is given: the same as over a connection, but without
// reading it from text, and one object for all who ask.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeClient } from "../../kube/client.ts";
import type { Transport } from "../../kube/transport.ts";
import { configMapKind } from "../../resources/config-map.ts";
import { configMap, openTestPlane } from "./plane-fixture.ts";

const key = { namespace: "default", name: "shared" };
const created = { ...configMap("shared"), apiVersion: "v1", kind: "ConfigMap" };

test("get, list and watch of several clients show the same object", async () => {
  const { plane } = openTestPlane();
  const [one, other] = [new KubeClient(plane.transport), new KubeClient(plane.transport)];
  const { metadata } = await one.create(configMapKind, { ...created, metadata: key });
  const patched = await one.patch(configMapKind, key, { data: { a: "2" } });
  assert.equal(await other.get(configMapKind, key), patched);
  const stop = new AbortController();
  const events = other.watch(configMapKind, {
    resourceVersion: metadata.resourceVersion ?? "",
    signal: stop.signal,
  });
  const { value } = await events.next();
  assert.equal(value?.type, "MODIFIED");
  assert.equal(value?.object, patched);
  await events.return(undefined);
  stop.abort();
});

test("what they are given is what stands in the text", async () => {
  const { plane } = openTestPlane();
  const here = new KubeClient(plane.transport);
  // As over a connection: nothing but the text is left.
  const overText: Transport = async (request) => {
    const answer = await plane.transport(request);
    return new Response(answer.body, { status: answer.status });
  };
  const afar = new KubeClient(overText);
  await here.create(configMapKind, { ...created, metadata: key });
  for (let index = 0; index < 250; index++) {
    const metadata = { namespace: "default", name: `many-${index}` };
    await afar.create(configMapKind, { ...created, metadata });
  }
  assert.deepEqual(await here.get(configMapKind, key), await afar.get(configMapKind, key));
  assert.deepEqual(await here.list(configMapKind), await afar.list(configMapKind));
  assert.equal((await here.list(configMapKind)).items.length, 251);
});
