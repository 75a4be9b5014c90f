import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeKind, type Taint } from "./node.ts";

const words = (causes: readonly { readonly field: string; readonly message: string }[] = []) =>
  causes.map(({ field, message }) => `${field}: ${message}`);

const tainted = (...taints: readonly Taint[]) =>
  words(
    nodeKind.validate?.(
      { apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: { taints } },
      undefined,
    ),
  );

test("a node's taints have a known effect, and each key and effect once", () => {
  const taint = { key: "gpu", value: "yes", effect: "NoSchedule" };
  assert.deepEqual(tainted(taint, { ...taint, effect: "NoExecute" }), []);
  assert.deepEqual(tainted({ ...taint, effect: "Never" }), [
    'spec.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ]);
  assert.deepEqual(tainted(taint, taint), [
    'spec.taints[1]: Duplicate value: {"key":"gpu","value":"yes","effect":"NoSchedule"}',
  ]);
});
