// Bodies that are made to hurt: deep, endless, in the wrong encoding, or with the names of
// JavaScript's own properties as keys. Each is refused or kept as data; the server goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestPlane, widgetKind } from "./plane-fixture.ts";
import { crdOf } from "../../resources/custom-resource-definition.ts";
import { anyObject, object } from "../../resources/schema.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const gadgets = "/apis/example.dev/v1/namespaces/default/gadgets";

const nested = (levels: number, open: string, close: string): string =>
  open.repeat(levels) + close.repeat(levels);

type Attempt = readonly [name: string, method: string, path: string, type: string, body: unknown];

const yaml = "application/yaml";
const json = "application/json";
const merge = "application/merge-patch+json";
const strategic = "application/strategic-merge-patch+json";
const apply = "application/apply-patch+yaml";
const jsonPatch = "application/json-patch+json";

const deepJson = `{"metadata":{"name":"x"},"data":${nested(10_000, '{"a":', "").concat("1", "}".repeat(10_000))}}`;

const refused: readonly (readonly [...Attempt, code: number, told: RegExp])[] = [
  ["deep JSON", "POST", configMaps, json, deepJson, 400, /nested more than 500 levels deep/],
  [
    "deep lists",
    "POST",
    configMaps,
    json,
    `{"data":${nested(10_000, "[", "]")}}`,
    400,
    /500 levels/,
  ],
  ["deep YAML", "POST", configMaps, yaml, `data: ${nested(10_000, "[", "]")}`, 400, /500 levels/],
  ["a deep merge patch", "PATCH", `${configMaps}/here`, merge, deepJson, 400, /500 levels/],
  ["a deep strategic patch", "PATCH", `${configMaps}/here`, strategic, deepJson, 400, /500 levels/],
  [
    "a deep apply",
    "PATCH",
    `${configMaps}/here?fieldManager=m`,
    apply,
    deepJson,
    400,
    /500 levels/,
  ],
  [
    "a deep JSON patch",
    "PATCH",
    `${configMaps}/here`,
    jsonPatch,
    `[{"op":"add","path":"/data","value":${nested(10_000, "[", "]")}}]`,
    400,
    /500 levels/,
  ],
  [
    "a deletion with deep options",
    "DELETE",
    `${configMaps}/here`,
    json,
    deepJson,
    400,
    /500 levels/,
  ],
  [
    "bytes that are not UTF-8",
    "POST",
    configMaps,
    json,
    new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    400,
    /not valid UTF-8/,
  ],
  [
    "aliases of aliases",
    "POST",
    configMaps,
    yaml,
    Array.from({ length: 30 }, (_, level) =>
      level === 0
        ? "l0: &l0 [x, x, x, x, x, x, x, x, x]"
        : `l${level}: &l${level} [${Array(9)
            .fill(`*l${level - 1}`)
            .join(", ")}]`,
    ).join("\n"),
    400,
    /alias/,
  ],
  [
    "copies of copies",
    "PATCH",
    `${configMaps}/here`,
    jsonPatch,
    JSON.stringify(
      Array.from({ length: 60 }, (_, step) => ({
        op: "copy",
        from: "/data",
        path: `/data/c${step}`,
      })),
    ),
    422,
    /accumulated size increase of copy/,
  ],
  [
    "too many operations",
    "PATCH",
    `${configMaps}/here`,
    jsonPatch,
    JSON.stringify(Array(10_001).fill({ op: "test", path: "/kind", value: "ConfigMap" })),
    413,
    /maximum operations in a JSON patch is 10000, got 10001/,
  ],
  [
    "a patch of prototypes",
    "PATCH",
    `${configMaps}/here`,
    jsonPatch,
    '[{"op":"add","path":"/__proto__/polluted","value":true}]',
    422,
    /./,
  ],
  ["operations that are none", "PATCH", `${configMaps}/here`, jsonPatch, "[null, 1, []]", 422, /./],
];

test("bodies that cannot be taken are refused with the reason, and the next request is answered", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, { metadata: { name: "here" }, data: { a: "1" } });
  for (const [name, method, path, type, body, code, told] of refused) {
    const { status, body: answer } = await call(method, path, body, { "content-type": type });
    assert.equal(status, code, `${name}: ${answer.message}`);
    assert.match(answer.message, told, name);
    assert.equal((await call("GET", `${configMaps}/here`)).body.data.a, "1", name);
  }
});

/** Objects that the server walks with every part that it has. */
const openKind = {
  ...widgetKind,
  kind: "Gadget",
  plural: "gadgets",
  singular: "gadget",
  shortNames: [],
  schema: object({ spec: anyObject, status: anyObject }),
  subresources: { status: true },
};

test("what is just within the limit goes all the way, in each format", async () => {
  const { call } = openTestPlane();
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  assert.equal((await call("POST", definitions, crdOf(openKind))).status, 201);
  const deep = (levels: number): unknown =>
    JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
  const made = await call("POST", gadgets, { metadata: { name: "w" }, spec: deep(490) });
  assert.equal(made.status, 201);
  const apiVersion = "example.dev/v1";
  const patches: readonly (readonly [string, unknown])[] = [
    [merge, { spec: { b: deep(480) } }],
    [jsonPatch, [{ op: "add", path: "/spec/c", value: deep(480) }]],
    [apply, { apiVersion, kind: "Gadget", metadata: { name: "w" }, spec: { d: deep(480) } }],
  ];
  for (const [type, patch] of patches) {
    const path = `${gadgets}/w?fieldManager=m`;
    const { status, body } = await call("PATCH", path, patch, { "content-type": type });
    assert.equal(status, 200, body.message);
  }
  const deeper = [{ op: "add", path: `/spec/c${"/a".repeat(479)}`, value: deep(100) }];
  const jsonPatchType = { "content-type": jsonPatch };
  const refusal = await call("PATCH", `${gadgets}/w`, deeper, jsonPatchType);
  assert.equal(refusal.status, 422);
  assert.match(refusal.body.message, /the patched object is nested more than 500 levels deep/);
  const { body } = await call("GET", `${gadgets}/w`);
  assert.equal(JSON.stringify(body.spec).match(/"a"/g)?.length, 490 + 3 * 480);
  assert.deepEqual(Object.keys(body.spec).sort(), ["a", "b", "c", "d"]);
  assert.equal((await call("PUT", `${gadgets}/w`, body)).status, 200);
  assert.equal((await call("DELETE", `${gadgets}/w`)).status, 200);
});

test("keys with the names of JavaScript's own properties are data like any other", async () => {
  const { call } = openTestPlane();
  const data = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as object;
  const made = await call("POST", configMaps, { metadata: { name: "keys" }, data });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.data, data);
  const path = `${configMaps}/keys`;
  const patch = '{"data":{"__proto__":"q","hasOwnProperty":"h"}}';
  for (const type of [merge, strategic]) {
    const patched = await call("PATCH", path, patch, { "content-type": type });
    assert.equal(patched.status, 200, patched.body.message);
    assert.equal(Object.getOwnPropertyDescriptor(patched.body.data, "__proto__")?.value, "q");
    assert.equal(Object.hasOwn(patched.body.data, "hasOwnProperty"), true);
  }
  const stranger = '{"__proto__":{"spec":1},"metadata":{"name":"s","labels":{"__proto__":"x"}}}';
  const refusal = await call("POST", `${configMaps}?fieldValidation=Strict`, stranger);
  assert.equal(refusal.status, 400);
  assert.match(refusal.body.message, /unknown field "__proto__"/);
  assert.equal(({} as Record<string, unknown>)["spec"], undefined);
});
