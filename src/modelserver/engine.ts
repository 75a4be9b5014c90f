// The engine port: what turns a prompt into tokens. The server speaks protocols and knows nothing of
// how tokens come about; an engine knows nothing of HTTP.

export type GenerationRequest = {
  /** The rendered prompt, chat template included. */
  readonly prompt: string;
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly minTokens: number;
  /** Goes on to `maxTokens` even where the model would stop. */
  readonly ignoreEos: boolean;
  /** The answer ends before the first of these texts that comes up. */
  readonly stop: readonly string[];
  /** The same seed and prompt give the same answer. */
  readonly seed: number | undefined;
  readonly temperature: number;
};

export type FinishReason = "stop" | "length";

export type Generation =
  | { readonly kind: "text"; readonly text: string; readonly tokens: number }
  | { readonly kind: "finished"; readonly reason: FinishReason };

export type EngineLoad = {
  readonly running: number;
  readonly waiting: number;
  /** The share of the KV cache in use, 0 to 1. */
  readonly kvUsage: number;
};

/** What the engine reports as it happens; the metrics are made of these. Durations in seconds. */
export type EngineEvent =
  | { readonly kind: "iteration"; readonly tokens: number }
  | { readonly kind: "admitted"; readonly queueSeconds: number }
  | {
      readonly kind: "first-token";
      readonly secondsSinceArrival: number;
      readonly promptTokens: number;
    }
  /** Every token but a request's first. */
  | { readonly kind: "token"; readonly secondsSinceLast: number }
  | { readonly kind: "preempted" }
  | {
      readonly kind: "finished";
      readonly reason: FinishReason;
      readonly secondsSinceArrival: number;
    }
  | { readonly kind: "aborted" };

export type Engine = {
  readonly name: string;
  readonly maxModelLen: number;
  countTokens(text: string): number;
  /**
   * Queues the request at once. The iterable gives text as it is generated and ends with
   * `finished`; when `signal` aborts, the request leaves the engine in that moment and the iterable
   * ends without it. By the time `finished` is given, the request no longer counts as running.
   */
  generate(request: GenerationRequest, signal: AbortSignal): AsyncIterable<Generation>;
  load(): EngineLoad;
  /** Ends every request that is left, as if each were aborted. */
  close(): void;
};
