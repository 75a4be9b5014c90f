import assert from "node:assert/strict";
import { test } from "node:test";
import { limitGroupOf } from "./limit-group.ts";

const groups: readonly (readonly [group: string, labels: Readonly<Record<string, string>>])[] = [
  ["default/qwen-predictor", { namespace: "default", pod: "qwen-predictor-58f9c58b85-l69f7" }],
  ["default/web", { namespace: "default", pod: "web-12", job: "pods" }],
  ["kube-system/node-exporter", { namespace: "kube-system", pod: "node-exporter-x7k2p" }],
  ["my-app", { pod: "my-app" }],
  ["my-model-small", { pod: "my-model-small" }],
  ["vllm", { job: "vllm", instance: "10.0.0.1:8000" }],
  ["", { __name__: "up" }],
];

for (const [group, labels] of groups)
  test(`the share of ${JSON.stringify(labels)} is that of "${group}"`, () =>
    assert.equal(limitGroupOf(labels), group));
