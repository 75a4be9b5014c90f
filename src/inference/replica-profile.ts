// What one replica of a model on one kind of hardware costs and holds: the constants of the step
// model, as data. Named profiles stand in profiles.ts.

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

/** What is wrong with limits under which a replica could not make progress; vLLM refuses them too. */
export function profileProblem(profile: ReplicaProfile): string | undefined {
  const { kvBlocks, blockTokens, maxNumSeqs, maxBatchedTokens, maxModelLen } = profile;
  const kvTokens = kvBlocks * blockTokens;
  if (maxNumSeqs < 1) return `max-num-seqs (${maxNumSeqs}) must be at least 1`;
  if (maxBatchedTokens < maxNumSeqs)
    return `max-num-batched-tokens (${maxBatchedTokens}) must not be below max-num-seqs (${maxNumSeqs})`;
  if (maxModelLen < 2) return `max-model-len (${maxModelLen}) must be at least 2`;
  if (maxModelLen > kvTokens)
    return `max-model-len (${maxModelLen}) exceeds the ${kvTokens} tokens that the KV cache holds`;
  return undefined;
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
