// The three patch formats over the API, and strategic merge by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "../../resources/schema.ts";
import {
  deployment,
  deployments,
  openTestPlane,
  widget,
  widgets,
} from "../apiserver/plane-fixture.ts";
import { strategicMerge } from "./strategic-merge.ts";

const schema: Schema = {
  type: "object",
  properties: {
    containers: {
      type: "array",
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "name",
      items: {
        type: "object",
        properties: {
          name: { type: "string" },
          args: { type: "array", items: { type: "string" } },
        },
      },
    },
    finalizers: {
      type: "array",
      items: { type: "string" },
      "x-kubernetes-patch-strategy": "merge",
    },
    strategy: { type: "object", "x-kubernetes-patch-strategy": "retainKeys" },
  },
};
const abc = {
  containers: [
    { name: "a", v: 1 },
    { name: "b", v: 1 },
    { name: "c", v: 1 },
  ],
};
const names = (merged: unknown): readonly string[] =>
  (merged as typeof abc).containers.map(({ name }) => name);

const merges: readonly {
  readonly name: string;
  readonly target: object;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly expected: object;
}[] = [
  {
    name: "keyed items are merged, new ones appended",
    target: { containers: [{ name: "a", v: 1, w: 1 }] },
    patch: {
      containers: [
        { name: "a", v: 2 },
        { name: "b", v: 3 },
      ],
    },
    expected: {
      containers: [
        { name: "a", v: 2, w: 1 },
        { name: "b", v: 3 },
      ],
    },
  },
  {
    name: "an item is deleted by its key",
    target: abc,
    patch: { containers: [{ name: "b", $patch: "delete" }] },
    expected: { containers: [abc.containers[0], abc.containers[2]] },
  },
  {
    name: "a keyed list is replaced when a directive says so",
    target: abc,
    patch: { containers: [{ name: "z" }, { $patch: "replace" }] },
    expected: { containers: [{ name: "z" }] },
  },
  {
    name: "an object is replaced when a directive says so",
    target: { map: { a: 1, b: 2 } },
    patch: { map: { $patch: "replace", c: 3 } },
    expected: { map: { c: 3 } },
  },
  {
    name: "lists without a strategy are replaced",
    target: { containers: [{ name: "a", args: ["1", "2"] }] },
    patch: { containers: [{ name: "a", args: ["3"] }] },
    expected: { containers: [{ name: "a", args: ["3"] }] },
  },
  {
    name: "lists of scalars are united, and what is named is taken out",
    target: { finalizers: ["a", "b"] },
    patch: { finalizers: ["c"], "$deleteFromPrimitiveList/finalizers": ["a"] },
    expected: { finalizers: ["c", "b"] },
  },
  {
    name: "keys that are not retained go",
    target: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } },
    patch: { strategy: { $retainKeys: ["type"], type: "Recreate" } },
    expected: { strategy: { type: "Recreate" } },
  },
  {
    name: "null removes a key",
    target: { a: 1, b: { c: 1, d: 2 } },
    patch: { a: null, b: { c: null } },
    expected: { b: { d: 2 } },
  },
  {
    name: "nulls and directives of a new part are not kept",
    target: {},
    patch: { containers: [{ name: "a", v: null, $retainKeys: ["name"] }] },
    expected: { containers: [{ name: "a" }] },
  },
];

test("strategic merge", async (t) => {
  for (const { name, target, patch, expected } of merges)
    await t.test(name, () => {
      const before = JSON.stringify(target);
      assert.deepEqual(strategicMerge(schema, target, patch), expected);
      assert.equal(JSON.stringify(target), before, "the target stays as it was");
    });
});

test("the client's order holds, and what only the server has keeps its place", () => {
  const order = (...items: readonly string[]): readonly object[] => items.map((name) => ({ name }));
  const merged = strategicMerge(schema, abc, {
    "$setElementOrder/containers": order("c", "a", "new"),
    containers: [{ name: "new" }],
  });
  assert.deepEqual(names(merged), ["b", "c", "a", "new"]);
  const same = strategicMerge(schema, abc, { "$setElementOrder/containers": order("a", "c") });
  assert.deepEqual(names(same), ["a", "b", "c"]);
});

const orders: readonly {
  readonly name: string;
  readonly order?: readonly string[];
  readonly sent: readonly string[];
  readonly expected: readonly string[];
}[] = [
  { name: "a new item comes first", sent: ["new"], expected: ["new", "a", "b", "c"] },
  { name: "items stand as they were sent", sent: ["c", "a"], expected: ["b", "c", "a"] },
  {
    name: "a new item stands where the order has it",
    order: ["a", "new", "b"],
    sent: ["new"],
    expected: ["a", "new", "b", "c"],
  },
  {
    name: "what the order does not name stays behind what it stood behind",
    order: ["new", "a", "c"],
    sent: ["new"],
    expected: ["new", "a", "b", "c"],
  },
];

for (const { name, order, sent, expected } of orders)
  test(`the order of a patched list: ${name}`, () => {
    const items = (list: readonly string[]): readonly object[] =>
      list.map((item) => ({ name: item }));
    const patch = {
      containers: items(sent),
      ...(order && { "$setElementOrder/containers": items(order) }),
    };
    assert.deepEqual(names(strategicMerge(schema, abc, patch)), expected);
  });

const brokenPatches: readonly (readonly [
  name: string,
  patch: Readonly<Record<string, unknown>>,
  words: RegExp,
])[] = [
  ["an unknown directive", { $patch: "improve" }, /^unknown patch type: "improve" in map: /],
  [
    "retained keys that are no list",
    { strategy: { $retainKeys: "type" } },
    /^invalid patch format of retainKeys$/,
  ],
  [
    "a field that is set and not retained",
    { strategy: { $retainKeys: ["type"], rollingUpdate: {} } },
    /^invalid patch format of retainKeys$/,
  ],
  [
    "items to be deleted that are no list",
    { "$deleteFromPrimitiveList/finalizers": "a" },
    /^invalid patch format of primitive list$/,
  ],
  [
    "an order that is no list",
    { "$setElementOrder/containers": "a" },
    /^invalid patch format of setElementOrder list$/,
  ],
  [
    "an order without what is sent",
    { containers: [{ name: "x" }], "$setElementOrder/containers": [{ name: "a" }] },
    /^The order in patch list:\n.*\n doesn't match \$setElementOrder\/containers list/,
  ],
];

for (const [name, patch, words] of brokenPatches)
  test(`a strategic patch is refused: ${name}`, () => {
    assert.throws(() => strategicMerge(schema, abc, patch), { code: 400, message: words });
  });

test("an item without its merge key is refused", () => {
  assert.throws(() => strategicMerge(schema, abc, { containers: [{ v: 1 }] }), {
    message: /does not contain declared merge key: name/,
  });
});

const strategic = { "content-type": "application/strategic-merge-patch+json" };
const json = { "content-type": "application/json-patch+json" };

test("a strategic patch of one container leaves the others alone", async () => {
  const { call } = openTestPlane();
  await call("POST", deployments, deployment("a"));
  const patch = { spec: { template: { spec: { containers: [{ name: "d", image: "j" }] } } } };
  const { body } = await call("PATCH", `${deployments}/a`, patch, strategic);
  assert.deepEqual(
    body.spec.template.spec.containers.map(({ name }: { name: string }) => name),
    ["d", "c"],
  );
});

test("custom kinds take no strategic patch", async () => {
  const { call } = openTestPlane();
  await call("POST", widgets, widget("a"));
  const { status } = await call("PATCH", `${widgets}/a`, { spec: {} }, strategic);
  assert.equal(status, 415);
});

test("a JSON patch is applied as a whole or not at all", async () => {
  const { call } = openTestPlane();
  await call("POST", widgets, widget("a", { size: 1 }));
  const replace = { op: "replace", path: "/spec/size", value: 2 };
  const good = await call("PATCH", `${widgets}/a`, [replace], json);
  assert.equal(good.body.spec.size, 2);
  const wrong = { op: "test", path: "/spec/size", value: 7 };
  const bad = await call("PATCH", `${widgets}/a`, [{ ...replace, value: 3 }, wrong], json);
  assert.equal(bad.status, 422);
  assert.equal((await call("GET", `${widgets}/a`)).body.spec.size, 2);
  const missing = await call("PATCH", `${widgets}/a`, [{ op: "remove", path: "/spec/nope" }], json);
  assert.equal(missing.status, 422);
});

test("a patch can change neither name nor uid", async () => {
  const { call } = openTestPlane();
  await call("POST", widgets, widget("a"));
  assert.equal((await call("PATCH", `${widgets}/a`, { metadata: { name: "b" } })).status, 400);
  assert.equal((await call("PATCH", `${widgets}/a`, { metadata: { uid: "x" } })).status, 409);
});
