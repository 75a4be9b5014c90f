// What the server deletes on its own: dependents, what is in a namespace, what is of a kind, and
// old events.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  configMap,
  configMaps,
  openTestPlane,
  pod,
  pods,
  widget,
  widgets,
} from "./plane-fixture.ts";
import type { TestPlane } from "./plane-fixture.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async function family({ call }: TestPlane, blocks = false): Promise<string> {
  const { uid } = (await call("POST", configMaps, configMap("owner"))).body.metadata;
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid };
  const ownerReferences = [{ ...owner, ...(blocks && { blockOwnerDeletion: true }) }];
  await call("POST", configMaps, configMap("child", { ownerReferences }));
  return uid as string;
}

const statusOf = async ({ call }: TestPlane, name: string): Promise<number> =>
  (await call("GET", `${configMaps}/${name}`)).status;

test("the children of a deleted object follow it", async () => {
  const plane = openTestPlane();
  await family(plane);
  await plane.call("DELETE", `${configMaps}/owner`);
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "child"), 404);
});

test("orphaned children stay, without their owner", async () => {
  const plane = openTestPlane();
  await family(plane);
  await plane.call("DELETE", `${configMaps}/owner`, { propagationPolicy: "Orphan" });
  await plane.plane.settled();
  const { body } = await plane.call("GET", `${configMaps}/child`);
  assert.equal(body.metadata.name, "child");
  assert.equal(body.metadata.ownerReferences, undefined);
});

test("orphaned children stay, too, while a finalizer still holds their owner", async () => {
  const plane = openTestPlane();
  await family(plane);
  await plane.call("PATCH", `${configMaps}/owner`, { metadata: { finalizers: ["example.dev/h"] } });
  await plane.call("DELETE", `${configMaps}/owner`, { propagationPolicy: "Orphan" });
  await plane.call("PATCH", `${configMaps}/owner`, { metadata: { finalizers: null } });
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "owner"), 404);
  assert.equal(await statusOf(plane, "child"), 200);
});

test("in the foreground the owner goes last", async () => {
  const plane = openTestPlane();
  await family(plane, true);
  await plane.call("PATCH", `${configMaps}/child`, { metadata: { finalizers: ["example.dev/h"] } });
  await plane.call("DELETE", `${configMaps}/owner`, { propagationPolicy: "Foreground" });
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "owner"), 200);
  await plane.call("PATCH", `${configMaps}/child`, { metadata: { finalizers: null } });
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "child"), 404);
  assert.equal(await statusOf(plane, "owner"), 404);
});

test("a child with another owner stays; one whose owner never was goes", async () => {
  const plane = openTestPlane();
  const uid = await family(plane);
  const { body } = await plane.call("POST", configMaps, configMap("second"));
  const both = [
    { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid },
    { apiVersion: "v1", kind: "ConfigMap", name: "second", uid: body.metadata.uid },
  ];
  await plane.call("PATCH", `${configMaps}/child`, { metadata: { ownerReferences: both } });
  await plane.call("DELETE", `${configMaps}/owner`);
  const nobody = [{ apiVersion: "v1", kind: "ConfigMap", name: "second", uid: "stale" }];
  await plane.call("POST", configMaps, configMap("lost", { ownerReferences: nobody }));
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "child"), 200);
  assert.equal(await statusOf(plane, "lost"), 404);
});

for (const policy of ["Background", "Foreground"])
  test(`a child with another owner loses the one that goes (${policy})`, async () => {
    const plane = openTestPlane();
    const { call } = plane;
    const uid = await family(plane, true);
    const second = (await call("POST", configMaps, configMap("second"))).body.metadata;
    const kind = { apiVersion: "v1", kind: "ConfigMap" };
    const both = [
      { ...kind, name: "owner", uid, blockOwnerDeletion: true },
      { ...kind, name: "second", uid: second.uid },
    ];
    await call("PATCH", `${configMaps}/child`, { metadata: { ownerReferences: both } });
    await call("DELETE", `${configMaps}/owner`, { propagationPolicy: policy });
    await plane.plane.settled();
    assert.equal(await statusOf(plane, "owner"), 404);
    const { body } = await call("GET", `${configMaps}/child`);
    assert.deepEqual(body.metadata.ownerReferences, both.slice(1));
    await call("DELETE", `${configMaps}/second`);
    await plane.plane.settled();
    assert.equal(await statusOf(plane, "child"), 404);
  });

test("an owner of another namespace, or of another name or kind, is none", async () => {
  const { plane, call } = openTestPlane();
  const { uid } = (await call("POST", configMaps, configMap("owner"))).body.metadata;
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid };
  await call("POST", "/api/v1/namespaces", { metadata: { name: "far" } });
  const far = "/api/v1/namespaces/far/configmaps";
  const wrong: readonly (readonly [path: string, name: string, reference: object])[] = [
    [far, "distant", owner],
    [configMaps, "misnamed", { ...owner, name: "other" }],
    [configMaps, "unkind", { ...owner, kind: "Secret" }],
  ];
  for (const [path, name, reference] of wrong)
    await call("POST", path, configMap(name, { ownerReferences: [reference] }));
  await call("POST", configMaps, configMap("good", { ownerReferences: [owner] }));
  await plane.settled();
  for (const [path, name] of wrong)
    assert.equal((await call("GET", `${path}/${name}`)).status, 404, name);
  assert.equal((await call("GET", `${configMaps}/good`)).status, 200);
});

test("who deletes in the background no longer waits for the foreground", async () => {
  const plane = openTestPlane();
  await family(plane, true);
  await plane.call("PATCH", `${configMaps}/child`, { metadata: { finalizers: ["example.dev/h"] } });
  await plane.call("DELETE", `${configMaps}/owner`, { propagationPolicy: "Foreground" });
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "owner"), 200);
  await plane.call("DELETE", `${configMaps}/owner`, { propagationPolicy: "Background" });
  assert.equal(await statusOf(plane, "owner"), 404);
});

test("an object may ask by a finalizer that its children are orphaned", async () => {
  const plane = openTestPlane();
  await family(plane);
  await plane.call("PATCH", `${configMaps}/owner`, { metadata: { finalizers: ["orphan"] } });
  await plane.call("DELETE", `${configMaps}/owner`);
  await plane.plane.settled();
  assert.equal(await statusOf(plane, "owner"), 404);
  assert.equal(await statusOf(plane, "child"), 200);
});

test("what is being deleted gets no new finalizers", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, configMap("a", { finalizers: ["example.dev/h"] }));
  await call("DELETE", `${configMaps}/a`);
  const finalizers = ["example.dev/h", "example.dev/more"];
  const { status, body } = await call("PATCH", `${configMaps}/a`, { metadata: { finalizers } });
  assert.equal(status, 422);
  assert.equal(
    body.message,
    'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.dev/more"}',
  );
});

test("what a dead process left to delete is deleted by the next", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "dunlin-lifetimes-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const dataFile = join(directory, "state.db");
  const first = openTestPlane({ dataFile });
  await family(first);
  await first.call("DELETE", `${configMaps}/owner`);
  // Closed before the collector has had its turn.
  await first.plane.close();
  const second = openTestPlane({ dataFile });
  await second.plane.settled();
  assert.equal(await statusOf(second, "child"), 404);
  await second.plane.close();
});

test("every namespace has a default ServiceAccount", async () => {
  const { plane, call } = openTestPlane();
  await call("POST", "/api/v1/namespaces", { metadata: { name: "mine" } });
  await plane.settled();
  for (const namespace of ["default", "kube-system", "mine"]) {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    assert.equal((await call("GET", path)).status, 200, namespace);
  }
});

test("the namespaces that every cluster has cannot be deleted", async () => {
  const { call } = openTestPlane();
  for (const name of ["default", "kube-system", "kube-public"]) {
    const { status, body } = await call("DELETE", `/api/v1/namespaces/${name}`);
    assert.equal(status, 403);
    assert.equal(
      body.message,
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  }
});

test("a namespace is emptied, takes nothing new meanwhile, and goes when its pods have", async () => {
  const { plane, call } = openTestPlane();
  const mine = "/api/v1/namespaces/mine";
  await call("POST", "/api/v1/namespaces", { metadata: { name: "mine" } });
  await call("POST", `${mine}/configmaps`, configMap("a"));
  await call("POST", `${mine}/pods`, pod("p", { nodeName: "n" }));
  await call("POST", "/apis/example.dev/v1/namespaces/mine/widgets", widget("w"));
  const { body } = await call("DELETE", mine);
  assert.equal(body.status.phase, "Terminating");
  await plane.settled();
  assert.equal((await call("GET", `${mine}/configmaps/a`)).status, 404);
  const late = await call("POST", `${mine}/configmaps`, configMap("late"));
  assert.equal(late.status, 403);
  assert.match(late.body.message, /because it is being terminated$/);
  assert.equal((await call("GET", mine)).status, 200);
  await call("DELETE", `${mine}/pods/p`, { gracePeriodSeconds: 0 });
  await plane.settled();
  assert.equal((await call("GET", mine)).status, 404);
});

test("a namespace that cannot go says what is left in it, and what holds that", async () => {
  const { plane, call } = openTestPlane();
  const mine = "/api/v1/namespaces/mine";
  await call("POST", "/api/v1/namespaces", { metadata: { name: "mine" } });
  await call("POST", `${mine}/configmaps`, configMap("a", { finalizers: ["example.dev/hold"] }));
  await call("DELETE", mine);
  await plane.settled();
  const { body } = await call("GET", mine);
  const texts = body.status.conditions.map(
    ({ type, status, message }: Record<string, string>) => `${type}=${status}: ${message}`,
  );
  assert.deepEqual(texts, [
    "NamespaceContentRemaining=True: Some resources are remaining: configmaps has 1 resource instances",
    "NamespaceFinalizersRemaining=True: Some content in the namespace has finalizers remaining: example.dev/hold in 1 resource instances",
  ]);
  await call("PATCH", `${mine}/configmaps/a`, { metadata: { finalizers: null } });
  await plane.settled();
  assert.equal((await call("GET", mine)).status, 404);
});

function definition(plural: string, schema: object = { type: "object" }): object {
  return {
    metadata: { name: `${plural}.example.dev` },
    spec: {
      group: "example.dev",
      names: { plural, kind: "Gadget" },
      scope: "Cluster",
      versions: ["v1", "v2"].map((name) => ({
        name,
        served: true,
        storage: name === "v2",
        schema: { openAPIV3Schema: schema },
      })),
    },
  };
}

test("a definition makes a kind that is there at once, in all its versions, until it is deleted", async () => {
  const { plane, call } = openTestPlane();
  const preserving = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const { body } = await call("POST", definitions, definition("gadgets", preserving));
  assert.deepEqual(
    body.status.conditions.map(({ type, status }: Record<string, string>) => [type, status]),
    [
      ["NamesAccepted", "True"],
      ["Established", "True"],
    ],
  );
  const created = await call("POST", "/apis/example.dev/v1/gadgets", {
    metadata: { name: "g" },
    spec: { any: "thing" },
  });
  assert.equal(created.status, 201);
  const other = await call("GET", "/apis/example.dev/v2/gadgets/g");
  assert.equal(other.body.apiVersion, "example.dev/v2");
  assert.deepEqual(other.body.spec, { any: "thing" });
  await call("DELETE", `${definitions}/gadgets.example.dev`);
  await plane.settled();
  assert.equal((await call("GET", `${definitions}/gadgets.example.dev`)).status, 404);
  assert.equal((await call("GET", "/apis/example.dev/v1/gadgets")).status, 404);
  await call("POST", definitions, definition("gadgets"));
  assert.deepEqual((await call("GET", "/apis/example.dev/v1/gadgets")).body.items, []);
});

test("a definition cannot take over a built-in kind, and must be well formed", async () => {
  const { call } = openTestPlane();
  const stolen = {
    metadata: { name: "deployments.apps" },
    spec: {
      group: "apps",
      names: { plural: "deployments", kind: "Deployment" },
      scope: "Cluster",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: {} } }],
    },
  };
  await call("POST", definitions, stolen);
  const { status } = await call("GET", "/apis/apps/v1/namespaces/default/deployments");
  assert.equal(status, 200);
  const { body } = await call("POST", definitions, { metadata: { name: "x.y" }, spec: {} });
  assert.equal(body.code, 422);
});

test("our own kinds are brought up to date at start", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "dunlin-lifetimes-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const dataFile = join(directory, "state.db");
  const first = openTestPlane({ dataFile });
  await first.call("POST", widgets, widget("a", { size: 4 }));
  const name = `${definitions}/widgets.example.dev`;
  await first.call("PATCH", name, { spec: { names: { shortNames: ["old"] } } });
  await first.plane.close();
  const second = openTestPlane({ dataFile });
  assert.deepEqual((await second.call("GET", name)).body.spec.names.shortNames, ["wd"]);
  assert.equal((await second.call("GET", `${widgets}/a`)).body.spec.size, 4);
  await second.plane.close();
});

test("an event is forgotten an hour after it last happened", async () => {
  const { call, clock } = openTestPlane();
  const path = "/api/v1/namespaces/default/events";
  const involvedObject = { kind: "Pod", namespace: "default", name: "a" };
  const event = (name: string, lastTimestamp: string): object => ({
    metadata: { name },
    involvedObject,
    reason: "R",
    type: "Normal",
    lastTimestamp,
  });
  await call("POST", path, event("early", "2026-01-02T03:00:00Z"));
  await call("POST", path, event("late", "2026-01-02T03:50:00Z"));
  await clock.advance(3_600_000);
  const { body } = await call("GET", path);
  assert.deepEqual(
    body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["late"],
  );
});

test("a pod that is stopping is deleted from its namespace once only", async () => {
  const { plane, call } = openTestPlane();
  await call("POST", pods, pod("p", { nodeName: "n" }));
  const first = (await call("DELETE", `${pods}/p`)).body.metadata;
  const second = (await call("DELETE", `${pods}/p`)).body.metadata;
  assert.equal(second.resourceVersion, first.resourceVersion);
  await plane.settled();
});
