// The state and its history, without the API around it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../resources/object.ts";
import { seededRandom } from "../../lib/random.ts";
import { keyOf } from "../../resources/object.ts";
import { Store } from "./store.ts";
import type { Change } from "./store.ts";

function thing(name: string, ...owners: readonly string[]): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Thing",
    metadata: {
      name,
      uid: `uid-of-${name}`,
      ownerReferences: owners.map((uid) => ({ apiVersion: "v1", kind: "Thing", name: uid, uid })),
    },
  };
}

test("revisions are shared by all resources and stamped on objects", () => {
  const store = new Store();
  assert.equal(store.put("things", thing("a")).metadata.resourceVersion, "1");
  assert.equal(store.put("others", thing("b")).metadata.resourceVersion, "2");
  assert.equal(store.remove("things", "a").metadata.resourceVersion, "3");
  assert.equal(store.revision, 3);
});

test("an old revision is good as long as nothing of its own resource was forgotten", () => {
  const store = new Store({ historyLength: 2 });
  store.put("quiet", thing("q"));
  for (let index = 0; index < 4; index++) store.put("busy", thing("b"));
  assert.deepEqual(
    store.changesSince("quiet", 0)?.map(({ revision }) => revision),
    [1],
  );
  assert.equal(store.changesSince("busy", 1), undefined);
  assert.equal(store.oldestRevision("busy"), 3);
  assert.deepEqual(
    store.changesSince("busy", 3)?.map(({ revision }) => revision),
    [4, 5],
  );
  assert.equal(store.changesSince("busy", 6), undefined);
});

test("of large objects fewer changes are remembered", () => {
  const store = new Store();
  const large = { ...thing("a"), data: "x".repeat(4_000_000) };
  for (let index = 0; index < 12; index++) store.put("things", large);
  assert.equal(store.changesSince("things", 1), undefined);
  assert.equal(store.changesSince("things", 11)?.length, 1);
  assert.ok(store.oldestRevision("things") >= 4);
});

test("dependents are found by the uid of their owner, as long as they name it", () => {
  const store = new Store();
  store.put("things", thing("child", "uid-of-a", "uid-of-b"));
  assert.deepEqual(store.dependentsOf("uid-of-a"), [{ storageId: "things", key: "child" }]);
  store.put("things", thing("child", "uid-of-b"));
  assert.deepEqual(store.dependentsOf("uid-of-a"), []);
  assert.deepEqual(store.ownerUids(), ["uid-of-b"]);
  store.remove("things", "child");
  assert.deepEqual(store.ownerUids(), []);
  assert.equal(store.locate("uid-of-child"), undefined);
});

test("lists are in the order of keys", () => {
  const store = new Store();
  for (const name of ["c", "a", "b"]) store.put("things", thing(name));
  assert.deepEqual(
    store.list("things").map(({ metadata }) => metadata.name),
    ["a", "b", "c"],
  );
});

test("replaying the changes since any known revision gives the present state", (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const store = new Store({ historyLength: 40 });
  const snapshots = new Map<number, readonly KubeObject[]>();
  for (let step = 0; step < 500; step++) {
    snapshots.set(store.revision, store.list("things"));
    const name = `n${Math.floor(random() * 8)}`;
    if (store.get("things", name) && random() < 0.4) store.remove("things", name);
    else store.put("things", thing(name));
  }
  let replayed = 0;
  for (const [revision, objects] of snapshots) {
    const changes = store.changesSince("things", revision);
    if (!changes) continue;
    assert.deepEqual(replay(objects, changes), new Map(store.list("things").map(entry)));
    replayed++;
  }
  assert.ok(replayed >= 40, `only ${replayed} revisions were known`);
});

function replay(
  objects: readonly KubeObject[],
  changes: readonly Change[],
): ReadonlyMap<string, KubeObject> {
  const state = new Map(objects.map(entry));
  for (const { type, key, object } of changes)
    if (type === "DELETED") state.delete(key);
    else state.set(key, object);
  return new Map([...state].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function entry(object: KubeObject): readonly [string, KubeObject] {
  return [keyOf(object), object];
}
