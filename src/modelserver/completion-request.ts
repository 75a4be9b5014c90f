// Reads the body of a chat or text completion into one precise request, or into every complaint
// about it, each naming its field, in the words of vLLM and OpenAI. Fields that only colour the
// answer (logit_bias, tools, …) are taken and left unused, as vLLM takes fields it does not know.
import { isJsonObject, type Json, type JsonObject } from "../lib/json.ts";

export type CompletionRequest = {
  readonly kind: "chat" | "text";
  readonly model: string;
  /** One for a chat; a text completion may ask for several at once. */
  readonly prompts: readonly string[];
  readonly n: number;
  /** Undefined: as much as the model's length leaves. */
  readonly maxTokens: number | undefined;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly stop: readonly string[];
  readonly seed: number | undefined;
  readonly temperature: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly echo: boolean;
};

export type Complaint = { readonly param: string; readonly message: string };

export type ParsedRequest =
  | { readonly kind: "ok"; readonly request: CompletionRequest }
  | { readonly kind: "invalid"; readonly complaints: readonly Complaint[] };

/** Limits of the API that OpenAI documents. */
const maxChoices = 128;
const maxStops = 16;
const maxPrompts = 256;
/** Of one request in all, prompts times n: each is a request of its own to the engine. */
const maxGenerations = 256;

export function parseCompletionRequest(kind: "chat" | "text", body: unknown): ParsedRequest {
  if (!isJsonObject(body)) {
    const message = "the request body must be a JSON object";
    return { kind: "invalid", complaints: [{ param: "body", message }] };
  }
  const fields = new Fields(body);
  const limit = fields.integer("max_completion_tokens", 1) ?? fields.integer("max_tokens", 1);
  const stream = fields.boolean("stream") ?? false;
  const request: CompletionRequest = {
    kind,
    model: fields.requiredString("model"),
    prompts: kind === "chat" ? [chatPrompt(fields)] : textPrompts(fields),
    n: fields.integer("n", 1, maxChoices) ?? 1,
    maxTokens: limit ?? (kind === "text" ? defaultTextTokens : undefined),
    minTokens: fields.integer("min_tokens", 0) ?? 0,
    ignoreEos: fields.boolean("ignore_eos") ?? false,
    stop: stops(fields),
    seed: fields.integer("seed", Number.MIN_SAFE_INTEGER),
    temperature: fields.number("temperature", 0, 2) ?? 1,
    stream,
    includeUsage: includeUsage(fields, stream),
    echo: (kind === "text" && fields.boolean("echo")) || false,
  };
  fields.number("top_p", 0, 1);
  fields.number("presence_penalty", -2, 2);
  fields.number("frequency_penalty", -2, 2);
  if (request.prompts.length * request.n > maxGenerations)
    fields.complain("n", `prompts times n must be at most ${maxGenerations}`);
  if (limit !== undefined && request.minTokens > limit)
    fields.complain(
      "min_tokens",
      `must not exceed max_tokens (${limit}), got ${request.minTokens}`,
    );
  if (fields.complaints.length > 0) return { kind: "invalid", complaints: fields.complaints };
  return { kind: "ok", request };
}

/** OpenAI's default for text completions; chats have none. */
const defaultTextTokens = 16;

function includeUsage(fields: Fields, stream: boolean): boolean {
  const options = fields.object("stream_options");
  if (!options) return false;
  if (!stream) fields.complain("stream_options", "can only be set when stream is true");
  const wanted = options["include_usage"];
  if (wanted !== undefined && wanted !== null && typeof wanted !== "boolean")
    fields.complain("stream_options.include_usage", `must be a boolean, got ${kindOf(wanted)}`);
  return wanted === true;
}

function stops(fields: Fields): string[] {
  const value = fields.value("stop");
  if (value === undefined) return [];
  const list = typeof value === "string" ? [value] : value;
  const wrong = "must be a string or an array of strings, none of them empty";
  if (!Array.isArray(list)) return fields.complain("stop", `${wrong}, got ${kindOf(value)}`) ?? [];
  const texts = list.filter((item): item is string => typeof item === "string" && item !== "");
  if (texts.length < list.length) fields.complain("stop", wrong);
  if (list.length > maxStops) fields.complain("stop", `must have at most ${maxStops} texts`);
  return texts;
}

/** The prompt as Qwen's chat template renders it, so that its size is right. */
function chatPrompt(fields: Fields): string {
  const messages = fields.requiredArray("messages");
  const turns = messages.map((message, index) => turn(fields, message, `messages[${index}]`));
  return `${turns.join("")}<|im_start|>assistant\n`;
}

const roles = ["system", "developer", "user", "assistant", "tool", "function"];

function turn(fields: Fields, message: Json | undefined, path: string): string {
  if (!isJsonObject(message)) {
    fields.complain(path, `must be an object, got ${kindOf(message)}`);
    return "";
  }
  const role = message["role"];
  if (role === undefined) fields.complain(`${path}.role`, "is required");
  else if (typeof role !== "string" || !roles.includes(role))
    fields.complain(`${path}.role`, `must be one of ${roles.join(", ")}`);
  const content = contentText(fields, message, path);
  return `<|im_start|>${typeof role === "string" ? role : ""}\n${content}<|im_end|>\n`;
}

function contentText(fields: Fields, message: JsonObject, path: string): string {
  const content = message["content"];
  if (typeof content === "string") return content;
  if (content === undefined || content === null) {
    // An assistant's turn may consist of tool calls only.
    if (message["role"] !== "assistant") fields.complain(`${path}.content`, "is required");
    return "";
  }
  if (!Array.isArray(content)) {
    const message_ = `must be a string or an array of parts, got ${kindOf(content)}`;
    fields.complain(`${path}.content`, message_);
    return "";
  }
  const texts = content.map((part: Json, index) => {
    const text = isJsonObject(part) && part["type"] === "text" ? part["text"] : undefined;
    if (typeof text === "string") return text;
    fields.complain(`${path}.content[${index}]`, "must be a text part: this model reads text only");
    return "";
  });
  return texts.join("");
}

/** A string, strings, token ids or lists of token ids; ids stand for one token each. */
function textPrompts(fields: Fields): string[] {
  const prompt = fields.value("prompt");
  if (prompt === undefined) {
    fields.complain("prompt", "is required");
    return [];
  }
  if (typeof prompt === "string") return [prompt];
  const single = asTokens(prompt);
  if (single !== undefined) return [single];
  const list = Array.isArray(prompt) ? prompt : [];
  const prompts = list.map((item: Json) => (typeof item === "string" ? item : asTokens(item)));
  if (prompts.length === 0 || prompts.includes(undefined))
    fields.complain("prompt", "must be a string, an array of strings, or arrays of token ids");
  if (prompts.length > maxPrompts)
    fields.complain("prompt", `must have at most ${maxPrompts} prompts`);
  return prompts.map((text) => text ?? "");
}

function asTokens(value: Json): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const isId = (item: Json): boolean => Number.isInteger(item) && Number(item) >= 0;
  return value.every(isId) ? ". ".repeat(value.length) : undefined;
}

/** Reads fields one by one and keeps every complaint; null counts as absent, as in OpenAI's API. */
class Fields {
  readonly complaints: Complaint[] = [];
  readonly #body: JsonObject;

  constructor(body: JsonObject) {
    this.#body = body;
  }

  complain(param: string, message: string): undefined {
    this.complaints.push({ param, message: `${param}: ${message}` });
    return undefined;
  }

  value(name: string): Json | undefined {
    return this.#body[name] ?? undefined;
  }

  requiredString(name: string): string {
    const value = this.value(name);
    if (value === undefined) this.complain(name, "is required");
    else if (typeof value === "string") return value;
    else this.complain(name, `must be a string, got ${kindOf(value)}`);
    return "";
  }

  requiredArray(name: string): readonly Json[] {
    const value = this.value(name);
    if (value === undefined) this.complain(name, "is required");
    else if (!Array.isArray(value)) this.complain(name, `must be an array, got ${kindOf(value)}`);
    else if (value.length === 0) this.complain(name, "must not be empty");
    else return value;
    return [];
  }

  object(name: string): JsonObject | undefined {
    const value = this.value(name);
    if (value === undefined || isJsonObject(value)) return value;
    return this.complain(name, `must be an object, got ${kindOf(value)}`);
  }

  boolean(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "boolean") return value;
    return this.complain(name, `must be a boolean, got ${kindOf(value)}`);
  }

  number(name: string, least: number, most: number): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number")
      return this.complain(name, `must be a number, got ${kindOf(value)}`);
    if (value < least || value > most)
      return this.complain(name, `must be between ${least} and ${most}, got ${value}`);
    return value;
  }

  integer(name: string, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      const got = typeof value === "number" ? value : kindOf(value);
      return this.complain(name, `must be an integer, got ${got}`);
    }
    if (value < least) return this.complain(name, `must be at least ${least}, got ${value}`);
    if (value > most) return this.complain(name, `must be at most ${most}, got ${value}`);
    return value;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
