import assert from "node:assert/strict";
import { test } from "node:test";
import { repeatedSize } from "./regexp-size.ts";

test("counts add as much as they repeat", () => {
  for (const [pattern, added] of [
    ["llm-[a-z0-9]+-[a-z0-9]{5}", 4],
    ["a{1000}", 999],
    ["a{2,}", 1],
    ["a{0,61}", 60],
    ["(abc){10}", 45],
    ["((a{10}){10}){10}", 9 + 9 * 12 + 9 * 122],
    ["a{3}b{4}", 5],
    ["a{1}|b{0}", 0],
    ["\\p{Greek}{3}", 2],
    ["\\x{41}{3}", 2],
    ["[[:alpha:]{9}]{3}", 2],
    ["[]{9}]{3}", 2],
    ["[^]\\]{9}]{3}", 2],
    ["a{,3}", 0],
    ["a\\{3}", 0],
    ["(", 0],
    [")}{", 0],
    ["[", 0],
    ["a\\", 0],
  ] as const)
    assert.equal(repeatedSize(pattern), added, pattern);
});
