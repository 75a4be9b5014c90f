// The local copy against a real API server that is cut off, answers with errors, and forgets.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openControlPlane } from "../../test/control-plane.ts";
import { eventually } from "../../test/dunlin.ts";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { configMapKind, type ConfigMap } from "../resources/config-map.ts";
import { KubeClient } from "./client.ts";
import type { Transport } from "./transport.ts";
import { WatchCache, type Change } from "./watch-cache.ts";

const configMap = (name: string, data: ConfigMap["data"] = {}): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data,
});

type Weather = "fine" | "down" | "expired";

/** A cache whose way to the server can be cut; `settled` waits until it has seen what is there. */
async function setUp(t: TestContext) {
  const { client, transport, signal } = await openControlPlane(t);
  let weather: Weather = "fine";
  let watches: AbortController[] = [];
  const through: Transport = (request) => {
    if (weather === "down") return Promise.reject(new Error("ECONNREFUSED"));
    if (!new URL(request.url).searchParams.has("watch")) return transport(request);
    if (weather === "expired") {
      weather = "fine";
      const status = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
      return Promise.resolve(Response.json(status, { status: 410 }));
    }
    const cut = new AbortController();
    watches.push(cut);
    const both = AbortSignal.any([request.signal, cut.signal]);
    return transport(new Request(request, { signal: both }));
  };
  const cache = new WatchCache({
    client: new KubeClient(through),
    kind: configMapKind,
    clock: wallClock,
    namespace: "default",
  });
  const changes: Change<ConfigMap>[] = [];
  cache.subscribe((change) => changes.push(change));
  cache.start(signal);
  await cache.synced;
  return {
    client,
    cache,
    changes,
    /** Ends the running watch; what comes next meets the given weather. */
    cut: (next: Weather): void => {
      weather = next;
      for (const watch of watches) watch.abort();
      watches = [];
    },
    mend: (): void => void (weather = "fine"),
    names: () =>
      cache
        .list()
        .map(({ metadata }) => metadata.name)
        .filter((name) => name !== "kube-root-ca.crt")
        .toSorted((a, b) => a.localeCompare(b)),
  };
}

test("adding, changing and deleting arrive in order, each with the old and the new object", async (t) => {
  const { client, changes, cache } = await setUp(t);
  await client.create(configMapKind, configMap("a", { n: "1" }));
  await client.patch(configMapKind, { namespace: "default", name: "a" }, { data: { n: "2" } });
  await client.delete(configMapKind, { namespace: "default", name: "a" });
  const mine = (): Change<ConfigMap>[] => changes.filter(({ key }) => key === "default/a");
  await eventually("all three are seen", () => (mine().length === 3 ? true : undefined));
  assert.deepEqual(
    mine().map((change) => [change.old?.data?.["n"], change.new?.data?.["n"]]),
    [
      [undefined, "1"],
      ["1", "2"],
      ["2", undefined],
    ],
  );
  assert.equal(cache.get("default/a"), undefined);
});

test("what happened while the server was away is caught up with", async (t) => {
  const { client, cut, mend, names } = await setUp(t);
  await client.create(configMapKind, configMap("a"));
  await eventually("a is seen", () => (names().includes("a") ? true : undefined));
  cut("down");
  await client.create(configMapKind, configMap("b"));
  await client.delete(configMapKind, { namespace: "default", name: "a" });
  assert.deepEqual(names(), ["a"], "the copy stays as it was");
  mend();
  await eventually("it has caught up", () => (names().join() === "b" ? true : undefined));
});

test("a version that the server no longer knows leads to a new list, with each difference told", async (t) => {
  const { client, changes, cut, names } = await setUp(t);
  await client.create(configMapKind, configMap("a"));
  await client.create(configMapKind, configMap("same"));
  await eventually("both are seen", () => (names().length === 2 ? true : undefined));
  changes.length = 0;
  const gone = client.delete(configMapKind, { namespace: "default", name: "a" });
  cut("expired");
  await gone;
  await eventually("the difference is seen", () => (names().join() === "same" ? true : undefined));
  assert.deepEqual(
    changes.map(({ key, new: now }) => [key, now === undefined]),
    [["default/a", true]],
  );
});

test("a watch that held for long and breaks is taken up again at once, however often", async () => {
  const clock = new VirtualClock();
  let lists = 0;
  const breaksAfterAnHour: Transport = async (request) => {
    if (!new URL(request.url).searchParams.has("watch")) {
      lists++;
      return Response.json({ apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] });
    }
    watches++;
    await new Promise<void>((resolve) => clock.after(3_600_000, resolve));
    throw new Error("connection reset");
  };
  let watches = 0;
  const lines: string[] = [];
  const stop = new AbortController();
  const cache = new WatchCache({
    client: new KubeClient(breaksAfterAnHour),
    kind: configMapKind,
    clock,
    log: (line) => lines.push(line),
  });
  cache.start(stop.signal);
  await cache.synced;
  for (let hour = 0; hour < 12; hour++) await clock.advance(3_600_200);
  stop.abort();
  assert.equal(lists, 1);
  assert.ok(watches >= 12, `${watches} watches`);
  assert.ok(lines.length >= 11);
  for (const line of lines) assert.match(line, /trying again in 100 ms$/);
});

test("a listener that throws keeps no change from the others", async (t) => {
  const { client, signal } = await openControlPlane(t);
  const told: string[] = [];
  const cache = new WatchCache({
    client,
    kind: configMapKind,
    clock: wallClock,
    namespace: "default",
    log: (line) => told.push(line),
  });
  cache.subscribe(() => {
    throw new Error("no good");
  });
  const seen: string[] = [];
  cache.subscribe(({ key }) => seen.push(key));
  cache.start(signal);
  await cache.synced;
  await client.create(configMapKind, configMap("a"));
  await client.create(configMapKind, configMap("b"));
  await eventually("both", () => (seen.length === 2 ? true : undefined));
  assert.deepEqual(seen, ["default/a", "default/b"]);
  assert.match(told[0] ?? "", /^a listener to configmaps failed on default\/a: Error: no good\n/);
});
