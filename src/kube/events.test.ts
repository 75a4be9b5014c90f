import assert from "node:assert/strict";
import { test } from "node:test";
import { openControlPlane } from "../../test/control-plane.ts";
import { configMapKind } from "../resources/config-map.ts";
import { eventKind } from "../resources/event.ts";

test("the same thing happening again raises a count; another thing is another event", async (t) => {
  const { client, recorder } = await openControlPlane(t);
  const about = await client.create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "subject", namespace: "default" },
  });
  for (const message of ["same", "same", "other", "same"])
    recorder.record(about, "Warning", "Failed", message);
  await recorder.flush();
  const { items } = await client.list(eventKind, {
    namespace: "default",
    fieldSelector: `involvedObject.uid=${about.metadata.uid}`,
  });
  assert.deepEqual(
    items.map(({ message, count }) => `${message} ${count}`).toSorted((a, b) => a.localeCompare(b)),
    ["other 1", "same 3"],
  );
});

test("an event that is gone meanwhile is written anew", async (t) => {
  const { client, recorder } = await openControlPlane(t);
  const about = await client.create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "subject", namespace: "default" },
  });
  const events = async () => (await client.list(eventKind, { namespace: "default" })).items;
  recorder.record(about, "Normal", "Done", "once");
  await recorder.flush();
  for (const { metadata } of await events()) await client.delete(eventKind, metadata);
  recorder.record(about, "Normal", "Done", "once");
  await recorder.flush();
  assert.deepEqual(
    (await events()).map(({ count }) => count),
    [1],
  );
});

test("much of the same sort ends in one event, and all of it in few writes", async (t) => {
  const { client, recorder } = await openControlPlane(t);
  const about = await client.create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "subject", namespace: "default" },
  });
  for (let index = 0; index < 40; index++)
    recorder.record(about, "Normal", "Created", `made number ${index}`);
  await recorder.flush();
  const { items } = await client.list(eventKind, { namespace: "default" });
  const combined = items.filter(({ message }) => message.startsWith("(combined"));
  assert.equal(items.length, 10);
  assert.deepEqual(
    combined.map(({ message, count }) => `${message} x${count}`),
    ["(combined from similar events): made number 39 x31"],
  );
});
