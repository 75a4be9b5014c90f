// What one replica of a model on one kind of hardware costs and holds: the constants of the step
// model, as data. Named profiles stand in profiles.ts.
import assert from "node:assert/strict";

export type ReplicaProfile = {
  readonly name: string;
  readonly model: string;
  readonly hardware: string;
  /** Where the numbers come from, for the reader of a log line or a report. */
  readonly source: string;
  /** One iteration takes base + perDecode·n + perContextToken·context + perPrefillToken·prefill. */
  readonly step: {
    readonly baseMs: number;
    readonly perDecodeMs: number;
    readonly perContextTokenMs: number;
    readonly perPrefillTokenMs: number;
  };
  /** Blocks of the KV cache; a sequence of t tokens holds ⌈t / blockTokens⌉ of them. */
  readonly kvBlocks: number;
  readonly blockTokens: number;
  /** Sequences that may run at once (vLLM: --max-num-seqs). */
  readonly maxNumSeqs: number;
  /** Tokens of one iteration, decodes and prefill chunks together (--max-num-batched-tokens). */
  readonly maxBatchedTokens: number;
  /** Prompt and output of one request together (--max-model-len). */
  readonly maxModelLen: number;
};

/** Fails on limits under which a replica could never make progress; vLLM refuses the same ones. */
export function assertProfile(profile: ReplicaProfile): void {
  const { kvBlocks, blockTokens, maxNumSeqs, maxBatchedTokens, maxModelLen } = profile;
  assert(maxNumSeqs >= 1, "maxNumSeqs must be at least 1");
  assert(maxBatchedTokens >= maxNumSeqs, "maxBatchedTokens must not be below maxNumSeqs");
  assert(maxModelLen <= kvBlocks * blockTokens, "maxModelLen must fit the KV cache");
}

/** The time of one iteration in milliseconds. */
export function stepMs(
  profile: ReplicaProfile,
  decodes: number,
  contextTokens: number,
  prefillTokens: number,
): number {
  const { baseMs, perDecodeMs, perContextTokenMs, perPrefillTokenMs } = profile.step;
  return (
    baseMs +
    perDecodeMs * decodes +
    perContextTokenMs * contextTokens +
    perPrefillTokenMs * prefillTokens
  );
}
