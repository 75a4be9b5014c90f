import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { hasTools } from "../../test/tools.ts";
import { tutorialQwen } from "../inference/profiles.ts";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { parseExposition } from "../metrics/exposition-parser.ts";
import type { ApiResponse } from "./http-message.ts";
import { ModelServer } from "./model-server.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import { estimateTokens } from "./token-estimate.ts";

/** The body of the tutorial's load, and answers that do not end early. */
const poem = {
  model: "qwen",
  messages: [
    { role: "system", content: "You are a helpful assistant that speaks like Shakespeare." },
    { role: "user", content: "Write a poem about colors" },
  ],
  stream: false,
  max_tokens: 100,
  ignore_eos: true,
};

function fixture(limits: Partial<typeof tutorialQwen> = {}) {
  const clock = new VirtualClock(1_750_000_000_000);
  const profile = { ...tutorialQwen, ...limits };
  const server = new ModelServer({
    clock,
    log: () => {},
    makeEngine: (observe) => new SimulatedEngine({ profile, clock, seed: 1, observe }),
    modelNames: ["qwen", "qwen-alias"],
    modelRoot: "Qwen/Qwen2.5-0.5B-Instruct",
    engineReason: "the simulated engine stands in",
  });
  const call = async (
    method: string,
    path: string,
    body: unknown = "",
    signal = new AbortController().signal,
  ): Promise<ApiResponse> => {
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    return await server.handler({ method, path, body: sent, signal });
  };
  const chat = (body: unknown, signal?: AbortSignal) =>
    call("POST", "/openai/v1/chat/completions", body, signal);
  /** The samples of the page, by name with `finished_reason` or `le` appended. */
  const metrics = async (): Promise<ReadonlyMap<string, number>> => {
    const page = await call("GET", "/metrics");
    const parsed = parseExposition(text(page));
    assert.deepEqual(parsed.errors, []);
    return new Map(
      parsed.samples.map(({ labels, value }) => {
        assert.equal(labels["model_name"], "qwen");
        assert.equal(labels["engine"], "0");
        const more = labels["finished_reason"] ?? labels["le"];
        return [[labels["__name__"], more].filter(Boolean).join(" "), value];
      }),
    );
  };
  return { clock, call, chat, metrics };
}

function text(response: ApiResponse): string {
  return typeof response.body === "string" ? response.body : assert.fail("a stream");
}

/** Every field that an answer may have. */
type Answer = {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly root: string;
  readonly data: readonly { readonly id: string }[];
  readonly choices: readonly {
    readonly text: string;
    readonly message: { readonly role: string; readonly content: string };
    readonly delta: { readonly role?: string; readonly content?: string };
    readonly finish_reason: string | null;
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: number;
  };
};

function json(response: ApiResponse): Answer {
  return JSON.parse(text(response));
}

/** A chunk from its event. */
function chunkOf(event: string): Answer {
  return JSON.parse(/^data: (.*)\n\n$/s.exec(event)?.[1] ?? "");
}

/** The texts of a stream, as they came. */
async function collect(response: ApiResponse): Promise<string[]> {
  assert.equal(typeof response.body, "object");
  const texts: string[] = [];
  for await (const event of response.body as AsyncIterable<string>) texts.push(event);
  return texts;
}

describe("completions", () => {
  test("a chat is answered after the time that its tokens take", async () => {
    const { clock, chat } = fixture();
    let response: ApiResponse | undefined;
    const answered = chat(poem).then((value) => (response = value));
    await clock.advance(3400);
    assert.equal(response, undefined);
    await clock.advance(300);
    const { id, object, created, model, choices, usage } = json(await answered);
    assert.match(id, /^chatcmpl-\w+$/);
    assert.deepEqual([object, created, model], ["chat.completion", 1_750_000_000, "qwen"]);
    assert.equal(choices.length, 1);
    assert.equal(choices[0]?.message.role, "assistant");
    assert.equal(choices[0]?.finish_reason, "length");
    assert.deepEqual(usage, { prompt_tokens: 29, total_tokens: 129, completion_tokens: 100 });
    const words = estimateTokens(choices[0]?.message.content ?? "");
    assert.ok(words > 90 && words < 130, `${words} tokens by another count`);
  });

  test("a stream gives a role, a chunk per token, a reason, the usage and [DONE]", async () => {
    const { clock, chat } = fixture();
    const body = { ...poem, max_tokens: 5, stream: true, stream_options: { include_usage: true } };
    const response = await chat(body);
    assert.match(response.contentType, /^text\/event-stream/);
    const texts = collect(response);
    await clock.advance(1000);
    const events = await texts;
    assert.equal(events.pop(), "data: [DONE]\n\n");
    const chunks = events.map(chunkOf);
    const deltas = chunks.map((chunk) => chunk.choices[0]?.delta);
    assert.deepEqual(deltas[0], { role: "assistant", content: "" });
    assert.ok(deltas.slice(1, 6).every((delta) => delta?.content));
    assert.equal(chunks[6]?.choices[0]?.finish_reason, "length");
    assert.deepEqual(chunks[7]?.choices, []);
    assert.equal(chunks[7]?.usage.completion_tokens, 5);
    assert.equal(chunks.length, 8);
  });

  test("the same seed gives the same answer, streamed or whole", async () => {
    const { clock, chat } = fixture();
    const seeded = { ...poem, seed: 42, max_tokens: 20 };
    const whole = chat(seeded);
    await clock.advance(5000);
    const stream = collect(await chat({ ...seeded, stream: true }));
    await clock.advance(5000);
    const content = (await stream)
      .filter((event) => !event.includes("[DONE]"))
      .map((event) => chunkOf(event).choices[0]?.delta.content ?? "")
      .join("");
    assert.equal(content, json(await whole).choices[0]?.message.content);
  });

  test("text completions: several prompts, several choices, echo, stop", async () => {
    const { clock, call } = fixture();
    const body = { model: "qwen-alias", prompt: ["Ay", "Nay"], n: 2, echo: true, max_tokens: 30 };
    const answer = call("POST", "/openai/v1/completions", { ...body, stop: [" "] });
    await clock.advance(5000);
    const { object, model, choices, usage } = json(await answer);
    assert.deepEqual([object, model], ["text_completion", "qwen-alias"]);
    const starts = choices.map((choice) => /^[AN]a?y/.exec(choice.text)?.[0]);
    assert.deepEqual(starts, ["Ay", "Ay", "Nay", "Nay"]);
    for (const choice of choices) {
      assert.equal(choice.finish_reason, "stop");
      assert.ok(!choice.text.includes(" "));
    }
    assert.equal(usage.prompt_tokens, 2);
  });
});

describe("refusals", () => {
  type Case = [name: string, body: unknown, status: number, param: string, message: RegExp];
  const cases: readonly Case[] = [
    ["JSON that is none", "{model:", 400, "body", /not valid JSON/],
    ["an empty body", "", 400, "body", /not valid JSON/],
    ["no messages", { model: "qwen" }, 400, "messages", /messages: is required/],
    ["max_tokens 0", { ...poem, max_tokens: 0 }, 400, "max_tokens", /at least 1, got 0/],
    ["another model", { ...poem, model: "gpt" }, 404, "model", /`gpt` does not exist/],
    [
      "more than the model's length",
      { ...poem, max_tokens: 32_768 },
      400,
      "max_tokens",
      /maximum context length is 32768 tokens. The prompt has 29 tokens and 32768 /,
    ],
  ];
  for (const [name, body, status, param, message] of cases)
    test(name, async () => {
      const response = await fixture().chat(body);
      assert.equal(response.status, status);
      const { error } = json(response);
      assert.equal(error.param, param);
      assert.equal(error.code, status);
      assert.equal(error.type, status === 404 ? "NotFoundError" : "BadRequestError");
      assert.match(error.message, message);
    });

  test("paths and methods that there are not", async () => {
    const { call } = fixture();
    const bare = await call("POST", "/v1/chat/completions", poem);
    assert.equal(bare.status, 404);
    assert.match(json(bare).error.message, /\/openai\/v1\/chat\/completions/);
    const method = await call("GET", "/openai/v1/completions");
    assert.equal(method.status, 405);
    assert.equal(method.headers?.["allow"], "POST");
  });
});

test("probes and models, as KServe and OpenAI have them", async () => {
  const { call } = fixture();
  const get = async (path: string) => json(await call("GET", path));
  assert.deepEqual(await get("/"), { status: "alive" });
  assert.deepEqual(await get("/v2/health/live"), { live: true });
  assert.deepEqual(await get("/v2/health/ready"), { ready: true });
  assert.equal((await call("GET", "/health")).status, 200);
  assert.deepEqual(await get("/v1/models"), { models: ["qwen", "qwen-alias"] });
  assert.deepEqual(await get("/v1/models/qwen"), { name: "qwen", ready: true });
  const { data } = await get("/openai/v1/models");
  assert.deepEqual(
    data.map((model) => model.id),
    ["qwen", "qwen-alias"],
  );
  assert.equal((await get("/openai/v1/models/qwen")).root, "Qwen/Qwen2.5-0.5B-Instruct");
  for (const path of ["/v1/models/x", "/openai/v1/models/x", "/openai/v1/models/%E0%A4%A"])
    assert.equal((await call("GET", path)).status, 404);
});

describe("metrics", () => {
  test("running and waiting follow the load at once, down as well as up", async () => {
    const { clock, chat, metrics } = fixture({ maxNumSeqs: 2 });
    const answers = [1, 2, 3].map(() => chat(poem));
    await clock.advance(100);
    let page = await metrics();
    assert.equal(page.get("vllm:num_requests_running"), 2);
    assert.equal(page.get("vllm:num_requests_waiting"), 1);
    assert.ok((page.get("vllm:kv_cache_usage_perc") ?? 0) > 0);
    await clock.advance(20_000);
    await Promise.all(answers);
    page = await metrics();
    assert.equal(page.get("vllm:num_requests_running"), 0);
    assert.equal(page.get("vllm:num_requests_waiting"), 0);
    assert.equal(page.get("vllm:kv_cache_usage_perc"), 0);
    assert.equal(page.get("vllm:request_success_total length"), 3);
    assert.equal(page.get("vllm:prompt_tokens_total"), 87);
    assert.equal(page.get("vllm:generation_tokens_total"), 300);
    assert.equal(page.get("vllm:time_to_first_token_seconds_count"), 3);
    assert.equal(page.get("vllm:inter_token_latency_seconds_count"), 297);
    assert.equal(page.get("vllm:e2e_request_latency_seconds_count"), 3);
    assert.equal(page.get("vllm:request_queue_time_seconds_count"), 3);
    assert.ok((page.get("vllm:request_queue_time_seconds_sum") ?? 0) > 4, "the third waited");
    assert.equal(page.get("vllm:iteration_tokens_total_sum"), 87 + 297);
  });

  test("a request no longer counts when its last bytes are written", async () => {
    const { clock, chat, metrics } = fixture();
    const response = await chat({ ...poem, max_tokens: 3, stream: true });
    const seen: (number | undefined)[] = [];
    const read = (async () => {
      for await (const event of response.body as AsyncIterable<string>)
        if (/"finish_reason":"|DONE/.test(event))
          seen.push((await metrics()).get("vllm:num_requests_running"));
    })();
    await clock.advance(1000);
    await read;
    assert.deepEqual(seen, [0, 0]);
  });

  test("a client that leaves frees its slot in that moment", async () => {
    const { clock, chat, metrics } = fixture();
    const client = new AbortController();
    const answer = chat(poem, client.signal);
    await clock.advance(500);
    assert.equal((await metrics()).get("vllm:num_requests_running"), 1);
    client.abort();
    const page = await metrics();
    assert.equal(page.get("vllm:num_requests_running"), 0);
    assert.equal(page.get("vllm:request_success_total abort"), 1);
    await answer;
  });

  test("preemptions are counted, and the answers are whole all the same", async () => {
    const { clock, chat, metrics } = fixture({ kvBlocks: 12, maxModelLen: 190 });
    const answers = [1, 2].map(() => chat(poem));
    await clock.advance(60_000);
    for (const answer of answers) assert.equal(json(await answer).usage.completion_tokens, 100);
    const page = await metrics();
    assert.ok((page.get("vllm:num_preemptions_total") ?? 0) > 0);
    assert.equal(page.get("vllm:generation_tokens_total"), 200);
  });

  test("the page of an idle server has every family, with vLLM's types", async () => {
    const page = await fixture().call("GET", "/metrics");
    assert.match(page.contentType, /^text\/plain; version=0\.0\.4/);
    const { families } = parseExposition(text(page));
    const types = Object.fromEntries([...families].map(([name, { type }]) => [name, type]));
    assert.deepEqual(types, {
      "vllm:num_requests_running": "gauge",
      "vllm:num_requests_waiting": "gauge",
      "vllm:kv_cache_usage_perc": "gauge",
      "vllm:num_preemptions_total": "counter",
      "vllm:prompt_tokens_total": "counter",
      "vllm:generation_tokens_total": "counter",
      "vllm:request_success_total": "counter",
      "vllm:time_to_first_token_seconds": "histogram",
      "vllm:inter_token_latency_seconds": "histogram",
      "vllm:e2e_request_latency_seconds": "histogram",
      "vllm:request_queue_time_seconds": "histogram",
      "vllm:iteration_tokens_total": "histogram",
    });
  });

  test("promtool reads the page", async (t) => {
    if (!hasTools(t, "promtool")) return;
    const page = await fixture().call("GET", "/metrics");
    const promtool = spawnSync("promtool", ["check", "metrics"], { input: text(page) });
    // Its style rules are against vLLM's own names; anything else would be a fault of the page.
    const said = String(promtool.stderr).trim().split("\n");
    const style = /should not contain ':'$|non-counter metrics should not have "_total" suffix$/;
    assert.deepEqual(
      said.filter((line) => line !== "" && !style.test(line)),
      [],
    );
  });
});
