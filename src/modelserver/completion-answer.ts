// From what an engine generates to OpenAI's objects: one whole completion, or a stream of chunks.
import type { CompletionRequest } from "./completion-request.ts";
import type { Engine, FinishReason, Generation, GenerationRequest } from "./engine.ts";
import { type ApiResponse, errorResponse, jsonResponse } from "./http-message.ts";

/** A request that is in order, and the generations that it comes to: one per prompt and choice. */
export type CompletionJob = {
  readonly request: CompletionRequest;
  readonly generations: readonly GenerationRequest[];
  readonly id: string;
  readonly createdSeconds: number;
  readonly engine: Engine;
};

/** One choice of the answer, as far as it has come. */
type Choice = {
  readonly index: number;
  readonly events: AsyncIterable<Generation>;
  readonly prefix: string;
  text: string;
  tokens: number;
  reason: FinishReason | null;
};

/** The generations are queued before this returns; they leave the engine when `signal` aborts. */
export function answerCompletion(
  job: CompletionJob,
  signal: AbortSignal,
): ApiResponse | Promise<ApiResponse> {
  const choices = job.generations.map((generation, index): Choice => {
    const events = job.engine.generate(generation, signal);
    const prefix = job.request.echo ? generation.prompt : "";
    return { index, events, prefix, text: prefix, tokens: 0, reason: null };
  });
  const tokens = (): number => choices.reduce((sum, choice) => sum + choice.tokens, 0);
  if (!job.request.stream) return wholeAnswer(job, choices, tokens);
  const contentType = "text/event-stream; charset=utf-8";
  const headers = { "cache-control": "no-cache" };
  return { status: 200, contentType, headers, body: events(job, choices, tokens), tokens };
}

async function wholeAnswer(
  job: CompletionJob,
  choices: readonly Choice[],
  tokens: () => number,
): Promise<ApiResponse> {
  await Promise.all(choices.map(drain));
  if (choices.some((choice) => choice.reason === null))
    return errorResponse(503, "The request was aborted before it was finished.");
  const object = job.request.kind === "chat" ? "chat.completion" : "text_completion";
  const shown = choices.map((choice) => ({
    index: choice.index,
    ...(job.request.kind === "chat"
      ? { message: { role: "assistant", content: choice.text } }
      : { text: choice.text }),
    logprobs: null,
    finish_reason: choice.reason,
  }));
  const response = { ...head(job, object), choices: shown, usage: usage(job, tokens()) };
  return { ...jsonResponse(200, response), tokens };
}

async function drain(choice: Choice): Promise<void> {
  for await (const event of choice.events) take(choice, event);
}

function take(choice: Choice, event: Generation): void {
  if (event.kind === "finished") choice.reason = event.reason;
  else {
    choice.text += event.text;
    choice.tokens += event.tokens;
  }
}

async function* events(
  job: CompletionJob,
  choices: readonly Choice[],
  tokens: () => number,
): AsyncGenerator<string> {
  const chat = job.request.kind === "chat";
  const base = head(job, chat ? "chat.completion.chunk" : "text_completion");
  const withUsage = job.request.includeUsage ? { usage: null } : {};
  const chunk = (choice: Choice, text: string, extra: object = {}): string => {
    const content = text === "" ? {} : { content: text };
    const said = chat ? { delta: { ...content, ...extra } } : { text };
    const { index, reason } = choice;
    const shown = { index, ...said, logprobs: null, finish_reason: reason };
    return sse({ ...base, choices: [shown], ...withUsage });
  };
  for await (const { choice, event } of merged(choices)) {
    const first = choice.tokens === 0;
    take(choice, event);
    if (first && chat) yield chunk(choice, "", { role: "assistant", content: "" });
    if (first && choice.prefix) yield chunk(choice, choice.prefix);
    if (event.kind === "finished" || event.text !== "")
      yield chunk(choice, event.kind === "text" ? event.text : "");
  }
  if (choices.some((choice) => choice.reason === null)) return;
  if (job.request.includeUsage) yield sse({ ...base, choices: [], usage: usage(job, tokens()) });
  yield "data: [DONE]\n\n";
}

/** Every choice's events, each as soon as it is there. */
async function* merged(
  choices: readonly Choice[],
): AsyncGenerator<{ choice: Choice; event: Generation }> {
  const next = async (choice: Choice, source: AsyncIterator<Generation>) => {
    const result = await source.next();
    return { choice, source, result };
  };
  const pending = new Map(
    choices.map((choice) => [choice.index, next(choice, choice.events[Symbol.asyncIterator]())]),
  );
  while (pending.size > 0) {
    const { choice, source, result } = await Promise.race(pending.values());
    if (result.done) pending.delete(choice.index);
    else {
      pending.set(choice.index, next(choice, source));
      yield { choice, event: result.value };
    }
  }
}

function sse(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function head(job: CompletionJob, object: string): object {
  return { id: job.id, object, created: job.createdSeconds, model: job.request.model };
}

function usage(job: CompletionJob, completionTokens: number): object {
  // The prompt counts once, however many choices were asked of it.
  const promptTokens = job.generations
    .filter((_, index) => index % job.request.n === 0)
    .reduce((sum, generation) => sum + generation.promptTokens, 0);
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
  };
}
