import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModelUri } from "./model-uri.ts";

const good: readonly [uri: string, model: string, revision: string][] = [
  ["hf://Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen2.5-0.5B-Instruct", "main"],
  ["hf://a/b:v1.0", "a/b", "v1.0"],
  ["hf://a/b:refs/pr/3", "a/b", "refs/pr/3"],
];
for (const [uri, model, revision] of good)
  test(`${uri} is ${model} at ${revision}`, () =>
    assert.deepEqual(parseModelUri(uri), { kind: "ok", uri: { model, revision } }));

const bad: readonly [uri: string, message: RegExp][] = [
  ["hf://gpt2", /has 1 path parts and must have two: hf:\/\/owner\/model/],
  ["hf://a/b/c", /has 3 path parts and must have two/],
  ["hf:///b", /does not name an owner and a model/],
  ["hf://../b", /does not name an owner and a model/],
  ["hf://a/b:", /no valid revision/],
  ["hf://a/b:../../x", /no valid revision/],
  ["s3://bucket/model", /^s3:\/\/ is not supported by this version; hf:\/\/ is/],
  ["pvc://claim/model", /^pvc:\/\/ is not supported/],
  ["Qwen/Qwen2.5", /is no storage URI; use hf:\/\/owner\/model/],
  ["", /"" is no storage URI/],
];
for (const [uri, message] of bad)
  test(`${JSON.stringify(uri)} is refused`, () => {
    const parsed = parseModelUri(uri);
    assert.equal(parsed.kind, "invalid");
    if (parsed.kind === "invalid") assert.match(parsed.message, message);
  });
