import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject, ObjectMeta } from "../../resources/object.ts";
import { claimChildren, possibleOwners, type Owner } from "./claim.ts";

const owner: Owner = {
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "web", namespace: "default", uid: "own" },
  spec: { selector: { matchLabels: { app: "web" } } },
};

function child(metadata: Partial<ObjectMeta>, controller?: string): KubeObject {
  const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "x", controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "child",
      namespace: "default",
      labels: { app: "web" },
      ...(controller !== undefined && { ownerReferences: [{ ...reference, uid: controller }] }),
      ...metadata,
    },
  };
}

const other = { app: "other" };
const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const cases: readonly [name: string, object: KubeObject, outcome: string][] = [
  ["its own", child({}, "own"), "owned"],
  ["an orphan that matches", child({}), "owned adopted"],
  ["an orphan that does not match", child({ labels: other }), ""],
  ["an orphan of another namespace", child({ namespace: "elsewhere" }), ""],
  ["an orphan that is being deleted", child(deleted), ""],
  ["another's", child({}, "other"), ""],
  ["its own, relabelled", child({ labels: other }, "own"), "released"],
  ["its own, relabelled and being deleted", child({ labels: other, ...deleted }, "own"), "owned"],
];

for (const [name, object, outcome] of cases)
  test(name, () => {
    const claim = Object.entries(claimChildren(owner, [object]));
    const groups = claim.filter(([, objects]) => objects.length > 0).map(([group]) => group);
    assert.equal(groups.join(" "), outcome);
  });

test("an owner that is being deleted takes nothing over", () => {
  const leaving = { ...owner, metadata: { ...owner.metadata, ...deleted } };
  assert.deepEqual(claimChildren(leaving, [child({})]).adopted, []);
});

test("an orphan wakes those whose selector finds it", () => {
  const ownersIn = (namespace: string) => (namespace === "default" ? [owner] : []);
  assert.deepEqual(possibleOwners(child({}), ownersIn), ["default/web"]);
  assert.deepEqual(possibleOwners(child({ namespace: "elsewhere" }), ownersIn), []);
  assert.deepEqual(possibleOwners(child({ labels: other }), ownersIn), []);
  assert.deepEqual(possibleOwners(child({}, "other"), ownersIn), []);
});
