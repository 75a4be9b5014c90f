// Profiles of models on hardware. Each says where its numbers come from; a number that is chosen
// rather than measured says so.
import type { ReplicaProfile } from "./replica-profile.ts";

/** vLLM's defaults for its V1 engine. */
const vllmLimits = { blockTokens: 16, maxNumSeqs: 256, maxBatchedTokens: 2048 } as const;

/**
 * The tutorial's model on the hardware of KServe's own autoscaling tutorial, which prints one
 * measurement: 5 in flight, 23 requests of 100 tokens in 33 s, 6.9 s on average, that is 69 ms a
 * token. Base and slope are chosen so that 5 decodes take those 69 ms and one alone takes half
 * (100 tokens: 3.6 s at 1 in flight, 4.4 s at 2, 6.9 s at 5). Cost of prefill and context: chosen.
 * KV: 24 layers × 2 KV heads × 64 × 2 (K, V) × 2 bytes = 12 KiB a token, in the 4 GiB that vLLM
 * takes by default on a CPU.
 */
export const tutorialQwen: ReplicaProfile = {
  name: "tutorial-qwen2.5-0.5b",
  model: "Qwen/Qwen2.5-0.5B-Instruct",
  hardware: "the KServe tutorial's",
  source: "fitted to the load generator's output that KServe's autoscaling tutorial prints",
  step: { baseMs: 27, perDecodeMs: 8.4, perContextTokenMs: 1e-4, perPrefillTokenMs: 0.5 },
  kvBlocks: 21_845,
  ...vllmLimits,
  maxModelLen: 32_768,
};

/**
 * Decode: 6.97 + 0.027·n ms, measured by llm-d's workload-variant-autoscaler guide (prompts and
 * outputs of 128 tokens). Prefill: 2·8e9 FLOPs a token at 45 % of 989 TFLOP/s. Context: 128 KiB a
 * token over 3.35 TB/s. KV: 0.9 × 80 GB less 16 GB of weights and 2 GB of activations.
 */
export const llama8bH100: ReplicaProfile = {
  name: "llama-3.1-8b-h100",
  model: "meta-llama/Llama-3.1-8B-Instruct",
  hardware: "1 × H100 80GB",
  source: "workload-variant-autoscaler guide (decode); roofline (prefill, context)",
  step: { baseMs: 6.97, perDecodeMs: 0.027, perContextTokenMs: 3.9e-5, perPrefillTokenMs: 0.036 },
  kvBlocks: 25_749,
  ...vllmLimits,
  maxBatchedTokens: 8192,
  maxModelLen: 131_072,
};

/**
 * Decode: 22.6 + 0.181·n ms, from the same guide's chart. Prefill: 45 % of 362 TFLOP/s. Context:
 * 128 KiB a token over 864 GB/s. KV: 0.9 × 48 GB less 18 GB.
 */
export const llama8bL40s: ReplicaProfile = {
  name: "llama-3.1-8b-l40s",
  model: "meta-llama/Llama-3.1-8B-Instruct",
  hardware: "1 × L40S 48GB",
  source: "workload-variant-autoscaler chart (decode); roofline (prefill, context)",
  step: { baseMs: 22.6, perDecodeMs: 0.181, perContextTokenMs: 1.5e-4, perPrefillTokenMs: 0.098 },
  kvBlocks: 12_016,
  ...vllmLimits,
  maxModelLen: 131_072,
};

/**
 * Decode 30.0 + 0.303·n ms and prefill 0.098 ms a token: a fit to SageServe's perf_model.csv (MIT),
 * 2 % off on decode; the context's cost is inside the slope. KV: 320 KiB a token in 0.9 × 640 GB
 * less 140 GB of weights and 16 GB of activations.
 */
export const llama70bH100: ReplicaProfile = {
  name: "llama-2-70b-h100-tp8",
  model: "meta-llama/Llama-2-70b-chat-hf",
  hardware: "8 × H100 80GB",
  source: "fit to SageServe's perf_model.csv",
  step: { baseMs: 30, perDecodeMs: 0.303, perContextTokenMs: 0, perPrefillTokenMs: 0.098 },
  kvBlocks: 80_108,
  ...vllmLimits,
  maxBatchedTokens: 8192,
  maxModelLen: 4096,
};

export const profiles: readonly ReplicaProfile[] = [
  tutorialQwen,
  llama8bH100,
  llama8bL40s,
  llama70bH100,
];

export function findProfile(name: string): ReplicaProfile | undefined {
  return profiles.find((profile) => profile.name === name);
}
