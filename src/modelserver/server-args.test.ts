import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseServerArgs, type ServerArgs } from "./server-args.ts";
import { servingProfile } from "./serving-profile.ts";

function ok(...args: string[]): ServerArgs {
  const parsed = parseServerArgs(args, "/mnt/models");
  return parsed.kind === "ok" ? parsed.args : assert.fail(parsed.errors.join());
}

function errorsOf(...args: string[]): readonly string[] {
  const parsed = parseServerArgs(args, "/mnt/models");
  return parsed.kind === "invalid" ? parsed.errors : [];
}

describe("arguments", () => {
  test("none: the defaults of huggingfaceserver", () => {
    const args = ok();
    assert.deepEqual(args.modelNames, ["model"]);
    assert.equal(args.modelDir, "/mnt/models");
    assert.equal(args.httpPort, 8080);
  });

  test("the last one wins, and both spellings and both forms are the same flag", () => {
    assert.deepEqual(ok("--model_name=a", "--model_name", "qwen").modelNames, ["qwen"]);
    assert.deepEqual(ok("--served-model-name", "a", "b", "--seed", "3").modelNames, ["a", "b"]);
    assert.equal(ok("--max-model-len=100").maxModelLen, 100);
    assert.equal(ok("--max_model_len", "100").maxModelLen, 100);
    assert.equal(ok("--model_dir=/a=b").modelDir, "/a=b");
    assert.equal(ok("--simulated-load-seconds", "0.5").simulatedLoadSeconds, 0.5);
  });

  test("flags that a simulation cannot honour are taken and named", () => {
    const args = ok(
      "--backend=vllm",
      "--dtype",
      "float16",
      "--trust_remote_code",
      "--no-enable-lora",
    );
    assert.deepEqual(args.ignored, [
      "--backend=vllm",
      "--dtype=float16",
      "--trust_remote_code",
      "--no-enable-lora",
    ]);
  });

  test("what is wrong is named, all of it", () => {
    const errors = errorsOf(
      "--frobnicate=1",
      "serve",
      "--http_port=web",
      "--max-num-seqs",
      "0",
      "--seed",
    );
    assert.deepEqual(errors, [
      "unknown flag --frobnicate",
      'unexpected argument "serve"; arguments are --flags',
      "--seed needs a value",
      '--http_port must be a whole number of at least 0, got "web"',
      '--max_num_seqs must be a whole number of at least 1, got "0"',
    ]);
  });
});

describe("the profile that is served", () => {
  const lengthOf = (args: ServerArgs, config = {}): number | string => {
    const chosen = servingProfile(args, config);
    return chosen.kind === "ok" ? chosen.profile.maxModelLen : chosen.message;
  };

  test("the model's own length, unless an argument sets it, and never more than fits", () => {
    assert.equal(lengthOf(ok()), 32_768);
    assert.equal(lengthOf(ok(), { max_position_embeddings: 4096 }), 4096);
    assert.equal(lengthOf(ok("--max-model-len=99"), { max_position_embeddings: 4096 }), 99);
    assert.equal(lengthOf(ok(), { max_position_embeddings: 10_000_000 }), 349_520);
  });

  test("what cannot work is refused by name", () => {
    assert.match(
      String(lengthOf(ok("--max-model-len=9999999"))),
      /^max-model-len .* KV cache holds$/,
    );
    assert.match(String(lengthOf(ok("--max-num-batched-tokens=4"))), /^max-num-batched-tokens/);
    assert.match(
      String(lengthOf(ok("--simulated-profile=gpu9000"))),
      /unknown gpu9000; there are /,
    );
  });
});
