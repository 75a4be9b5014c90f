// The arguments of a model server, as manifests carry them: those of KServe's huggingfaceserver and
// of vLLM. What a simulation cannot honour is taken and reported; what nobody knows is an error.

export type ServerArgs = {
  readonly modelNames: readonly string[];
  readonly modelId: string | undefined;
  readonly modelDir: string;
  readonly httpPort: number;
  readonly maxModelLen: number | undefined;
  readonly maxNumSeqs: number | undefined;
  readonly maxBatchedTokens: number | undefined;
  readonly seed: number;
  readonly simulatedProfile: string | undefined;
  readonly simulatedLoadSeconds: number;
  /** Flags that are known and have no effect here, as they were given. */
  readonly ignored: readonly string[];
};

export type ParsedArgs =
  | { readonly kind: "ok"; readonly args: ServerArgs }
  | { readonly kind: "invalid"; readonly errors: readonly string[] };

/** Flags that have an effect, by their name with underscores. */
const used = words(`
  model_name served_model_name model_id model_dir http_port max_model_len max_num_seqs
  max_num_batched_tokens seed simulated_profile simulated_load_seconds
`);

/** Flags of huggingfaceserver and vLLM that take a value and mean nothing to a simulated engine. */
const ignoredWithValue = words(`
  backend dtype task tokenizer tokenizer_revision model_revision revision model host port
  grpc_port workers predictor_host return_probabilities quantization load_format download_dir
  tokenizer_mode kv_cache_dtype gpu_memory_utilization swap_space cpu_offload_gb block_size
  rope_scaling tensor_parallel_size pipeline_parallel_size data_parallel_size max_length
  max_seq_len_to_capture max_log_len max_logprobs chat_template generation_config
  tool_call_parser reasoning_parser lora_modules max_loras max_lora_rank speculative_config
  compilation_config kv_transfer_config hf_overrides override_generation_config
  distributed_executor_backend attention_backend max_parallel_loading_workers scheduling_policy
  limit_mm_per_prompt api_key uvicorn_log_level log_config_file access_log_format response_role
  predictor_protocol predictor_request_timeout_seconds tensor_input_names
`);

/** The same, of flags that are switches; each also exists as --no-…. */
const ignoredSwitches = words(`
  trust_remote_code enforce_eager enable_prefix_caching enable_chunked_prefill disable_log_stats
  disable_log_requests enable_log_requests enable_lora enable_auto_tool_choice
  enable_expert_parallel enable_sleep_mode async_scheduling disable_lower_case
  disable_special_tokens trust_request_chat_template enable_docs_url enable_latency_logging
  disable_sliding_window enable_reasoning configure_logging enable_grpc disable_custom_all_reduce
  enable_server_load_tracking
`);

/** `modelDir` is where the model is when no argument says so. */
export function parseServerArgs(args: readonly string[], modelDir: string): ParsedArgs {
  const { values, names, ignored, errors } = readFlags(args);
  const number = (name: string, least: number, whole = true): number | undefined => {
    const text = values.get(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() !== "" && value >= least && (!whole || Number.isSafeInteger(value)))
      return value;
    const kind = whole ? "a whole number" : "a number";
    errors.push(`--${name} must be ${kind} of at least ${least}, got ${JSON.stringify(text)}`);
    return undefined;
  };
  const parsed: ServerArgs = {
    // huggingfaceserver's default name.
    modelNames: names.length > 0 ? names : ["model"],
    modelId: values.get("model_id"),
    modelDir: values.get("model_dir") ?? modelDir,
    httpPort: number("http_port", 0) ?? 8080,
    maxModelLen: number("max_model_len", 2),
    maxNumSeqs: number("max_num_seqs", 1),
    maxBatchedTokens: number("max_num_batched_tokens", 1),
    seed: number("seed", 0) ?? 0,
    simulatedProfile: values.get("simulated_profile"),
    simulatedLoadSeconds: number("simulated_load_seconds", 0, false) ?? 0,
    ignored,
  };
  return errors.length > 0 ? { kind: "invalid", errors } : { kind: "ok", args: parsed };
}

type Flags = {
  /** By name with underscores; of a flag given twice the last counts. */
  readonly values: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly ignored: readonly string[];
  readonly errors: string[];
};

function readFlags(args: readonly string[]): Flags {
  const values = new Map<string, string>();
  const ignored: string[] = [];
  const errors: string[] = [];
  let names: readonly string[] = [];
  for (let index = 0; index < args.length;) {
    const arg = args[index++] ?? "";
    const [flag, inline] = splitOnce(arg, "=");
    const name = flag.replace(/^--/, "").replaceAll("-", "_");
    if (!arg.startsWith("--"))
      errors.push(`unexpected argument ${JSON.stringify(arg)}; arguments are --flags`);
    else if (ignoredSwitches.has(name.replace(/^no_/, ""))) ignored.push(arg);
    else if (!used.has(name) && !ignoredWithValue.has(name)) errors.push(`unknown flag ${flag}`);
    else {
      const given = inline === undefined ? following(args, index, name) : [inline];
      if (inline === undefined) index += given.length;
      const [value] = given;
      if (value === undefined) errors.push(`${flag} needs a value`);
      else if (ignoredWithValue.has(name)) ignored.push(`${flag}=${given.join(" ")}`);
      else if (name === "model_name" || name === "served_model_name") names = given;
      else values.set(name, value);
    }
  }
  return { values, names, ignored, errors };
}

/** Flags that take every value up to the next flag. */
const takesMany = words("served_model_name lora_modules");

function following(args: readonly string[], start: number, name: string): readonly string[] {
  let end = start;
  const most = takesMany.has(name) ? args.length : start + 1;
  while (end < most && isValue(args[end])) end++;
  return args.slice(start, end);
}

/** A value may begin with one dash (a negative number), not with two. */
function isValue(text: string | undefined): boolean {
  return text !== undefined && !text.startsWith("--");
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
