// Watches as clients see them: where they begin, what a selector makes of a change, and how they end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { queuedBytesMax, queuedEventsMax } from "./watch-stream.ts";
import { configMap, configMaps, openTestPlane, pod, pods } from "./plane-fixture.ts";

const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

test("a watch from a list misses nothing and repeats nothing", async () => {
  const { call, watch } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const { resourceVersion } = (await call("GET", configMaps)).body.metadata;
  await call("POST", configMaps, configMap("b"));
  const reader = await watch(`${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
  await call("PATCH", `${configMaps}/b`, { data: { k: "v" } });
  await call("DELETE", `${configMaps}/a`);
  const events = [await reader.next(), await reader.next(), await reader.next()];
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ["ADDED b", "MODIFIED b", "DELETED a"],
  );
  const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.deepEqual(
    versions,
    [...versions].sort((left, right) => left - right),
  );
  assert.equal(new Set(versions).size, 3, "a deletion has a revision of its own");
  await reader.stop();
});

for (const query of [
  "watch=True",
  "watch=maybe",
  "watch=true&resourceVersion=0",
  "watch=t&limit=500",
])
  test(`a watch by ${query} begins with what is there`, async () => {
    const { call, watch } = openTestPlane();
    await call("POST", configMaps, configMap("a"));
    const reader = await watch(`${configMaps}?${query}`);
    const { type, object } = await reader.next();
    assert.equal(`${type} ${object.metadata.name}`, "ADDED a");
    await reader.stop();
  });

test("to a selector, an object appears and disappears as it begins and ceases to match", async () => {
  const { call, watch } = openTestPlane();
  const reader = await watch(`${pods}?watch=true&labelSelector=app%3Dweb`);
  await call("POST", pods, pod("a"));
  await call("PATCH", `${pods}/a`, { metadata: { labels: { app: "web" } } });
  await call("PATCH", `${pods}/a`, { metadata: { labels: { tier: "x" } } });
  await call("PATCH", `${pods}/a`, { metadata: { labels: { app: "db" } } });
  const events = [await reader.next(), await reader.next(), await reader.next()];
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.labels]),
    [
      ["ADDED", { app: "web" }],
      ["MODIFIED", { app: "web", tier: "x" }],
      ["DELETED", { app: "web", tier: "x" }],
    ],
  );
  await reader.stop();
});

test("one object is watched by its path, and by a field selector", async () => {
  const { call, watch } = openTestPlane();
  for (const path of [
    `${configMaps}/b?watch=true`,
    `${configMaps}?watch=true&fieldSelector=metadata.name%3Db`,
  ]) {
    const reader = await watch(path);
    await call("POST", configMaps, configMap("a"));
    await call("POST", configMaps, configMap("b"));
    assert.equal((await reader.next()).object.metadata.name, "b");
    await reader.stop();
    await call("DELETE", configMaps);
  }
});

test("a revision that is no longer known ends in 410, as does one from the future", async () => {
  const { call, watch } = openTestPlane({ historyLength: 10 });
  await call("POST", configMaps, configMap("a"));
  const { resourceVersion } = (await call("GET", configMaps)).body.metadata;
  for (let index = 0; index < 30; index++)
    await call("PATCH", `${configMaps}/a`, { data: { k: String(index) } });
  const reader = await watch(`${configMaps}?watch=true&resourceVersion=${resourceVersion}`);
  const event = await reader.next();
  assert.equal(event.type, "ERROR");
  assert.equal(event.object.code, 410);
  assert.equal(event.object.reason, "Expired");
  assert.equal(await reader.next(), undefined);
  const future = await call("GET", `${configMaps}?watch=true&resourceVersion=999999`);
  assert.equal(future.status, 410);
});

test("informers that ask for it are told where the beginning ends", async () => {
  const { call, watch } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const query =
    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const reader = await watch(`${configMaps}?${query}`);
  assert.equal((await reader.next()).type, "ADDED");
  const { type, object } = await reader.next();
  assert.equal(type, "BOOKMARK");
  assert.equal(object.kind, "ConfigMap");
  assert.equal(object.metadata.annotations["k8s.io/initial-events-end"], "true");
  const { resourceVersion } = (await call("GET", configMaps)).body.metadata;
  assert.equal(object.metadata.resourceVersion, resourceVersion);
  await reader.stop();
  const refused = await call("GET", `${configMaps}?watch=true&sendInitialEvents=true`);
  assert.equal(refused.status, 422);
});

test("bookmarks come once a minute, and the watch ends when its time is up", async () => {
  const { watch, clock } = openTestPlane();
  const reader = await watch(`${configMaps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=90`);
  await clock.advance(59_000);
  await clock.advance(1000);
  assert.equal((await reader.next()).type, "BOOKMARK");
  await clock.advance(30_000);
  assert.equal(await reader.next(), undefined);
});

test("closing the server ends its watches", async () => {
  const { plane, watch } = openTestPlane();
  const reader = await watch(`${configMaps}?watch=true`);
  await plane.close();
  assert.equal(await reader.next(), undefined);
});

test("a watched table names its columns once", async () => {
  const { call, watch } = openTestPlane();
  const reader = await watch(`${pods}?watch=true`, { accept: tableAccept });
  await call("POST", pods, pod("a"));
  await call("PATCH", `${pods}/a`, { metadata: { labels: { a: "b" } } });
  const [first, second] = [await reader.next(), await reader.next()];
  assert.equal(first.object.kind, "Table");
  assert.equal(first.object.columnDefinitions[0].name, "Name");
  assert.equal(second.object.columnDefinitions, null);
  assert.equal(second.object.rows[0].cells[0], "a");
  assert.equal(second.object.rows[0].object.kind, "PartialObjectMetadata");
  await reader.stop();
});

test("a client that does not read is dropped, not remembered for ever", async () => {
  const { call, watch } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const reader = await watch(`${configMaps}?watch=true`);
  for (let index = 0; index < queuedEventsMax + 100; index++)
    await call("PATCH", `${configMaps}/a`, { data: { k: String(index) } });
  await assert.rejects(reader.next(), /the client reads too slowly/);
});

test("a client that does not read large objects is dropped the sooner", async () => {
  const { call, watch } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const reader = await watch(`${configMaps}?watch=true`);
  const bytes = 900_000;
  for (let index = 0; index <= queuedBytesMax / bytes + 1; index++)
    await call("PATCH", `${configMaps}/a`, { data: { k: String(index).padEnd(bytes, "x") } });
  await assert.rejects(reader.next(), /the client reads too slowly/);
});

test("what a client begins with does not count against it", async () => {
  const { call, watch } = openTestPlane();
  const data = { k: "x".repeat(900_000) };
  const count = queuedBytesMax / 900_000 + 2;
  for (let index = 0; index < count; index++)
    await call("POST", configMaps, configMap(`a${index}`, {}, data));
  const reader = await watch(`${configMaps}?watch=true`);
  await call("PATCH", `${configMaps}/a0`, { data: { k: "small" } });
  for (let index = 0; index < count; index++) assert.equal((await reader.next()).type, "ADDED");
  assert.equal((await reader.next()).type, "MODIFIED");
  await reader.stop();
});
