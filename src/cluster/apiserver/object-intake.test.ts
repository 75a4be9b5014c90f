// What clients are told about fields that are unknown, repeated or of a wrong type, word for word:
// people search for these sentences.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  configMaps,
  deployment,
  deployments,
  openTestPlane,
  widget,
  widgets,
} from "./plane-fixture.ts";

const container = { name: "c", image: "i" };
const withContainer = (extra: object): object =>
  deployment("a", { template: { spec: { containers: [{ ...container, ...extra }] } } });

const cases: readonly {
  readonly name: string;
  readonly path: string;
  readonly body: unknown;
  readonly code: number;
  readonly message: string;
}[] = [
  {
    name: "an unknown field of a built-in kind",
    path: deployments,
    body: deployment("a", { foo: 1 }),
    code: 400,
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"',
  },
  {
    name: "an unknown field in a list",
    path: deployments,
    body: withContainer({ imag: "x", portz: [] }),
    code: 400,
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.containers[0].imag", unknown field "spec.template.spec.containers[0].portz"',
  },
  {
    name: "an unknown field of a custom kind",
    path: widgets,
    body: widget("a", { sise: 1 }),
    code: 400,
    message:
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.sise"',
  },
  {
    name: "a repeated field",
    path: configMaps,
    body: '{"metadata":{"name":"a","name":"b"},"data":{"k":"1","k":"2"}}',
    code: 400,
    message:
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "metadata.name", duplicate field "data.k"',
  },
  {
    name: "text for a number in a built-in kind",
    path: deployments,
    body: deployment("a", { replicas: "two" }),
    code: 400,
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  },
  {
    name: "a fraction for a whole number",
    path: deployments,
    body: deployment("a", { replicas: 1.5 }),
    code: 400,
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
  },
  {
    name: "a number for text, deep in a list",
    path: deployments,
    body: withContainer({ env: [{ name: "A", value: 1 }] }),
    code: 400,
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string',
  },
  {
    name: "an object for a list",
    path: deployments,
    body: deployment("a", { template: { spec: { containers: {} } } }),
    code: 400,
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
  },
  {
    name: "a number for a label",
    path: configMaps,
    body: { metadata: { name: "a", labels: { k: 1 } } },
    code: 400,
    message:
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  },
  {
    name: "a wrong type in a custom kind",
    path: widgets,
    body: widget("a", { size: "big" }),
    code: 422,
    message:
      'Widget.example.dev "a" is invalid: spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
  },
  {
    name: "several misfits of a custom kind at once",
    path: widgets,
    body: widget("a", { size: 0, color: "green" }),
    code: 422,
    message:
      'Widget.example.dev "a" is invalid: [spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1, spec.color: Unsupported value: "green": supported values: "red", "blue"]',
  },
  {
    name: "a label of a custom kind that is no text",
    path: widgets,
    body: { ...widget("a"), metadata: { name: "a", labels: { k: true } } },
    code: 400,
    message:
      'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
  },
];

test("strict validation says which field is wrong", async (t) => {
  for (const { name, path, body, code, message } of cases)
    await t.test(name, async () => {
      const answer = await openTestPlane().call("POST", `${path}?fieldValidation=Strict`, body);
      assert.equal(answer.body.message, message);
      assert.equal(answer.status, code);
    });
});

test("every misfit is a cause of its own", async () => {
  const { call } = openTestPlane();
  const { body } = await call("POST", widgets, widget("a", { size: "big", color: 1 }));
  assert.deepEqual(
    body.details.causes.map(({ reason, field }: Record<string, string>) => [reason, field]),
    [
      ["FieldValueTypeInvalid", "spec.size"],
      ["FieldValueTypeInvalid", "spec.color"],
    ],
  );
});

test("without strictness unknown fields are dropped, with a warning or in silence", async () => {
  const { call } = openTestPlane();
  const warned = await call("POST", widgets, widget("a", { sise: 1 }));
  assert.deepEqual(warned.warnings, ['299 - "unknown field \\"spec.sise\\""']);
  assert.deepEqual(warned.body.spec, { color: "red" });
  const silent = await call("POST", `${widgets}?fieldValidation=Ignore`, widget("b", { sise: 1 }));
  assert.deepEqual(silent.warnings, []);
  assert.deepEqual(silent.body.spec, { color: "red" });
});

test("a strict patch with an unknown field is a problem of the patch", async () => {
  const { call } = openTestPlane();
  await call("POST", widgets, widget("a"));
  const { status, body } = await call("PATCH", `${widgets}/a?fieldValidation=Strict`, {
    spec: { sise: 1 },
  });
  assert.equal(status, 422);
  assert.deepEqual(body.details.causes, [
    {
      reason: "FieldValueInvalid",
      field: "patch",
      message: 'strict decoding error: unknown field "spec.sise"',
    },
  ]);
});

test("null means absent in a built-in kind", async () => {
  const { call } = openTestPlane();
  const { status, body } = await call("POST", deployments, deployment("a", { replicas: null }));
  assert.equal(status, 201);
  assert.equal(body.spec.replicas, 1);
});

test("null means absent in the metadata of a custom kind", async () => {
  const { call } = openTestPlane();
  const metadata = { name: "a", labels: { gone: null, kept: "v" }, finalizers: null };
  const { body } = await call("POST", widgets, { ...widget("a"), metadata });
  assert.deepEqual(body.metadata.labels, { kept: "v" });
  const listed = { name: "b", ownerReferences: [null] };
  const refused = await call("POST", widgets, { ...widget("b"), metadata: listed });
  assert.match(refused.body.message, /metadata.ownerReferences\[0\]: Invalid value: "null"/);
});

test("YAML is read where the content type says so", async () => {
  const { call } = openTestPlane();
  const yaml = { "content-type": "application/yaml" };
  const good = await call("POST", configMaps, "metadata: {name: a}\ndata: {k: v}\n", yaml);
  assert.equal(good.body.data.k, "v");
  const bad = await call("POST", configMaps, "metadata: {name: a\n", yaml);
  assert.equal(bad.status, 400);
  assert.match(bad.body.message, /error converting YAML to JSON: .*line/);
});

test("a body of an unknown type, or too long, is refused", async () => {
  const { call } = openTestPlane();
  const unknown = await call("POST", configMaps, "<a/>", { "content-type": "text/xml" });
  assert.equal(unknown.status, 415);
  const long = { metadata: { name: "a" }, data: { k: "x".repeat(3 * 1024 * 1024) } };
  assert.equal((await call("POST", configMaps, long)).status, 413);
});

test("a variable may stand twice in a container: the list has keys for patches only", async () => {
  const { call } = openTestPlane();
  const env = [
    { name: "A", value: "1" },
    { name: "A", value: "2" },
  ];
  const pod = { metadata: { name: "p" }, spec: { containers: [{ ...container, env }] } };
  const path = "/api/v1/namespaces/default/pods?fieldManager=m";
  const { status, body } = await call("POST", path, pod);
  assert.equal(status, 201, body.message);
  assert.deepEqual(body.spec.containers[0].env, env);
});
