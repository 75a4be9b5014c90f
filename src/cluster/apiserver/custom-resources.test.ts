// CustomResourceDefinitions as a client sees them: which are refused and in which words, how several
// versions of one kind live together, and what rules have to say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { crdOf } from "../../resources/custom-resource-definition.ts";
import { customKinds } from "../../resources/custom-kinds.ts";
import type { Schema } from "../../resources/schema.ts";
import { definitionSchemaCauses } from "./definition-schemas.ts";
import { openTestPlane, type TestPlane } from "./plane-fixture.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const gadgets = (version = "v1") => `/apis/example.org/${version}/namespaces/default/gadgets`;

type Version = Readonly<Record<string, unknown>>;

function version(name: string, more: Version = {}, spec: Schema = {}): Version {
  const properties = { spec: { type: "object", ...spec }, status: { type: "object" } };
  return {
    name,
    served: true,
    storage: name === "v1",
    schema: { openAPIV3Schema: { type: "object", properties } },
    ...more,
  };
}

function definition(versions: readonly Version[], spec: object = {}, names: object = {}): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gadgets.example.org" },
    spec: {
      group: "example.org",
      scope: "Namespaced",
      names: { plural: "gadgets", kind: "Gadget", ...names },
      versions,
      ...spec,
    },
  };
}

function gadget(name: string, spec: object, apiVersion = "v1"): object {
  return {
    apiVersion: `example.org/${apiVersion}`,
    kind: "Gadget",
    metadata: { name },
    spec,
  };
}

async function planeWith(versions: readonly Version[]): Promise<TestPlane> {
  const plane = openTestPlane();
  const { status, body } = await plane.call("POST", definitions, definition(versions));
  assert.equal(status, 201, JSON.stringify(body));
  return plane;
}

const size: Schema = { properties: { size: { type: "integer" } } };
const schemaField = "spec.versions[0].schema.openAPIV3Schema.properties[spec]";

const refused: readonly (readonly [name: string, body: object, causes: readonly string[]])[] = [
  [
    "two storage versions",
    definition([version("v1"), version("v2", { storage: true })]),
    [
      'spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version',
    ],
  ],
  [
    "one name twice",
    definition([version("v1"), version("v1", { storage: false })]),
    ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names'],
  ],
  [
    "a webhook for conversion",
    definition([version("v1"), version("v2")], { conversion: { strategy: "Webhook" } }),
    [
      "spec.conversion.strategy: Forbidden: this cluster does not convert by webhook; use the strategy None, which changes the apiVersion alone",
    ],
  ],
  [
    "a group without a dot",
    { ...definition([version("v1")], { group: "org" }), metadata: { name: "gadgets.org" } },
    ['spec.group: Invalid value: "org": should be a domain with at least one dot'],
  ],
  [
    "no schema",
    definition([version("v1", { schema: {} })]),
    ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"],
  ],
  [
    "a field without a type",
    definition([version("v1", {}, { properties: { a: {} } })]),
    [
      `${schemaField}.properties[a].type: Required value: must not be empty for specified object fields`,
    ],
  ],
  [
    "a pattern that Go does not know",
    definition([version("v1", {}, { properties: { a: { type: "string", pattern: "(?=a)" } } })]),
    [
      `${schemaField}.properties[a].pattern: Invalid value: "(?=a)": must be a valid regular expression, but isn't: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\``,
    ],
  ],
  [
    "a default that does not fit",
    definition([version("v1", {}, { properties: { a: { type: "string", default: 1 } } })]),
    [
      `${schemaField}.properties[a].default: Invalid value: "integer": ${schemaField}.properties[a].default in body must be of type string: "integer"`,
    ],
  ],
  [
    "a map list without keys",
    definition([
      version(
        "v1",
        {},
        {
          properties: {
            a: { type: "array", "x-kubernetes-list-type": "map", items: { type: "object" } },
          },
        },
      ),
    ]),
    [
      `${schemaField}.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
  ],
  [
    "a list key that may be absent",
    definition([
      version(
        "v1",
        {},
        {
          properties: {
            a: {
              type: "array",
              "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["k"],
              items: { type: "object", properties: { k: { type: "string" } } },
            },
          },
        },
      ),
    ]),
    [
      `${schemaField}.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  ],
  [
    "a type inside of a junctor",
    definition([version("v1", {}, { ...size, anyOf: [{ type: "object" }] })]),
    [`${schemaField}.anyOf[0].type: Forbidden: must be empty to be structural`],
  ],
  [
    "a field that only a junctor knows",
    definition([version("v1", {}, { oneOf: [{ properties: { a: {} } }] })]),
    [
      `${schemaField}.properties[a]: Required value: because it is defined in ${schemaField}.oneOf[0].properties[a]`,
    ],
  ],
  [
    "a keyword of a wrong type",
    definition([version("v1", {}, { required: "a" } as unknown as Schema)]),
    [
      `${schemaField}.required: Invalid value: ${schemaField}.required in body must be of type array of strings`,
    ],
  ],
  [
    "a column that leads nowhere",
    definition([
      version("v1", {
        additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: ".spec..a" }],
      }),
    ]),
    [
      'spec.versions[0].additionalPrinterColumns[0].type: Unsupported value: "text": supported values: "boolean", "date", "integer", "number", "string"',
      `spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: ".spec..a": must be a simple JSONPath of fields, indices, * and filters such as [?(@.type=='Ready')]`,
    ],
  ],
  [
    "a rule about a field that is not there",
    definition([
      version("v1", {}, { ...size, "x-kubernetes-validations": [{ rule: "self.sise > 1" }] }),
    ]),
    [
      `${schemaField}.x-kubernetes-validations[0].rule: Invalid value: {"rule":"self.sise > 1"}: compilation failed: ERROR: <input>:1:6: undefined field 'sise'\n | self.sise > 1\n | .....^`,
    ],
  ],
];

test("definitions that Kubernetes would not take", async (t) => {
  for (const [name, body, expected] of refused)
    await t.test(name, async () => {
      const { call } = openTestPlane();
      const answer = await call("POST", definitions, body);
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      const causes: readonly { field: string; message: string }[] = answer.body.details.causes;
      assert.deepEqual(
        causes.map(({ field, message }) => `${field}: ${message}`),
        expected,
      );
    });
});

test("the definitions of Dunlin's own kinds are sound", () => {
  for (const kind of customKinds)
    assert.deepEqual(definitionSchemaCauses(crdOf(kind), undefined), [], kind.kind);
});

test("what is no keyword of a schema is an unknown field", async () => {
  const { call } = openTestPlane();
  const spec = { "x-note": "a", properties: { a: { type: "string", colour: "red" } } };
  const body = definition([version("v1", {}, spec as Schema)]);
  const strict = await call("POST", `${definitions}?fieldValidation=Strict`, body);
  const at = "spec.versions[0].schema.openAPIV3Schema.properties.spec";
  assert.match(strict.body.message, /strict decoding error: unknown field/);
  const { status, warnings } = await call("POST", definitions, body);
  assert.equal(status, 201);
  assert.deepEqual(
    warnings.map((text) => text.replaceAll("\\", "")),
    [`${at}.x-note`, `${at}.properties.a.colour`].map((path) => `299 - "unknown field "${path}""`),
  );
});

test("a conversion by webhook is taken where there is nothing to convert", async () => {
  const { call } = openTestPlane();
  const conversion = { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"] } };
  const body = definition([version("v1")], { conversion });
  assert.equal((await call("POST", definitions, body)).status, 201);
});

test("an object is written in one version and read in every one", async () => {
  const { call } = await planeWith([
    version("v1", {}, { properties: { size: { type: "integer" }, more: { type: "string" } } }),
    version(
      "v1beta1",
      {},
      {
        properties: { size: { type: "integer" }, tone: { type: "string", default: "low" } },
      },
    ),
  ]);
  assert.equal(
    (await call("POST", gadgets("v1"), gadget("a", { size: 1, more: "x" }))).status,
    201,
  );
  const old = await call("GET", `${gadgets("v1beta1")}/a`);
  assert.equal(old.body.apiVersion, "example.org/v1beta1");
  assert.deepEqual(old.body.spec, { size: 1, tone: "low" });
  assert.deepEqual((await call("GET", `${gadgets("v1")}/a`)).body.spec, { size: 1, more: "x" });
  const { body } = await call("GET", gadgets("v1beta1"));
  assert.equal(body.items[0].spec.tone, "low");
  const strict = await call(
    "POST",
    `${gadgets("v1beta1")}?fieldValidation=Strict`,
    gadget("b", { more: "x" }, "v1beta1"),
  );
  assert.match(strict.body.message, /unknown field "spec.more"/);
});

test("a version that is not served is not there; a deprecated one says so", async () => {
  const { plane, call } = await planeWith([
    version("v1"),
    version("v1alpha1", { served: false }),
    version("v1beta1", { deprecated: true }),
    version("v1beta2", { deprecated: true, deprecationWarning: "use something else" }),
  ]);
  assert.equal((await call("GET", gadgets("v1alpha1"))).status, 404);
  const { warnings } = await call("GET", gadgets("v1beta1"));
  assert.deepEqual(warnings, [
    '299 - "example.org/v1beta1 Gadget is deprecated; use example.org/v1 Gadget"',
  ]);
  const watched = await plane.transport(
    new Request(`https://cluster${gadgets("v1beta1")}?watch=true&timeoutSeconds=1`),
  );
  assert.match(watched.headers.get("warning") ?? "", /is deprecated/);
  await watched.body?.cancel();
  const other = await call("POST", gadgets("v1beta2"), gadget("a", {}, "v1beta2"));
  assert.deepEqual(other.warnings, ['299 - "use something else"']);
});

test("objects are selected by the fields that their definition names", async () => {
  const selectableFields = [{ jsonPath: ".spec.size" }, { jsonPath: ".spec" }];
  const { call } = openTestPlane();
  const wrong = await call(
    "POST",
    definitions,
    definition([version("v1", { selectableFields }, size)]),
  );
  assert.match(
    wrong.body.message,
    /selectableFields\[1\].jsonPath: Invalid value: ".spec": must point to a field of type string/,
  );
  selectableFields.pop();
  await call("POST", definitions, definition([version("v1", { selectableFields }, size)]));
  for (const [index, name] of ["a", "b"].entries())
    await call("POST", gadgets(), gadget(name, { size: index }));
  const { body } = await call("GET", `${gadgets()}?fieldSelector=spec.size=1`);
  assert.deepEqual(
    body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["b"],
  );
  const other = await call("GET", `${gadgets()}?fieldSelector=spec.color=red`);
  assert.match(other.body.message, /field label not supported: spec.color/);
});

test("versions in which objects may be stored cannot be taken away", async () => {
  const { call } = await planeWith([version("v1"), version("v2", { storage: false })]);
  const path = `${definitions}/gadgets.example.org`;
  const next = [version("v1", { storage: false }), version("v2", { storage: true })];
  const moved = await call("PATCH", path, { spec: { versions: next } });
  assert.deepEqual(moved.body.status.storedVersions, ["v1", "v2"]);
  const gone = await call("PATCH", path, {
    spec: { versions: [version("v2", { storage: true })] },
  });
  assert.equal(gone.status, 422);
  assert.match(gone.body.message, /status.storedVersions\[0\]: Invalid value: "v1": missing from/);
  const stored = (storedVersions: readonly string[]) =>
    call("PATCH", `${path}/status`, { status: { storedVersions } });
  assert.match((await stored(["v3"])).body.message, /must appear in spec.versions/);
  const kept = (await stored(["v1"])).body.status.storedVersions;
  assert.deepEqual(kept, ["v1", "v2"], "what is written now is stored in v2");
  assert.equal((await stored(["v2"])).status, 200, "after a migration of what is stored");
  const last = await call("PATCH", path, {
    spec: { versions: [version("v2", { storage: true })] },
  });
  assert.equal(last.status, 200);
});

test("of two definitions with one name the later waits for the earlier", async () => {
  const { plane, call } = await planeWith([version("v1")]);
  const later = {
    ...definition(
      [version("v1")],
      {},
      { plural: "gizmos", kind: "Gizmo", shortNames: ["gadgets"] },
    ),
    metadata: { name: "gizmos.example.org" },
  };
  assert.equal((await call("POST", definitions, later)).status, 201);
  await plane.settled();
  const path = `${definitions}/gizmos.example.org`;
  const waiting = await call("GET", path);
  assert.deepEqual(
    waiting.body.status.conditions.map(
      ({ type, status, message }: Readonly<Record<string, string>>) => [type, status, message],
    ),
    [
      ["NamesAccepted", "False", '"gadgets" is already in use'],
      ["Established", "False", "not all names are accepted"],
    ],
  );
  const gizmos = "/apis/example.org/v1/namespaces/default/gizmos";
  assert.equal((await call("GET", gizmos)).status, 404);
  await call("DELETE", `${definitions}/gadgets.example.org`);
  await plane.settled();
  assert.equal((await call("GET", gizmos)).status, 200);
  assert.equal((await call("GET", path)).body.status.conditions[1].status, "True");
});

test("a kind that is served stays so when its definition asks for a name that is taken", async () => {
  const { plane, call } = await planeWith([version("v1")]);
  await call("POST", definitions, {
    ...definition([version("v1")], {}, { plural: "gizmos", kind: "Gizmo" }),
    metadata: { name: "gizmos.example.org" },
  });
  const path = `${definitions}/gizmos.example.org`;
  await call("PATCH", path, { spec: { names: { shortNames: ["gadgets"] } } });
  await plane.settled();
  assert.equal((await call("GET", "/apis/example.org/v1/namespaces/default/gizmos")).status, 200);
  const { status } = (await call("GET", path)).body;
  assert.deepEqual(
    status.conditions.map((condition: Readonly<Record<string, string>>) => condition["status"]),
    ["False", "True"],
  );
  assert.equal(status.acceptedNames.shortNames, undefined);
  await call("PATCH", path, { spec: { names: { shortNames: ["gz"] } } });
  await plane.settled();
  assert.deepEqual((await call("GET", path)).body.status.acceptedNames.shortNames, ["gz"]);
});

test("a definition that is being deleted takes no more objects", async () => {
  const { plane, call } = await planeWith([version("v1")]);
  const held = gadget("a", {}) as { metadata: object };
  await call("POST", gadgets(), {
    ...held,
    metadata: { name: "a", finalizers: ["example.org/x"] },
  });
  const path = `${definitions}/gadgets.example.org`;
  await call("DELETE", path);
  await plane.settled();
  assert.equal((await call("GET", path)).body.status.conditions[2].type, "Terminating");
  const answer = await call("POST", gadgets(), gadget("b", {}));
  assert.equal(answer.status, 405);
  assert.match(answer.body.message, /create not allowed while custom resource definition is/);
  await call("PATCH", `${gadgets()}/a`, { metadata: { finalizers: null } });
  await plane.settled();
  assert.equal((await call("GET", path)).status, 404);
});

test("a definition takes its objects along, whether any version is served or not", async () => {
  const { plane, call } = await planeWith([version("v1")]);
  await call("POST", gadgets(), gadget("a", {}));
  const path = `${definitions}/gadgets.example.org`;
  await call("PATCH", path, { spec: { versions: [version("v1", { served: false })] } });
  await call("DELETE", path);
  await plane.settled();
  assert.equal((await call("GET", path)).status, 404);
});

const immutableName: Schema = {
  properties: {
    size: { type: "integer" },
    name: {
      type: "string",
      "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "name is immutable" }],
    },
  },
  "x-kubernetes-validations": [{ rule: "!has(self.size) || self.size < 10" }],
};

test("rules are asked at every write, transition rules at updates", async () => {
  const { call } = await planeWith([version("v1", {}, immutableName)]);
  const wrong = await call("POST", gadgets(), gadget("a", { size: 10 }));
  assert.equal(wrong.status, 422);
  assert.equal(
    wrong.body.message,
    'Gadget.example.org "a" is invalid: spec: Invalid value: "object": failed rule: !has(self.size) || self.size < 10',
  );
  assert.equal((await call("POST", gadgets(), gadget("a", { name: "x" }))).status, 201);
  const renamed = await call("PATCH", `${gadgets()}/a`, { spec: { name: "y" } });
  assert.match(renamed.body.message, /spec.name: Invalid value: "string": name is immutable/);
  assert.equal((await call("PATCH", `${gadgets()}/a`, { spec: { size: 3 } })).status, 200);
});

test("a schema that has become stricter does not keep the rest of an object from changing", async () => {
  const { call } = await planeWith([version("v1", {}, size)]);
  await call("POST", gadgets(), gadget("a", { size: 10 }));
  const stricter = version(
    "v1",
    {},
    {
      properties: { size: { type: "integer", maximum: 5 }, name: { type: "string" } },
      "x-kubernetes-validations": [{ rule: "self.size != 7" }],
    },
  );
  const path = `${definitions}/gadgets.example.org`;
  assert.equal((await call("PATCH", path, { spec: { versions: [stricter] } })).status, 200);
  const patch = (spec: object) => call("PATCH", `${gadgets()}/a`, { spec });
  assert.equal((await patch({ name: "x" })).status, 200);
  assert.match((await patch({ size: 11 })).body.message, /should be less than or equal to 5/);
});

test("hostile keys are fields like any other", async () => {
  const { call } = await planeWith([
    version(
      "v1",
      {},
      {
        "x-kubernetes-preserve-unknown-fields": true,
        required: ["constructor"],
        properties: Object.fromEntries([
          ["constructor", { type: "string" }],
          ["size", { type: "integer" }],
        ]),
      },
    ),
  ]);
  const text = (spec: string): string =>
    `{"apiVersion":"example.org/v1","kind":"Gadget","metadata":{"name":"a"},"spec":${spec}}`;
  const missing = await call("POST", gadgets(), text(`{"__proto__":{"constructor":"x"}}`));
  assert.match(missing.body.message, /spec.constructor: Required value/);
  const { body } = await call(
    "POST",
    gadgets(),
    text(`{"constructor":"x","size":null,"__proto__":{"polluted":true}}`),
  );
  assert.deepEqual(Object.keys(body.spec), ["constructor", "__proto__"]);
  assert.equal(({} as Readonly<Record<string, unknown>>)["polluted"], undefined);
});
