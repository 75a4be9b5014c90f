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
];

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
