// The query of a watch: which beginnings there are, and which contradict themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap, configMaps, openTestPlane } from "./plane-fixture.ts";

const refused: readonly (readonly [query: string, code: number, message: string])[] = [
  [
    "sendInitialEvents=true",
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  ],
  [
    "resourceVersionMatch=NotOlderThan",
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
  ],
  ["resourceVersion=abc", 400, 'resourceVersion: Invalid value: "abc"'],
  ["timeoutSeconds=soon", 400, 'timeoutSeconds: strconv.ParseInt: parsing "soon": invalid syntax'],
];

for (const [query, code, message] of refused)
  test(`refused: a watch with ${query}`, async () => {
    const { status, body } = await openTestPlane().call("GET", `${configMaps}?watch=1&${query}`);
    assert.equal(body.message, message);
    assert.equal(status, code);
  });

test("a list has no initial events", async () => {
  const { status, body } = await openTestPlane().call("GET", `${configMaps}?sendInitialEvents=1`);
  assert.equal(status, 422);
  assert.match(
    body.message,
    /sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list/,
  );
});

test("?watch without a value watches", async () => {
  const { call, watch } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const reader = await watch(`${configMaps}?watch`);
  assert.equal((await reader.next()).type, "ADDED");
  await reader.stop();
});

test("without initial events a watch begins with what happens next", async () => {
  const { call, watch } = openTestPlane();
  await call("POST", configMaps, configMap("before"));
  const reader = await watch(
    `${configMaps}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0`,
  );
  await call("POST", configMaps, configMap("after"));
  assert.equal((await reader.next()).object.metadata.name, "after");
  await reader.stop();
});
