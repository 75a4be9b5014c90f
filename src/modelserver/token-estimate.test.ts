import assert from "node:assert/strict";
import { test } from "node:test";
import { estimateTokens } from "./token-estimate.ts";

const cases: readonly [text: string, tokens: number][] = [
  ["", 0],
  ["Write a poem about colors", 5],
  ["You are a helpful assistant that speaks like Shakespeare.", 11],
  ["extraordinarily", 2],
  ["a, b!", 4],
  ["2026", 4],
  ["<|im_start|>user\n", 3],
  ["颜色的诗", 4],
];
for (const [text, tokens] of cases)
  test(`${JSON.stringify(text)} is ${tokens} tokens`, () =>
    assert.equal(estimateTokens(text), tokens));
