// A page as a vLLM server of 2026 shows it (docs of its metrics: names, labels, buckets), written by the
// rules of the Python client that vLLM uses: floats, `_created`, HELP and TYPE for each family.

const labels = 'engine="0",model_name="Qwen/Qwen2.5-0.5B-Instruct"';

const gauges = [
  "vllm:num_requests_running",
  "vllm:num_requests_waiting",
  "vllm:kv_cache_usage_perc",
  "vllm:engine_sleep_state",
  "vllm:lora_requests_info",
  "vllm:cache_config_info",
  "process_virtual_memory_bytes",
  "process_resident_memory_bytes",
  "process_start_time_seconds",
  "process_open_fds",
  "process_max_fds",
  "python_info",
];
const counters = [
  "vllm:prompt_tokens",
  "vllm:prompt_tokens_cached",
  "vllm:prompt_tokens_recomputed",
  "vllm:generation_tokens",
  "vllm:num_preemptions",
  "vllm:prefix_cache_queries",
  "vllm:prefix_cache_hits",
  "vllm:external_prefix_cache_queries",
  "vllm:external_prefix_cache_hits",
  "vllm:mm_cache_queries",
  "vllm:mm_cache_hits",
  "vllm:corrupted_requests",
];
const finishedReasons = ["stop", "length", "abort", "error", "repetition"];
const generations = ["0", "1", "2"];
const firstToken =
  "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0 160.0 640.0 2560.0";
const nextToken =
  "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0";
const phase =
  "0.3 0.5 0.8 1.0 1.5 2.0 2.5 5.0 10.0 15.0 20.0 30.0 40.0 50.0 60.0 120.0 240.0 480.0 960.0 1920.0 7680.0";
const tokens = "1.0 2.0 5.0 10.0 20.0 50.0 100.0 200.0 500.0 1000.0 2000.0 5000.0 10000.0";
const blockAge =
  "0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1.0 2.0 5.0 10.0 20.0 30.0 45.0 60.0 90.0 120.0 180.0 240.0 300.0 450.0 600.0 900.0 1200.0 1800.0 2700.0 3600.0 7200.0";
const few = "1.0 2.0 5.0 10.0 20.0";
const histograms = [
  ["vllm:time_to_first_token_seconds", firstToken],
  ["vllm:inter_token_latency_seconds", nextToken],
  ["vllm:request_time_per_output_token_seconds", nextToken],
  ["vllm:e2e_request_latency_seconds", phase],
  ["vllm:request_queue_time_seconds", phase],
  ["vllm:request_inference_time_seconds", phase],
  ["vllm:request_prefill_time_seconds", phase],
  ["vllm:request_decode_time_seconds", phase],
  ["vllm:request_prompt_tokens", tokens],
  ["vllm:request_generation_tokens", tokens],
  ["vllm:request_max_num_generation_tokens", tokens],
  ["vllm:request_prefill_kv_computed_tokens", tokens],
  ["vllm:iteration_tokens_total", tokens],
  ["vllm:request_params_n", few],
  ["vllm:request_params_max_tokens", tokens],
  ["vllm:kv_block_lifetime_seconds", blockAge],
  ["vllm:kv_block_reuse_gap_seconds", blockAge],
] as const;

/** `round` moves the values, as one scrape after another finds them; the series stay the same. */
export function vllmPage(round: number): string {
  const lines: string[] = [];
  const family = (name: string, type: string): void =>
    void lines.push(
      `# HELP ${name} What ${name.replace(/^\w+:/, "").replaceAll("_", " ")} is at present.`,
      `# TYPE ${name} ${type}`,
    );
  const created = (name: string): void => {
    family(`${name}_created`, "gauge");
    lines.push(`${name}_created{${labels}} 1.7640459330000000e+09`);
  };
  for (const [index, name] of gauges.entries()) {
    family(name, "gauge");
    lines.push(`${name}{${labels}} ${((round * 7 + index * 13) % 257).toFixed(1)}`);
  }
  for (const [index, name] of counters.entries()) {
    family(`${name}_total`, "counter");
    lines.push(`${name}_total{${labels}} ${(round * (index + 3) + 1000).toFixed(1)}`);
    created(name);
  }
  for (const suffix of ["total", "created"]) {
    family(`vllm:request_success_${suffix}`, suffix === "total" ? "counter" : "gauge");
    for (const [index, reason] of finishedReasons.entries()) {
      const value = suffix === "total" ? (round * index).toFixed(1) : "1.7640459330000000e+09";
      lines.push(
        `vllm:request_success_${suffix}{${labels.replace(",", `,finished_reason="${reason}",`)}} ${value}`,
      );
    }
  }
  for (const what of ["objects_collected", "objects_uncollectable", "collections"]) {
    family(`python_gc_${what}_total`, "counter");
    for (const generation of generations)
      lines.push(`python_gc_${what}_total{generation="${generation}"} ${(round * 31).toFixed(1)}`);
  }
  family("process_cpu_seconds_total", "counter");
  lines.push(`process_cpu_seconds_total ${(round * 0.97).toFixed(2)}`);
  for (const [index, [name, bounds]] of histograms.entries()) {
    family(name, "histogram");
    let count = 0;
    for (const [place, bound] of [...bounds.split(" "), "+Inf"].entries()) {
      count += (round + index + place) % 9;
      lines.push(`${name}_bucket{${labels.replace(",", `,le="${bound}",`)}} ${count.toFixed(1)}`);
    }
    lines.push(`${name}_count{${labels}} ${count.toFixed(1)}`);
    lines.push(`${name}_sum{${labels}} ${(count * 0.7310585786300049).toString()}`);
    created(name);
  }
  return `${lines.join("\n")}\n`;
}
