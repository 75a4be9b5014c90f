// Schemas at work on values: validation, defaults and pruning.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "../../resources/schema.ts";
import { applyDefaults } from "./schema-defaults.ts";
import { prune } from "./schema-unknown.ts";
import { validateSchema } from "./schema-validate.ts";

const list = (items: Schema, extra: Schema = {}): Schema => ({
  type: "object",
  properties: { l: { type: "array", items, ...extra } },
});
const field = (schema: Schema): Schema => ({ type: "object", properties: { f: schema } });

const misfits: readonly (readonly [Schema, unknown, readonly string[]])[] = [
  [field({ type: "integer" }), { f: 1 }, []],
  [field({ type: "number" }), { f: 1 }, []],
  [
    field({ type: "integer" }),
    { f: 1.5 },
    ['f: Invalid value: "number": f in body must be of type integer: "number"'],
  ],
  [
    field({ type: "string" }),
    { f: null },
    ['f: Invalid value: "null": f in body must be of type string: "null"'],
  ],
  [field({ type: "string", nullable: true }), { f: null }, []],
  [field({ "x-kubernetes-int-or-string": true }), { f: "50%" }, []],
  [
    field({ "x-kubernetes-int-or-string": true }),
    { f: true },
    ['f: Invalid value: "boolean": f in body must be of type integer,string: "boolean"'],
  ],
  [{ type: "object", required: ["f"] }, {}, ["f: Required value"]],
  [field({ type: "object", required: ["g"] }), { f: {} }, ["f.g: Required value"]],
  [
    field({ type: "string", pattern: "^a+$" }),
    { f: "b" },
    [`f: Invalid value: "b": f in body should match '^a+$'`],
  ],
  [
    field({ type: "string", minLength: 1 }),
    { f: "" },
    ['f: Invalid value: "": f in body should be at least 1 chars long'],
  ],
  [
    field({ type: "string", maxLength: 1 }),
    { f: "ab" },
    ["f: Too long: may not be more than 1 bytes"],
  ],
  [
    field({ type: "string", enum: ["a"] }),
    { f: "b" },
    ['f: Unsupported value: "b": supported values: "a"'],
  ],
  [
    field({ type: "integer", maximum: 5 }),
    { f: 6 },
    ["f: Invalid value: 6: f in body should be less than or equal to 5"],
  ],
  [
    list({ type: "string" }, { minItems: 1 }),
    { l: [] },
    ["l: Invalid value: 0: l in body should have at least 1 items"],
  ],
  [
    list({ type: "string" }, { maxItems: 1 }),
    { l: ["a", "b"] },
    ["l: Too many: 2: must have at most 1 items"],
  ],
  [
    list({ type: "string" }),
    { l: ["a", 1] },
    ['l[1]: Invalid value: "integer": l[1] in body must be of type string: "integer"'],
  ],
  [
    list({ type: "string" }, { "x-kubernetes-list-type": "set" }),
    { l: ["a", "a"] },
    ['l[1]: Duplicate value: "a"'],
  ],
  [
    list(
      { type: "object" },
      { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] },
    ),
    {
      l: [
        { k: "a", v: 1 },
        { k: "a", v: 2 },
      ],
    },
    ['l[1]: Duplicate value: {"k":"a"}'],
  ],
  [
    { type: "object", additionalProperties: { type: "string" } },
    { a: 1 },
    ['a: Invalid value: "integer": a in body must be of type string: "integer"'],
  ],
  [
    field({ type: "integer", minimum: 1, exclusiveMinimum: true }),
    { f: 1 },
    ["f: Invalid value: 1: f in body should be greater than 1"],
  ],
  [
    field({ type: "integer", maximum: 1, exclusiveMaximum: true }),
    { f: 1 },
    ["f: Invalid value: 1: f in body should be less than 1"],
  ],
  [field({ type: "number", multipleOf: 0.1 }), { f: 0.3 }, []],
  [
    field({ type: "integer", multipleOf: 5 }),
    { f: 12 },
    ["f: Invalid value: 12: f in body should be a multiple of 5"],
  ],
  [
    field({ type: "integer", format: "int32" }),
    { f: 2_147_483_648 },
    ["f: Invalid value: 2147483648: Checked value must be of type integer with format int32"],
  ],
  [
    field({ type: "object", minProperties: 1 }),
    { f: {} },
    ["f: Invalid value: 0: f in body should have at least 1 properties"],
  ],
  [
    field({ type: "object", maxProperties: 1 }),
    { f: { a: 1, b: 2 } },
    ["f: Too many: 2: must have at most 1 items"],
  ],
  [
    field({ type: "object", "x-kubernetes-embedded-resource": true }),
    { f: { kind: "" } },
    [
      "f.apiVersion: Required value: must not be empty",
      "f.kind: Required value: must not be empty",
    ],
  ],
  [
    list({ type: "object" }, { "x-kubernetes-list-type": "set" }),
    {
      l: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    },
    ['l[1]: Duplicate value: {"b":2,"a":1}'],
  ],
  [
    field({ type: "string", allOf: [{ minLength: 2 }, { pattern: "^b" }] }),
    { f: "a" },
    [
      'f: Invalid value: "a": f in body should be at least 2 chars long',
      `f: Invalid value: "a": f in body should match '^b'`,
    ],
  ],
  [
    field({ type: "string", anyOf: [{ enum: ["a"] }, { pattern: "^b" }] }),
    { f: "c" },
    [
      'f: Invalid value: "": "f" must validate at least one schema (anyOf)',
      'f: Unsupported value: "c": supported values: "a"',
    ],
  ],
  [field({ type: "string", anyOf: [{ enum: ["a"] }, { pattern: "^b" }] }), { f: "bc" }, []],
  [
    field({ type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
    { f: {} },
    [
      'f: Invalid value: "": "f" must validate one and only one schema (oneOf). Found none valid',
      "f.a: Required value",
    ],
  ],
  [
    field({ type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
    { f: { a: 1, b: 2 } },
    [
      'f: Invalid value: "": "f" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ],
  [
    field({ type: "string", not: { enum: ["a"] } }),
    { f: "a" },
    ['f: Invalid value: "": "f" must not validate the schema (not)'],
  ],
];

const formats: readonly (readonly [string, fits: readonly string[], not: readonly string[]])[] = [
  ["date-time", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5+01:00"], ["2026-01-02", "now"]],
  ["date", ["2026-01-02"], ["2026-13-02", "02.01.2026"]],
  ["duration", ["1h30m", "-1.5h", "300ms", "3 days", "0"], ["1", "1 fortnight", ""]],
  ["email", ["a@b.org"], ["a", "a@", "a b@c.org"]],
  ["ipv4", ["10.0.0.1"], ["10.0.0", "::1"]],
  ["ipv6", ["::1", "2001:db8::"], ["10.0.0.1", ":::"]],
  ["cidr", ["10.0.0.0/8", "::/0"], ["10.0.0.0", "10.0.0.0/33"]],
  ["hostname", ["a.b-c.org", "localhost"], ["-a", "a..b", ""]],
  ["mac", ["00:1a:2b:3c:4d:5e"], ["00:1a:2b"]],
  ["uri", ["https://a.org/b?c", "/path", "urn:x"], ["a b", "relative", "%zz"]],
  ["uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567"]],
  ["uuid4", ["123e4567-e89b-42d3-a456-426614174000"], ["123e4567-e89b-12d3-a456-426614174000"]],
  ["byte", ["YWJj", "YQ=="], ["YW", "a-b_"]],
  ["hexcolor", ["#fff", "a0b1c2"], ["#ff"]],
  ["rgbcolor", ["rgb(1, 2, 255)"], ["rgb(1,2,256)"]],
  ["isbn", ["0321751043", "9780321751041"], ["12"]],
  ["password", ["anything"], []],
  ["nobody-knows-it", ["anything"], []],
];

test("formats are checked as far as Kubernetes does", () => {
  for (const [format, fits, not] of formats) {
    const schema: Schema = { type: "string", format };
    for (const text of fits)
      assert.deepEqual(validateSchema(schema, text), [], `${format}: ${text}`);
    for (const text of not)
      assert.equal(
        validateSchema(field(schema), { f: text })[0]?.message,
        `Invalid value: ${JSON.stringify(text)}: f in body must be of type ${format}: ${JSON.stringify(text)}`,
      );
  }
});

test("values that do not fit are named with their place", () => {
  for (const [schema, value, expected] of misfits)
    assert.deepEqual(
      validateSchema(schema, value).map(({ field: at, message }) => `${at}: ${message}`),
      expected,
      JSON.stringify(value),
    );
});

test("defaults fill what is absent, inside what is there", () => {
  const inner: Schema = { type: "object", properties: { b: { type: "integer", default: 2 } } };
  const schema: Schema = {
    type: "object",
    properties: {
      a: { type: "integer", default: 1 },
      absent: inner,
      made: { ...inner, default: {} },
      list: { type: "array", items: inner },
      map: { type: "object", additionalProperties: inner },
    },
  };
  assert.deepEqual(applyDefaults(schema, { list: [{}, { b: 3 }], map: { k: {} } }), {
    a: 1,
    made: { b: 2 },
    list: [{ b: 2 }, { b: 3 }],
    map: { k: { b: 2 } },
  });
  assert.deepEqual(applyDefaults(schema, { a: null }), { a: 1, made: { b: 2 } });
  const full = { a: 5, made: { b: 1 } };
  assert.equal(applyDefaults(schema, full), full, "nothing to fill, nothing copied");
});

test("null is dropped where the schema of a custom kind does not allow it", () => {
  const schema: Schema = {
    type: "object",
    properties: {
      plain: { type: "string" },
      filled: { type: "string", default: "x" },
      free: { type: "string", nullable: true, default: "x" },
      map: { type: "object", additionalProperties: { type: "string" } },
    },
  };
  const given = { plain: null, filled: null, free: null, map: { a: null, b: "c" } };
  const pruned = prune(schema, given, { dropsNull: false, onUnknown: assert.fail });
  assert.deepEqual(applyDefaults(schema, pruned), { filled: "x", free: null, map: { b: "c" } });
});

test("an embedded object keeps what every object has", () => {
  const schema: Schema = {
    type: "object",
    "x-kubernetes-embedded-resource": true,
    properties: { spec: { type: "object" } },
  };
  const unknown: string[] = [];
  const given = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", other: 1 },
    spec: { x: 1 },
    more: 1,
  };
  assert.deepEqual(
    prune(schema, given, { dropsNull: false, onUnknown: (path) => unknown.push(path) }),
    { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: {} },
  );
  assert.deepEqual(unknown, ["metadata.other", "spec.x", "more"]);
});

test("what was so before is not complained about", () => {
  const schema = field({
    type: "object",
    required: ["a"],
    properties: { b: { type: "integer", maximum: 1 }, c: { type: "string" } },
  });
  const old = { f: { b: 2, c: "x" } };
  assert.deepEqual(validateSchema(schema, old, { old }), []);
  assert.deepEqual(
    validateSchema(schema, { f: { b: 2, c: "y" } }, { old }).map(({ field: at }) => at),
    ["f.a"],
    "the object itself has changed, its field b has not",
  );
});

test("unknown fields are cut out, unless the schema keeps them", () => {
  const schema: Schema = {
    type: "object",
    properties: {
      known: { type: "string" },
      open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      list: { type: "array", items: { type: "object", properties: { k: { type: "string" } } } },
    },
  };
  const unknown: string[] = [];
  const pruned = prune(
    schema,
    { known: null, other: 1, open: { x: 1 }, list: [{ k: "a" }, { z: 1 }] },
    { dropsNull: true, onUnknown: (path) => unknown.push(path) },
  );
  assert.deepEqual(pruned, { open: { x: 1 }, list: [{ k: "a" }, {}] });
  assert.deepEqual(unknown, ["other", "list[1].z"]);
  const clean = { known: "a", list: [{ k: "b" }] };
  const same = prune(schema, clean, { dropsNull: false, onUnknown: assert.fail });
  assert.equal(same, clean, "nothing to cut, nothing copied");
});
