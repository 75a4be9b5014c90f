import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCompletionRequest } from "./completion-request.ts";

const chat = { model: "qwen", messages: [{ role: "user", content: "Write a poem about colors" }] };
const text = { model: "qwen", prompt: "Once" };

function ok(kind: "chat" | "text", body: unknown) {
  const parsed = parseCompletionRequest(kind, body);
  assert.equal(parsed.kind, "ok", JSON.stringify(parsed));
  return parsed.kind === "ok" ? parsed.request : assert.fail();
}

describe("what is wrong is said by field", () => {
  const cases: readonly [name: string, kind: "chat" | "text", body: unknown, complaint: string][] =
    [
      ["no object", "chat", [chat], "the request body must be a JSON object"],
      ["no model", "chat", { messages: chat.messages }, "model: is required"],
      [
        "model of a wrong type",
        "chat",
        { ...chat, model: 3 },
        "model: must be a string, got number",
      ],
      ["no messages", "chat", { model: "qwen" }, "messages: is required"],
      ["null is absent", "chat", { ...chat, messages: null }, "messages: is required"],
      ["no message", "chat", { ...chat, messages: [] }, "messages: must not be empty"],
      ["text", "chat", { ...chat, messages: "hi" }, "messages: must be an array, got string"],
      [
        "a message that is text",
        "chat",
        { ...chat, messages: ["hi"] },
        "messages[0]: must be an object, got string",
      ],
      [
        "a role that there is not",
        "chat",
        { ...chat, messages: [{ role: "bard", content: "" }] },
        "messages[0].role: must be one of system, developer, user, assistant, tool, function",
      ],
      [
        "a turn without content",
        "chat",
        { ...chat, messages: [...chat.messages, { role: "user" }] },
        "messages[1].content: is required",
      ],
      [
        "an image",
        "chat",
        { ...chat, messages: [{ role: "user", content: [{ type: "image_url" }] }] },
        "messages[0].content[0]: must be a text part: this model reads text only",
      ],
      ["max_tokens 0", "chat", { ...chat, max_tokens: 0 }, "max_tokens: must be at least 1, got 0"],
      [
        "max_tokens as text",
        "chat",
        { ...chat, max_tokens: "100" },
        "max_tokens: must be an integer, got string",
      ],
      [
        "max_completion_tokens",
        "chat",
        { ...chat, max_completion_tokens: 1.5 },
        "max_completion_tokens: must be an integer, got 1.5",
      ],
      ["stream", "chat", { ...chat, stream: "yes" }, "stream: must be a boolean, got string"],
      [
        "options of a stream that is none",
        "chat",
        { ...chat, stream_options: { include_usage: true } },
        "stream_options: can only be set when stream is true",
      ],
      ["n", "chat", { ...chat, n: 0 }, "n: must be at least 1, got 0"],
      [
        "temperature",
        "chat",
        { ...chat, temperature: 3 },
        "temperature: must be between 0 and 2, got 3",
      ],
      [
        "stop",
        "chat",
        { ...chat, stop: ["a", ""] },
        "stop: must be a string or an array of strings, none of them empty",
      ],
      [
        "more than at most",
        "chat",
        { ...chat, max_tokens: 5, min_tokens: 6 },
        "min_tokens: must not exceed max_tokens (5), got 6",
      ],
      [
        "too many choices in all",
        "text",
        { ...text, prompt: Array.from({ length: 200 }, () => "a"), n: 2 },
        "n: prompts times n must be at most 256",
      ],
      ["no prompt", "text", { model: "qwen" }, "prompt: is required"],
      [
        "a prompt of a wrong type",
        "text",
        { ...text, prompt: { a: 1 } },
        "prompt: must be a string, an array of strings, or arrays of token ids",
      ],
    ];
  for (const [name, kind, body, complaint] of cases)
    test(name, () => {
      const parsed = parseCompletionRequest(kind, body);
      assert.equal(parsed.kind, "invalid");
      const messages = parsed.kind === "invalid" ? parsed.complaints.map((c) => c.message) : [];
      assert.deepEqual(messages, [complaint]);
    });

  test("several things at once", () => {
    const parsed = parseCompletionRequest("chat", { max_tokens: -1, n: "two" });
    assert.equal(parsed.kind, "invalid");
    const params = parsed.kind === "invalid" ? parsed.complaints.map((c) => c.param) : [];
    assert.deepEqual(params.sort(), ["max_tokens", "messages", "model", "n"]);
  });
});

describe("what is asked for", () => {
  test("a chat has no limit of its own, a text completion 16 tokens", () => {
    assert.equal(ok("chat", chat).maxTokens, undefined);
    assert.equal(ok("text", text).maxTokens, 16);
    assert.equal(ok("chat", { ...chat, max_tokens: 9, max_completion_tokens: 7 }).maxTokens, 7);
  });

  test("the prompt is what the chat template makes of every turn and part", () => {
    const messages = [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Who " },
          { type: "text", text: "goes?" },
        ],
      },
      { role: "assistant", content: null, tool_calls: [] },
    ];
    assert.deepEqual(ok("chat", { ...chat, messages }).prompts, [
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWho goes?<|im_end|>\n" +
        "<|im_start|>assistant\n<|im_end|>\n<|im_start|>assistant\n",
    ]);
  });

  test("text completions take several prompts, and token ids", () => {
    assert.deepEqual(ok("text", { ...text, prompt: ["a", "b"] }).prompts, ["a", "b"]);
    assert.equal(ok("text", { ...text, prompt: [1, 2, 3] }).prompts.length, 1);
    assert.equal(ok("text", { ...text, prompt: [[1, 2], [3]] }).prompts.length, 2);
  });

  test("fields that are not known are taken", () => {
    assert.equal(ok("chat", { ...chat, tools: [], logit_bias: {}, user: "me" }).model, "qwen");
  });
});
