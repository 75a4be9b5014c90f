// Which schemas a definition may have, and in which words the others are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { structuralProblems } from "./structural-schema.ts";

const text = { type: "string" };
const spec = (schema: object): object => ({ type: "object", properties: { f: schema } });

const taken: readonly (readonly [name: string, schema: object])[] = [
  ["no more than a type", { type: "object" }],
  ["anything at all", { type: "object", "x-kubernetes-preserve-unknown-fields": true }],
  [
    "an untyped field that keeps what it does not know",
    spec({ "x-kubernetes-preserve-unknown-fields": true }),
  ],
  ["a number or text", spec({ "x-kubernetes-int-or-string": true })],
  [
    "a number or text, spelled out",
    spec({
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
      pattern: "^\\d+%?$",
    }),
  ],
  [
    "a number or text, spelled out beside other conditions",
    spec({
      "x-kubernetes-int-or-string": true,
      allOf: [{ anyOf: [{ type: "integer" }, { type: "string" }] }, { pattern: "^\\d+%?$" }],
    }),
  ],
  [
    "junctors that name known fields",
    {
      type: "object",
      properties: { a: text, b: { type: "array", items: text } },
      oneOf: [{ required: ["a"] }, { properties: { b: { items: { pattern: "^x" } } } }],
      not: { required: ["a", "b"] },
    },
  ],
  [
    "metadata with a rule for the name",
    {
      type: "object",
      properties: { metadata: { type: "object", properties: { name: { ...text, maxLength: 3 } } } },
    },
  ],
  [
    "a set of objects that are compared as a whole",
    spec({
      type: "array",
      "x-kubernetes-list-type": "set",
      items: { type: "object", "x-kubernetes-map-type": "atomic" },
    }),
  ],
  [
    "a default that its schema completes",
    spec({ type: "object", default: {}, properties: { a: { ...text, default: "x" } } }),
  ],
];

test("structural schemas are taken", () => {
  for (const [name, schema] of taken) assert.deepEqual(structuralProblems(schema, "s"), [], name);
});

const refused: readonly (readonly [name: string, schema: object, ...causes: readonly string[]])[] =
  [
    [
      "a root of another type",
      { type: "string" },
      's.type: Invalid value: "string": must be object at the root',
    ],
    [
      "no type at the root",
      { "x-kubernetes-preserve-unknown-fields": true },
      "s.type: Required value: must not be empty at the root",
    ],
    [
      "an unknown type",
      spec({ type: "text" }),
      's.properties[f].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
    [
      "null as a type",
      spec({ type: "null" }),
      "s.properties[f].type: Forbidden: type cannot be set to null, use nullable as an alternative",
    ],
    [
      "a list of no known items",
      spec({ type: "array" }),
      "s.properties[f].items: Required value: must be specified",
    ],
    [
      "a type beside number or text",
      spec({ ...text, "x-kubernetes-int-or-string": true }),
      's.properties[f].type: Invalid value: "string": must be empty if x-kubernetes-int-or-string is true',
    ],
    [
      "named fields beside any fields",
      spec({ type: "object", properties: { a: text }, additionalProperties: text }),
      "s.properties[f].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
    ],
    [
      "no further fields",
      spec({ type: "object", additionalProperties: false }),
      "s.properties[f].additionalProperties: Forbidden: additionalProperties cannot be set to false",
    ],
    [
      "unique items",
      spec({ type: "array", items: text, uniqueItems: true }),
      "s.properties[f].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
    ],
    [
      "a reference",
      spec({ type: "object", $ref: "#/definitions/x" }),
      "s.properties[f].$ref: Forbidden: $ref is not supported",
    ],
    [
      "items that differ by place",
      spec({ type: "array", items: [text] }),
      "s.properties[f].items: Forbidden: items must be a schema object and not an array",
    ],
    [
      "a default within a junctor",
      spec({ ...text, anyOf: [{ default: "x" }] }),
      "s.properties[f].anyOf[0].default: Forbidden: must be undefined to be structural",
    ],
    [
      "metadata that is described",
      {
        type: "object",
        properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } },
      },
      "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
    ],
    [
      "a list type on what is no list",
      spec({ type: "object", "x-kubernetes-list-type": "set" }),
      's.properties[f].type: Invalid value: "object": must be array if x-kubernetes-list-type is specified',
    ],
    [
      "keys of a list that is no map",
      spec({ type: "array", items: text, "x-kubernetes-list-map-keys": ["a"] }),
      "s.properties[f].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty",
    ],
    [
      "keys that items do not have, and one twice",
      spec({
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a", "a", "b"],
        items: { type: "object", required: ["a"], properties: { a: text } },
      }),
      's.properties[f].x-kubernetes-list-map-keys[1]: Duplicate value: "a"',
      's.properties[f].x-kubernetes-list-map-keys[2]: Invalid value: "b": entries must all be names of item properties',
    ],
    [
      "a set of objects that are merged",
      spec({ type: "array", "x-kubernetes-list-type": "set", items: { type: "object" } }),
      "s.properties[f].items.x-kubernetes-map-type: Required value: must be atomic as item of a list with x-kubernetes-list-type=set",
    ],
    [
      "an embedded object of which nothing is known",
      spec({ type: "object", "x-kubernetes-embedded-resource": true }),
      "s.properties[f].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
    ],
    [
      "a default with a field that is not there",
      spec({ type: "object", properties: { a: text }, default: { b: 1 } }),
      's.properties[f].default: Invalid value: {"b":1}: must not have unknown fields',
    ],
    [
      "a default that lacks a field",
      spec({ type: "object", properties: { a: text }, required: ["a"], default: {} }),
      "s.properties[f].default.a: Required value",
    ],
    [
      "a list for a schema",
      spec([]),
      "s.properties[f]: Invalid value: s.properties[f] in body must be of type object",
    ],
  ];

test("others are refused, with their place", () => {
  for (const [name, schema, ...expected] of refused)
    assert.deepEqual(
      structuralProblems(schema, "s").map(({ field, message }) => `${field}: ${message}`),
      expected,
      name,
    );
});

test("a schema of any depth is answered", () => {
  let schema: object = text;
  for (let depth = 0; depth < 3000; depth++) schema = spec(schema);
  const [cause] = structuralProblems(schema, "s");
  assert.match(cause?.message ?? "", /must not be nested deeper than 100 levels/);
});
