// The handlers of chat and text completions: from the request to the engine, and from what it
// generates to OpenAI's objects, whole or as a stream of events.
import type { Clock } from "../lib/clock.ts";
import { type CompletionRequest, parseCompletionRequest } from "./completion-request.ts";
import type { Engine, FinishReason, Generation, GenerationRequest } from "./engine.ts";
import {
  type ApiRequest,
  type ApiResponse,
  errorResponse,
  type Handler,
  jsonResponse,
} from "./http-message.ts";

export type CompletionsOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  /** The names under which the model is served; the first is the one that answers carry. */
  readonly modelNames: readonly string[];
};

export function completionsHandler(kind: "chat" | "text", options: CompletionsOptions): Handler {
  let served = 0;
  return (http) => {
    const body = parseJson(http.body);
    if (body.kind === "malformed")
      return errorResponse(400, `The request body is not valid JSON: ${body.message}`, "body");
    const parsed = parseCompletionRequest(kind, body.value);
    if (parsed.kind === "invalid") {
      const message = parsed.complaints.map((complaint) => complaint.message).join("; ");
      return errorResponse(400, message, parsed.complaints[0]?.param);
    }
    const { request } = parsed;
    if (!options.modelNames.includes(request.model))
      return errorResponse(404, `The model \`${request.model}\` does not exist.`, "model");
    const generations = plan(request, options.engine);
    if (typeof generations === "string") return errorResponse(400, generations, "max_tokens");
    const createdSeconds = Math.floor(options.clock.nowMs() / 1000);
    const id = `${kind === "chat" ? "chatcmpl" : "cmpl"}-${createdSeconds.toString(36)}-${served++}`;
    return answer({ request, generations, id, createdSeconds, engine: options.engine }, http);
  };
}

type Job = {
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

function answer(job: Job, http: ApiRequest): ApiResponse | Promise<ApiResponse> {
  const choices = job.generations.map((generation, index): Choice => {
    const events = job.engine.generate(generation, http.signal);
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
  job: Job,
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
  job: Job,
  choices: readonly Choice[],
  tokens: () => number,
): AsyncGenerator<string> {
  const chat = job.request.kind === "chat";
  const object = chat ? "chat.completion.chunk" : "text_completion";
  const withUsage = job.request.includeUsage ? { usage: null } : {};
  const chunk = (index: number, text: string | undefined, reason: FinishReason | null): string => {
    const delta = chat
      ? { delta: text === undefined ? {} : { content: text } }
      : { text: text ?? "" };
    const shown = { index, ...delta, logprobs: null, finish_reason: reason };
    return sse({ ...head(job, object), choices: [shown], ...withUsage });
  };
  for (const { index, prefix } of choices) {
    const shown = { index, delta: { role: "assistant", content: "" }, finish_reason: null };
    if (chat) yield sse({ ...head(job, object), choices: [shown], ...withUsage });
    else if (prefix) yield chunk(index, prefix, null);
  }
  for await (const { choice, event } of merged(choices)) {
    take(choice, event);
    if (event.kind === "text") yield chunk(choice.index, event.text, null);
    else yield chunk(choice.index, undefined, event.reason);
  }
  if (job.request.includeUsage)
    yield sse({ ...head(job, object), choices: [], usage: usage(job, tokens()) });
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

function head(job: Job, object: string): object {
  return { id: job.id, object, created: job.createdSeconds, model: job.request.model };
}

function usage(job: Job, completionTokens: number): object {
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

/** One generation per prompt and choice, or the sentence that says why a prompt does not fit. */
function plan(request: CompletionRequest, engine: Engine): readonly GenerationRequest[] | string {
  const generations: GenerationRequest[] = [];
  for (const prompt of request.prompts) {
    const promptTokens = engine.countTokens(prompt);
    const room = engine.maxModelLen - promptTokens;
    const maxTokens = request.maxTokens ?? room;
    if (room < 1 || maxTokens > room) return tooLong(engine, promptTokens, request.maxTokens);
    for (let choice = 0; choice < request.n; choice++) {
      const { minTokens, ignoreEos, stop, temperature } = request;
      const seed = request.seed === undefined ? undefined : request.seed + choice;
      const sampling = { minTokens, ignoreEos, stop, seed, temperature };
      generations.push({ prompt, promptTokens, maxTokens, ...sampling });
    }
  }
  return generations;
}

function tooLong(engine: Engine, promptTokens: number, maxTokens: number | undefined): string {
  const asked = maxTokens === undefined ? "" : ` and ${maxTokens} tokens of output were asked for`;
  return (
    `This model's maximum context length is ${engine.maxModelLen} tokens. The prompt has ` +
    `${promptTokens} tokens${asked}. Reduce the length of the prompt` +
    (maxTokens === undefined ? "." : " or max_tokens.")
  );
}

type ParsedJson =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "malformed"; readonly message: string };

function parseJson(text: string): ParsedJson {
  try {
    return { kind: "value", value: JSON.parse(text) };
  } catch (error) {
    return { kind: "malformed", message: error instanceof Error ? error.message : String(error) };
  }
}
