// The handlers of chat and text completions: what is wrong with a request is said here, all of it at
// once; what is right goes to the engine. The answer's form is completion-answer.ts's.
import { randomUUID } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import { answerCompletion } from "./completion-answer.ts";
import { type CompletionRequest, parseCompletionRequest } from "./completion-request.ts";
import type { Engine, GenerationRequest } from "./engine.ts";
import { errorResponse, type Handler } from "./http-message.ts";

export type CompletionsOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  /** The names under which the model is served; an answer carries the one that was asked for. */
  readonly modelNames: readonly string[];
};

export function completionsHandler(kind: "chat" | "text", options: CompletionsOptions): Handler {
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
    const id = `${kind === "chat" ? "chatcmpl" : "cmpl"}-${randomUUID().replaceAll("-", "")}`;
    const job = { request, generations, id, createdSeconds, engine: options.engine };
    return answerCompletion(job, http.signal);
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
