// What a deletion asks for is read to the letter or refused: nothing goes by a misunderstanding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap, configMaps, openTestPlane, pod, pods } from "./plane-fixture.ts";

const refused: readonly {
  readonly name: string;
  readonly query?: string;
  readonly body?: unknown;
  readonly code: number;
  readonly message: string | RegExp;
}[] = [
  {
    name: "a list",
    body: [],
    code: 400,
    message: "the body of the request is no DeleteOptions",
  },
  {
    name: "a number",
    body: "3",
    code: 400,
    message: "the body of the request is no DeleteOptions",
  },
  { name: "a body that is cut off", body: '{"dryRun":["All"', code: 400, message: /json parse/ },
  {
    name: "options of another kind",
    body: { kind: "Pod", apiVersion: "v1" },
    code: 400,
    message: 'the kind in the data ("Pod") does not match the expected kind (DeleteOptions)',
  },
  {
    name: "a dry run that is not in a list",
    body: { dryRun: "All" },
    code: 400,
    message:
      'DeleteOptions in version "v1" cannot be handled as a DeleteOptions: json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string',
  },
  {
    name: "a precondition that is no text",
    body: { preconditions: { uid: 3 } },
    code: 400,
    message: /cannot unmarshal number into Go struct field .*preconditions\.uid of type string/,
  },
  {
    name: "preconditions that are none",
    body: { preconditions: "x" },
    code: 400,
    message: /cannot unmarshal string into Go struct field .*preconditions/,
  },
  {
    name: "half a second of grace",
    body: { gracePeriodSeconds: 1.5 },
    code: 400,
    message: /cannot unmarshal number 1.5 into Go struct field .*gracePeriodSeconds of type int64/,
  },
  {
    name: "grace in words",
    query: "gracePeriodSeconds=long",
    code: 400,
    message: 'gracePeriodSeconds: strconv.ParseInt: parsing "long": invalid syntax',
  },
  {
    name: "an unknown policy",
    body: { propagationPolicy: "Sideways" },
    code: 422,
    message:
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
  },
  {
    name: "both ways of saying what becomes of dependents",
    body: { orphanDependents: true, propagationPolicy: "Orphan" },
    code: 422,
    message:
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  },
  {
    name: "an unknown dry run",
    query: "dryRun=Some",
    code: 422,
    message:
      'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"',
  },
  {
    name: "another object of that name",
    body: { preconditions: { uid: "other" } },
    code: 409,
    message: /Precondition failed: UID in precondition: other, UID in object meta: uid-/,
  },
  {
    name: "an older state",
    body: { preconditions: { resourceVersion: "1" } },
    code: 409,
    message: /Precondition failed: ResourceVersion in precondition: 1/,
  },
];

for (const { name, query = "", body, code, message } of refused)
  test(`refused, and nothing is deleted: ${name}`, async () => {
    const { call } = openTestPlane();
    const made = await call("POST", configMaps, configMap("a", { labels: { l: "1" } }));
    for (const path of [`${configMaps}/a?${query}`, `${configMaps}?labelSelector=l=1&${query}`]) {
      const answer = await call("DELETE", path, body);
      assert.equal(answer.status, code, answer.body.message);
      if (typeof message === "string") assert.equal(answer.body.message, message);
      else assert.match(answer.body.message, message);
    }
    const { body: left } = await call("GET", `${configMaps}/a`);
    assert.equal(left.metadata.resourceVersion, made.body.metadata.resourceVersion);
  });

test("null is nothing said, and older clients say what becomes of dependents in their way", async () => {
  const { call, plane } = openTestPlane();
  const { uid } = (await call("POST", configMaps, configMap("owner"))).body.metadata;
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid };
  await call("POST", configMaps, configMap("child", { ownerReferences: [owner] }));
  const options = {
    apiVersion: "apps/v1",
    kind: "DeleteOptions",
    gracePeriodSeconds: null,
    preconditions: null,
    propagationPolicy: null,
    dryRun: null,
    orphanDependents: true,
  };
  assert.equal((await call("DELETE", `${configMaps}/owner`, options)).status, 200);
  await plane.settled();
  assert.equal((await call("GET", `${configMaps}/child`)).status, 200);
});

test("less than no grace is a second of it", async () => {
  const { call } = openTestPlane();
  await call("POST", pods, pod("p", { nodeName: "n" }));
  const { body } = await call("DELETE", `${pods}/p?gracePeriodSeconds=-1`);
  assert.equal(body.metadata.deletionGracePeriodSeconds, 1);
});

test("what is in all namespaces is not deleted at once, nor are all namespaces", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  for (const path of ["/api/v1/configmaps", "/api/v1/namespaces"]) {
    const { status, body } = await call("DELETE", path);
    assert.equal(status, 405);
    assert.equal(body.reason, "MethodNotAllowed");
  }
  assert.equal((await call("GET", `${configMaps}/a`)).status, 200);
  const { body } = await call("GET", "/api/v1");
  const verbsOf = (name: string): readonly string[] =>
    body.resources.find((one: { readonly name: string }) => one.name === name).verbs;
  assert.equal(verbsOf("namespaces").includes("deletecollection"), false);
  assert.equal(verbsOf("configmaps").includes("deletecollection"), true);
});
