// The metrics page of a current vLLM: its names, types, labels and buckets, fed by what an engine
// reports. Gauges are read from the engine as the page is made, so they are never behind.
import type { EngineEvent, EngineLoad } from "./engine.ts";

/** vLLM's buckets, in seconds (tokens for the last). */
const timeToFirstToken = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
  160, 640, 2560,
];
const interToken = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const phase = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
const iterationTokens = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

class Histogram {
  readonly buckets: readonly number[];
  readonly counts: number[];
  sum = 0;
  count = 0;
  constructor(buckets: readonly number[]) {
    this.buckets = buckets;
    this.counts = buckets.map(() => 0);
  }
  observe(value: number, times = 1): void {
    this.sum += value * times;
    this.count += times;
    for (const [index, bound] of this.buckets.entries())
      if (value <= bound) this.counts[index] = (this.counts[index] ?? 0) + times;
  }
  render(name: string, labels: string): string {
    const lines = this.buckets.map(
      (bound, index) => `${name}_bucket{${labels},le="${bound}"} ${this.counts[index]}\n`,
    );
    return `# TYPE ${name} histogram\n${lines.join("")}${name}_bucket{${labels},le="+Inf"} ${this.count}\n${name}_sum{${labels}} ${this.sum}\n${name}_count{${labels}} ${this.count}\n`;
  }
}

export class VllmMetrics {
  readonly #labels: string;
  readonly #ttft = new Histogram(timeToFirstToken);
  readonly #itl = new Histogram(interToken);
  readonly #e2e = new Histogram(phase);
  readonly #queue = new Histogram(phase);
  readonly #iteration = new Histogram(iterationTokens);
  readonly #success = new Map<string, number>([
    ["stop", 0],
    ["length", 0],
    ["abort", 0],
  ]);
  #prompt = 0;
  #generation = 0;
  #preemptions = 0;

  constructor(modelName: string) {
    this.#labels = `model_name="${modelName}",engine="0"`;
  }

  observe(event: EngineEvent): void {
    switch (event.kind) {
      case "iteration":
        this.#iteration.observe(event.tokens);
        return;
      case "admitted":
        this.#queue.observe(event.queueSeconds);
        return;
      case "first-token":
        this.#ttft.observe(event.secondsSinceArrival);
        this.#prompt += event.promptTokens;
        this.#generation++;
        return;
      case "tokens":
        this.#itl.observe(event.secondsEach, event.count);
        this.#generation += event.count;
        return;
      case "preempted":
        this.#preemptions++;
        return;
      case "finished":
        this.#success.set(event.reason, (this.#success.get(event.reason) ?? 0) + 1);
        this.#e2e.observe(event.secondsSinceArrival);
        return;
      case "aborted":
        this.#success.set("abort", (this.#success.get("abort") ?? 0) + 1);
        return;
    }
  }

  render(load: EngineLoad): string {
    const one = (name: string, type: string, value: number): string =>
      `# TYPE ${name} ${type}\n${name}{${this.#labels}} ${value}\n`;
    return [
      one("vllm:num_requests_running", "gauge", load.running),
      one("vllm:num_requests_waiting", "gauge", load.waiting),
      one("vllm:kv_cache_usage_perc", "gauge", load.kvUsage),
      one("vllm:prompt_tokens_total", "counter", this.#prompt),
      one("vllm:generation_tokens_total", "counter", this.#generation),
      one("vllm:num_preemptions_total", "counter", this.#preemptions),
      "# TYPE vllm:request_success_total counter\n",
      ...[...this.#success].map(
        ([reason, count]) =>
          `vllm:request_success_total{${this.#labels},finished_reason="${reason}"} ${count}\n`,
      ),
      this.#ttft.render("vllm:time_to_first_token_seconds", this.#labels),
      this.#itl.render("vllm:inter_token_latency_seconds", this.#labels),
      this.#e2e.render("vllm:e2e_request_latency_seconds", this.#labels),
      this.#queue.render("vllm:request_queue_time_seconds", this.#labels),
      this.#iteration.render("vllm:iteration_tokens_total", this.#labels),
    ].join("");
  }
}
