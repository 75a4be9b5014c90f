import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../resources/service.ts";
import { freeServiceAddress, isOfAnotherRun } from "./service-address.ts";

const node = "127.64.0.1";
const service = (spec: Service["spec"]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec,
});

const cases: readonly [name: string, spec: Service["spec"], isOther: boolean][] = [
  ["one that has an address of this run", { clusterIP: "127.128.7.9" }, false],
  ["one whose address is of an earlier run's block", { clusterIP: "127.129.7.9" }, true],
  ["a headless one", { clusterIP: "None" }, false],
  ["an external name", { type: "ExternalName", externalName: "example.com" }, false],
];

for (const [name, spec, isOther] of cases)
  test(name, () => assert.equal(isOfAnotherRun(service(spec), node), isOther));

test("addresses come from the Services' own block and are given once", () => {
  const first = freeServiceAddress("uid", node, new Set()) ?? "";
  assert.match(first, /^127\.128\.\d+\.\d+$/);
  const second = freeServiceAddress("uid", node, new Set([first])) ?? "";
  assert.match(second, /^127\.128\.\d+\.\d+$/);
  assert.notEqual(second, first);
});
