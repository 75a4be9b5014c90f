// The shapes of queries, as a table: what people write, and what it is taken for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery } from "../promql/parse.ts";
import { printExpr } from "../promql/print.ts";
import { shapeOf } from "./query-shape.ts";

const cases: readonly (readonly [query: string, shape: string | RegExp])[] = [
  // A series for each pod.
  ["vllm:num_requests_running", "perPod"],
  ['vllm:num_requests_running{model_name="qwen"}', "perPod"],
  ["rate(vllm:generation_tokens_total[1m])", "perPod"],
  ["avg_over_time(vllm:gpu_cache_usage_perc[5m])", "perPod"],
  ["max_over_time(vllm:num_requests_waiting[5m:10s])", "perPod"],
  ["vllm:num_requests_running + vllm:num_requests_waiting", "perPod"],
  ["a / on (pod) b", "perPod"],
  ["a + ignoring (engine) b", "perPod"],
  ["100 * vllm:gpu_cache_usage_perc", "perPod"],
  ["sum by (pod) (vllm:num_requests_running)", "perPod"],
  ["max without (engine) (vllm:num_requests_running)", "perPod"],
  ["histogram_quantile(0.9, rate(vllm:e2e_request_latency_seconds_bucket[1m]))", "perPod"],
  ["histogram_quantile(0.9, sum by (le, pod) (rate(l_bucket[1m])))", "perPod"],
  ["clamp_min(vllm:num_requests_running - 1, 0)", "perPod"],
  ["vllm:num_requests_running > 0", "perPod"],
  // A total.
  ["sum(vllm:num_requests_running)", "total"],
  ["count(vllm:num_requests_running)", "total"],
  ["sum(rate(vllm:generation_tokens_total[1m]))", "total"],
  ["sum(vllm:num_requests_running) + sum(vllm:num_requests_waiting)", "total"],
  ["sum(vllm:num_requests_running) or vector(0)", "total"],
  ["sum(max by (pod) (vllm:num_requests_running))", "total"],
  ["sum(vllm:num_requests_running) / 2", "total"],
  ["sum(vllm:num_requests_running) > 5", "total"],
  ["ceil(sum(vllm:num_requests_running))", "total"],
  ['sum(l_bucket{le="+Inf"})', "total"],
  // An average over one series for each pod.
  ["avg(vllm:num_requests_running)", "average: sum(vllm:num_requests_running)"],
  ["avg(sum by (pod) (x))", "average: sum(sum by (pod) (x))"],
  // Levels.
  ["avg(vllm:num_requests_running) * 2", "level: an average"],
  ["max(vllm:gpu_cache_usage_perc)", "level: the max over pods"],
  ["quantile(0.9, vllm:num_requests_running)", "level: the quantile over pods"],
  ["histogram_quantile(0.9, sum by (le) (rate(l_bucket[1m])))", "level: a quantile"],
  ["sum(a) / sum(b)", "level: a ratio"],
  ["sum(a) / count(a)", "level: a ratio"],
  ["1 / sum(a)", "level: / of a total"],
  ["sum(max(a))", "level: the sum over pods"],
  // Nothing that a count could follow.
  ["42", /scalar/],
  ["scalar(sum(a))", /scalar/],
  ["time()", /scalar/],
  ["vector(1)", /constant/],
  ["l_bucket", /buckets/],
  ["rate(l_bucket[1m])", /buckets/],
  ["sum by (le) (rate(l_bucket[1m]))", /buckets/],
  ["sum(rate(l_bucket[1m]))", /cumulative buckets/],
  ["sum by (model_name) (a)", /groups by model_name without pod/],
  ["sum without (pod) (a)", /groups by all labels but pod without pod/],
  ["topk(1, a)", /topk/],
  ["absent(a)", /absent/],
  ["a + sum(b)", /different labels/],
  ["a / ignoring (pod) b", /different labels/],
  ["vector(0) or sum(a)", /constant/],
  ["a or sum(b)", /different labels/],
];

for (const [query, expected] of cases)
  test(query, () => {
    const parsed = parseQuery(query);
    assert.equal(parsed.kind, "parsed");
    const shape = shapeOf(parsed.expr);
    if (typeof expected !== "string") {
      assert.equal(shape.kind, "refused", `taken for ${shape.kind}`);
      assert.match(shape.why, expected);
      return;
    }
    const detail =
      shape.kind === "average"
        ? `: ${printExpr(shape.sum)}`
        : shape.kind === "level"
          ? `: ${shape.what}`
          : shape.kind === "refused"
            ? `: ${shape.why}`
            : "";
    assert.equal(shape.kind + detail, expected);
  });
