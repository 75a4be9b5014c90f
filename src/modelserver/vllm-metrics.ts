// The metrics page of a current vLLM: its names, types, labels and buckets, fed by what an engine
// reports. Gauges are read from the engine as the page is made, so they are never behind.
import { Registry } from "../metrics/registry.ts";
import type { EngineEvent, EngineLoad } from "./engine.ts";

/** vLLM's buckets: seconds, and tokens for the last. */
const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
  160, 640, 2560,
];
const interTokenBuckets = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const requestBuckets = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
const iterationTokenBuckets = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

/** Every reason is on the page from the start, so that rates over them have a beginning. */
const finishedReasons = ["stop", "length", "abort", "error"] as const;

export type VllmMetrics = {
  observe(event: EngineEvent): void;
  /** The page, in the classic text format. */
  render(load: EngineLoad): string;
};

export function vllmMetrics(modelName: string): VllmMetrics {
  const labels = { model_name: modelName, engine: "0" };
  const metrics = register(new Registry());
  for (const reason of finishedReasons)
    metrics.success.add(0, { ...labels, finished_reason: reason });
  for (const counter of [metrics.promptTokens, metrics.generationTokens, metrics.preemptions])
    counter.add(0, labels);
  for (const histogram of metrics.histograms) histogram.touch(labels);

  const observe = (event: EngineEvent): void => {
    switch (event.kind) {
      case "iteration":
        metrics.iterationTokens.observe(event.tokens, labels);
        return;
      case "admitted":
        metrics.queueTime.observe(event.queueSeconds, labels);
        return;
      case "first-token":
        metrics.timeToFirstToken.observe(event.secondsSinceArrival, labels);
        metrics.promptTokens.add(event.promptTokens, labels);
        metrics.generationTokens.add(1, labels);
        return;
      case "token":
        metrics.interTokenLatency.observe(event.secondsSinceLast, labels);
        metrics.generationTokens.add(1, labels);
        return;
      case "preempted":
        metrics.preemptions.add(1, labels);
        return;
      case "finished":
        metrics.success.add(1, { ...labels, finished_reason: event.reason });
        metrics.latency.observe(event.secondsSinceArrival, labels);
        return;
      case "aborted":
        metrics.success.add(1, { ...labels, finished_reason: "abort" });
        return;
    }
  };
  const render = (load: EngineLoad): string => {
    metrics.running.set(load.running, labels);
    metrics.waiting.set(load.waiting, labels);
    metrics.kvUsage.set(load.kvUsage, labels);
    return metrics.registry.render();
  };
  return { observe, render };
}

function register(registry: Registry) {
  const labelNames = ["model_name", "engine"] as const;
  const gauge = (name: string, help: string) => registry.gauge({ name, help, labelNames });
  const counter = (name: string, help: string) => registry.counter({ name, help, labelNames });
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    registry.histogram({ name, help, labelNames, buckets });
  const running = gauge("vllm:num_requests_running", "Requests in the batch now.");
  const waiting = gauge("vllm:num_requests_waiting", "Requests that wait to enter the batch.");
  const kvUsage = gauge(
    "vllm:kv_cache_usage_perc",
    "Share of the KV cache in use; 1 is all of it.",
  );
  const preemptions = counter("vllm:num_preemptions", "Requests put out of the batch for room.");
  const promptTokens = counter("vllm:prompt_tokens", "Prompt tokens processed.");
  const generationTokens = counter("vllm:generation_tokens", "Tokens generated.");
  const success = registry.counter({
    name: "vllm:request_success",
    help: "Requests that have left the engine, by the reason.",
    labelNames: [...labelNames, "finished_reason"],
  });
  const timeToFirstToken = histogram(
    "vllm:time_to_first_token_seconds",
    "From a request's arrival to its first token.",
    firstTokenBuckets,
  );
  const interTokenLatency = histogram(
    "vllm:inter_token_latency_seconds",
    "From each token of a request to the next.",
    interTokenBuckets,
  );
  const latency = histogram(
    "vllm:e2e_request_latency_seconds",
    "From a request's arrival to its last token.",
    requestBuckets,
  );
  const queueTime = histogram(
    "vllm:request_queue_time_seconds",
    "From a request's arrival to its entering the batch.",
    requestBuckets,
  );
  const iterationTokens = histogram(
    "vllm:iteration_tokens_total",
    "Tokens of each iteration, prefill and decode.",
    iterationTokenBuckets,
  );
  return {
    registry,
    running,
    waiting,
    kvUsage,
    preemptions,
    promptTokens,
    generationTokens,
    success,
    timeToFirstToken,
    interTokenLatency,
    latency,
    queueTime,
    iterationTokens,
    histograms: [timeToFirstToken, interTokenLatency, latency, queueTime, iterationTokens],
  };
}
