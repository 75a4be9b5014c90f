// Server-side apply and managedFields over the API: what is read from a request, and what others get
// to see. How fields find their owners is the business of patch/apply.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManagedFieldsEntry } from "../../resources/object.ts";
import { pathsOf } from "../patch/field-set.ts";
import {
  configMap,
  configMaps,
  deployment,
  deployments,
  openTestPlane,
  pod,
  pods,
  widget,
  widgets,
} from "./plane-fixture.ts";
import type { Answer, TestPlane } from "./plane-fixture.ts";

const applyHeaders = { "content-type": "application/apply-patch+yaml" };
const jsonPatch = { "content-type": "application/json-patch+json" };

function applyTo(
  { call }: TestPlane,
  path: string,
  body: unknown,
  query = "fieldManager=kubectl",
): Promise<Answer> {
  return call("PATCH", `${path}?${query}`, body, applyHeaders);
}

function ownersOf({ body }: Answer): readonly string[] {
  const entries = (body.metadata.managedFields ?? []) as readonly ManagedFieldsEntry[];
  return entries.map(
    ({ manager, operation, subresource, fieldsV1 }) =>
      `${manager} ${operation}${subresource ? ` ${subresource}` : ""}: ${pathsOf(fieldsV1).join(" ")}`,
  );
}

test("apply creates what is not there, from YAML", async () => {
  const plane = openTestPlane();
  const text =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  key: value # a comment\n";
  const created = await applyTo(plane, `${configMaps}/a`, text);
  assert.equal(created.status, 201);
  assert.deepEqual(ownersOf(created), ["kubectl Apply: .data.key"]);
  const { apiVersion, time, fieldsType } = created.body.metadata.managedFields[0];
  assert.deepEqual(
    { apiVersion, time, fieldsType },
    { apiVersion: "v1", time: "2026-01-02T03:04:05Z", fieldsType: "FieldsV1" },
  );
  const again = await applyTo(plane, `${configMaps}/a`, text);
  assert.equal(again.status, 200);
  assert.equal(again.body.metadata.resourceVersion, created.body.metadata.resourceVersion);
});

test("what only looks different changes nothing, not even a time", async () => {
  const plane = openTestPlane();
  const spec = (resources: object): object => ({
    containers: [{ name: "c", image: "i", resources, command: null }],
  });
  const wanted = pod("a", spec({ requests: { cpu: "1000m" } }));
  const first = await applyTo(plane, `${pods}/a`, wanted);
  assert.equal(first.body.spec.containers[0].resources.requests.cpu, "1");
  await plane.clock.advance(60_000);
  const again = await applyTo(plane, `${pods}/a`, wanted);
  assert.deepEqual(again.body, first.body);
});

test("defaults are filled in, and nobody owns them", async () => {
  const applied = await applyTo(openTestPlane(), `${deployments}/a`, deployment("a"));
  assert.equal(applied.body.spec.replicas, 1);
  assert.doesNotMatch(ownersOf(applied).join(), /replicas|strategy/);
});

test("what is scaled by hand conflicts with a manifest that says otherwise", async () => {
  const plane = openTestPlane();
  await applyTo(plane, `${deployments}/a`, deployment("a", { replicas: 1 }));
  const scaled = { spec: { replicas: 3 } };
  await plane.call("PATCH", `${deployments}/a/scale?fieldManager=dunlin`, scaled);
  const conflict = await applyTo(plane, `${deployments}/a`, deployment("a", { replicas: 1 }));
  assert.equal(conflict.status, 409);
  assert.equal(conflict.body.reason, "Conflict");
  assert.equal(
    conflict.body.message,
    'Apply failed with 1 conflict: conflict with "dunlin" with subresource "scale" using apps/v1: .spec.replicas',
  );
  const forced = await applyTo(
    plane,
    `${deployments}/a`,
    deployment("a", { replicas: 1 }),
    "fieldManager=kubectl&force=true",
  );
  assert.equal(forced.body.spec.replicas, 1);
  assert.equal(forced.body.metadata.managedFields.length, 1);
});

test("a Scale can be applied as well", async () => {
  const plane = openTestPlane();
  await plane.call("POST", `${deployments}?fieldManager=me`, deployment("a", { replicas: 1 }));
  const scale = {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name: "a" },
    spec: { replicas: 4 },
  };
  const path = `${deployments}/a/scale`;
  assert.equal((await applyTo(plane, path, scale, "fieldManager=hpa")).status, 409);
  const done = await applyTo(plane, path, scale, "fieldManager=hpa&force=1");
  assert.equal(done.body.kind, "Scale");
  assert.equal(done.body.spec.replicas, 4);
  const { body } = await plane.call("GET", `${deployments}/a`);
  assert.equal(body.spec.replicas, 4);
  assert.equal(body.metadata.managedFields[0].subresource, "scale");
});

test("the status is applied apart", async () => {
  const plane = openTestPlane();
  const both = { ...widget("a", { size: 2 }), status: { phase: "Ready" } };
  const main = await applyTo(plane, `${widgets}/a`, both);
  assert.equal(main.body.status, undefined);
  const status = await applyTo(plane, `${widgets}/a/status`, both, "fieldManager=loop");
  assert.equal(status.body.status.phase, "Ready");
  assert.deepEqual(ownersOf(status), [
    "kubectl Apply: .spec.size",
    "loop Apply status: .status.phase",
  ]);
  assert.equal((await applyTo(plane, `${widgets}/none/status`, both)).status, 404);
});

test("writers are named by parameter, else by user agent", async () => {
  const plane = openTestPlane();
  const agent = { "user-agent": "kubectl/v1.32.3 (linux/amd64) kubernetes/32cc146" };
  const json = { ...agent, "content-type": "application/json" };
  const created = await plane.call("POST", configMaps, configMap("a", {}, { x: "1" }), json);
  assert.deepEqual(ownersOf(created), ["kubectl Update: .data .data.x"]);
  const merge = { ...agent, "content-type": "application/merge-patch+json" };
  const path = `${configMaps}/a?fieldManager=kubectl-patch`;
  const patched = await plane.call("PATCH", path, { data: { x: "2" } }, merge);
  assert.deepEqual(ownersOf(patched), ["kubectl Update: .data", "kubectl-patch Update: .data.x"]);
});

test("what the cluster's own parts write is not tracked, and keeps what is", async () => {
  const plane = openTestPlane();
  const { body } = await plane.call("POST", pods, pod("untracked"));
  assert.equal(body.metadata.managedFields, undefined);
  await applyTo(plane, `${configMaps}/a`, configMap("a", {}, { x: "1" }));
  const patched = await plane.call("PATCH", `${configMaps}/a`, { data: { y: "2" } });
  assert.deepEqual(ownersOf(patched), ["kubectl Apply: .data.x"]);
});

test("an empty list of managedFields ends the tracking, until somebody applies", async () => {
  const plane = openTestPlane();
  await plane.call("POST", `${configMaps}?fieldManager=me`, configMap("a", {}, { x: "1" }));
  const path = `${configMaps}/a?fieldManager=me`;
  const reset = await plane.call("PATCH", path, { metadata: { managedFields: [{}] } });
  assert.equal(reset.body.metadata.managedFields, undefined);
  const later = await plane.call("PATCH", path, { data: { x: "2" } });
  assert.equal(later.body.metadata.managedFields, undefined);
  const conflict = await applyTo(plane, `${configMaps}/a`, configMap("a", {}, { x: "3" }));
  assert.match(conflict.body.message, /conflict with "before-first-apply" using v1: \.data\.x$/);
});

test("a client may mend managedFields, as kubectl does when it moves to server-side apply", async () => {
  const plane = openTestPlane();
  const created = await plane.call(
    "POST",
    `${configMaps}?fieldManager=kubectl-client-side-apply`,
    configMap("a", {}, { x: "1" }),
  );
  const [entry] = created.body.metadata.managedFields;
  const mend = (value: unknown): Promise<Answer> =>
    plane.call(
      "PATCH",
      `${configMaps}/a?fieldManager=kubectl`,
      [{ op: "replace", path: "/metadata/managedFields", value }],
      jsonPatch,
    );
  const mended = await mend([{ ...entry, manager: "kubectl", operation: "Apply" }]);
  assert.deepEqual(ownersOf(mended), ["kubectl Apply: .data .data.x"]);
  for (const broken of [
    [{ ...entry, operation: "Guess" }],
    [{ ...entry, apiVersion: "" }],
    [{ ...entry, fieldsType: "FieldsV2" }],
    [{ ...entry, fieldsV1: { "x:y": {} } }],
    [{ ...entry, fieldsV1: { "f:data": "all" } }],
  ]) {
    const kept = await mend(broken);
    assert.equal(kept.status, 200);
    assert.deepEqual(ownersOf(kept), ["kubectl Apply: .data .data.x"]);
  }
});

test("fields that an applier leaves out go from custom objects too", async () => {
  const plane = openTestPlane();
  await applyTo(plane, `${widgets}/a`, widget("a", { size: 2, owner: "me" }));
  const { body } = await applyTo(plane, `${widgets}/a`, widget("a", { size: 2 }));
  assert.deepEqual(body.spec, { size: 2, color: "red" });
});

test("a dry run shows what would be, conflicts included", async () => {
  const plane = openTestPlane();
  const dry = "fieldManager=kubectl&dryRun=All";
  const wanted = configMap("a", {}, { x: "1" });
  assert.equal((await applyTo(plane, `${configMaps}/a`, wanted, dry)).status, 201);
  assert.equal((await plane.call("GET", `${configMaps}/a`)).status, 404);
  await applyTo(plane, `${configMaps}/a`, wanted, "fieldManager=other");
  const other = configMap("a", {}, { x: "2" });
  assert.equal((await applyTo(plane, `${configMaps}/a`, other, dry)).status, 409);
});

const refusals: readonly {
  readonly name: string;
  readonly body: unknown;
  readonly query?: string;
  readonly status: number;
  readonly words: RegExp;
}[] = [
  {
    name: "nobody's apply",
    body: configMap("a"),
    query: "",
    status: 422,
    words:
      /^PatchOptions\.meta\.k8s\.io "" is invalid: fieldManager: Required value: is required for apply patch$/,
  },
  {
    name: "a manager with an endless name",
    body: configMap("a"),
    query: `fieldManager=${"x".repeat(129)}`,
    status: 422,
    words: /fieldManager: Too long: may not be more than 128 bytes/,
  },
  {
    name: "a manager that cannot be printed",
    body: configMap("a"),
    query: "fieldManager=a%07b",
    status: 422,
    words: /fieldManager: Invalid value: .*: should only contain printable characters/,
  },
  {
    name: "the name of another object",
    body: configMap("b"),
    status: 400,
    words: /^the name of the object \(b\) does not match the name on the URL \(a\)$/,
  },
  {
    name: "another namespace",
    body: configMap("a", { namespace: "other" }),
    status: 400,
    words: /the namespace of the provided object does not match/,
  },
  {
    name: "a repeated field",
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","x":"2"}}',
    query: "fieldManager=kubectl&fieldValidation=Strict",
    status: 400,
    words: /^error strict decoding YAML: duplicate field "data\.x"$/,
  },
  {
    name: "a field that the kind does not have",
    body: { ...configMap("a"), date: {} },
    query: "fieldManager=kubectl&fieldValidation=Ignore",
    status: 400,
    words:
      /failed to create typed patch object \(a; v1, Kind=ConfigMap\): \.date: field not declared in schema$/,
  },
  {
    name: "text that is no YAML",
    body: "a: [",
    status: 400,
    words: /^error converting YAML to JSON: /,
  },
  { name: "a list", body: "- a", status: 400, words: /the body is not an object/ },
  { name: "nothing", body: "", status: 400, words: /the body is not an object/ },
  {
    name: "a version that was read before, of an object that is gone",
    body: configMap("a", { resourceVersion: "7" }),
    status: 400,
    words: /resourceVersion should not be set on objects to be created/,
  },
];

for (const { name, body, query, status, words } of refusals)
  test(`apply refuses ${name}`, async () => {
    const answer = await applyTo(openTestPlane(), `${configMaps}/a`, body, query);
    assert.equal(answer.status, status);
    assert.match(answer.body.message, words);
  });

test("an old version in the configuration is a conflict", async () => {
  const plane = openTestPlane();
  const first = await applyTo(plane, `${configMaps}/a`, configMap("a", {}, { x: "1" }));
  const { resourceVersion } = first.body.metadata;
  await applyTo(plane, `${configMaps}/a`, configMap("a", {}, { x: "2" }));
  const stale = configMap("a", { resourceVersion }, { x: "3" });
  const { status, body } = await applyTo(plane, `${configMaps}/a`, stale);
  assert.equal(status, 409);
  assert.match(body.message, /the object has been modified/);
});

test("only apply knows force", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const { status, body } = await call("PATCH", `${configMaps}/a?force=true`, { data: {} });
  assert.equal(status, 422);
  assert.match(body.message, /force: Forbidden: may not be specified for non-apply patch/);
});
