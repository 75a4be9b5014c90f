import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScaledObject } from "../resources/scaled-object.ts";
import { scaledObjectQueries } from "./query-admission.ts";

const snapshot = { list: () => [] };

function scaledObject(type: string, query: string): ScaledObject {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "llm", namespace: "default" },
    spec: { scaleTargetRef: { name: "llm" }, triggers: [{ type, metadata: { query } }] },
  };
}

test("a query that does not parse is refused with its field and the place in it", () => {
  const verdict = scaledObjectQueries.admit(
    scaledObject("prometheus", "sum(vllm:num_requests_running"),
    undefined,
    snapshot,
  );
  assert.equal(verdict.kind, "denied");
  const [cause] = verdict.kind === "denied" ? verdict.causes : [];
  assert.equal(cause?.field, "spec.triggers[0].metadata.query");
  assert.match(cause?.message ?? "", /^Invalid value: "sum\(vllm:num_requests_running": 1:30: /);
});

test("queries that parse pass, and so do other triggers' texts", () => {
  for (const [type, query] of [
    ["prometheus", "sum(rate(vllm:generation_tokens_total[1m]))"],
    ["kafka", "not promql at all ("],
  ] as const)
    assert.equal(
      scaledObjectQueries.admit(scaledObject(type, query), undefined, snapshot).kind,
      "allowed",
    );
});
