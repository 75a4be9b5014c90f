import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "./registry.ts";

test("a page has the families in the order of their making, each with help and type", () => {
  const registry = new Registry();
  const running = registry.gauge({
    name: "vllm:num_requests_running",
    help: "Number of requests in model execution batches.",
    labelNames: ["model_name"],
  });
  const tokens = registry.counter({ name: "vllm:prompt_tokens", help: "Prefill \\ tokens.\nAll." });
  const latency = registry.histogram({
    name: "latency_seconds",
    help: "Latency.",
    labelNames: ["model_name"],
    buckets: [0.1, 1, 10],
  });
  running.set(3, { model_name: 'q"w' });
  running.add(-1, { model_name: 'q"w' });
  tokens.add(7);
  for (const seconds of [0.1, 0.5, 99]) latency.observe(seconds, { model_name: "qwen" });
  assert.equal(
    registry.render(),
    `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="q\\"w"} 2
# HELP vllm:prompt_tokens_total Prefill \\\\ tokens.\\nAll.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total 7
# HELP latency_seconds Latency.
# TYPE latency_seconds histogram
latency_seconds_bucket{model_name="qwen",le="0.1"} 1
latency_seconds_bucket{model_name="qwen",le="1"} 2
latency_seconds_bucket{model_name="qwen",le="10"} 2
latency_seconds_bucket{model_name="qwen",le="+Inf"} 3
latency_seconds_sum{model_name="qwen"} 99.6
latency_seconds_count{model_name="qwen"} 3
`,
  );
});

test("a metric without labels is on the page before it was set, one with labels is not", () => {
  const registry = new Registry();
  registry.gauge({ name: "plain", help: "" });
  const labelled = registry.counter({ name: "labelled", help: "", labelNames: ["reason"] });
  assert.match(registry.render(), /^plain 0$/m);
  assert.doesNotMatch(registry.render(), /^labelled_total/m);
  labelled.add(0, { reason: "stop" });
  assert.match(registry.render(), /^labelled_total\{reason="stop"\} 0$/m);
});

test("a removed series leaves the page", () => {
  const registry = new Registry();
  const gauge = registry.gauge({ name: "g", help: "", labelNames: ["pod"] });
  gauge.set(1, { pod: "a" });
  gauge.set(2, { pod: "b" });
  gauge.remove({ pod: "a" });
  assert.equal(
    registry
      .render()
      .match(/^g\{.*$/gm)
      ?.join(),
    'g{pod="b"} 2',
  );
});

test("a name registered twice, a bad name or a falling counter is a programmer's error", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "c", help: "" });
  assert.throws(() => registry.counter({ name: "c_total", help: "" }), /registered twice/);
  assert.throws(() => registry.gauge({ name: "a-b", help: "" }), /metric name/);
  assert.throws(() => counter.add(-1), /never falls/);
});
