import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRegexp } from "./regexp.ts";

const matching: readonly (readonly [
  pattern: string,
  accepts: readonly string[],
  rejects: readonly string[],
])[] = [
  ["a", ["a"], ["ab", "ba", ""]],
  ["", [""], ["a"]],
  ["a|b", ["a", "b"], ["ab"]],
  ["a.c", ["a\nc", "aéc", "a😀c"], ["ac"]],
  [
    "qwen-predictor-[a-z0-9]+-[a-z0-9]{5}",
    ["qwen-predictor-58f9c58b85-l69f7"],
    ["qwen-x-58f9-l69f7"],
  ],
  ["a\\-b\\:c\\/d\\_e", ["a-b:c/d_e"], []],
  ["a\\.b", ["a.b"], ["axb"]],
  ["(?i)abc", ["ABC", "abc"], []],
  ["a(?i)b|c", ["aB", "C", "c"], ["AB"]],
  ["(a(?i)b)c", ["aBc"], ["aBC"]],
  ["(?i:a)b", ["Ab"], ["AB"]],
  ["(?-s).", ["a"], ["\n"]],
  ["(?P<x>a)(?<y>b)", ["ab"], []],
  ["[[:alpha:]]+[[:digit:]]", ["ab1"], ["1"]],
  ["[]a]", ["]", "a"], ["b"]],
  ["[^]a]", ["b"], ["]"]],
  ["[a\\-z]", ["-"], ["b"]],
  ["x{,2}", ["x{,2}"], ["xx"]],
  ["x{1,2}", ["xx"], ["xxx"]],
  ["{}", ["{}"], []],
  ["\\Qa.b*\\E+", ["a.b*"], ["axbb"]],
  ["\\pL+", ["é"], ["1"]],
  ["\\p{Greek}", ["α"], ["a"]],
  ["\\x41\\x{1F600}", ["A😀"], []],
  ["\\d+\\s\\w", ["12 a"], []],
  ["\\Aa\\z", ["a"], ["b"]],
];

for (const [pattern, accepts, rejects] of matching)
  test(`the pattern ${JSON.stringify(pattern)}`, () => {
    const compiled = compileRegexp(pattern);
    assert.ok(compiled.kind === "compiled", JSON.stringify(compiled));
    for (const text of accepts) assert.ok(compiled.regexp.test(text), `accepts ${text}`);
    for (const text of rejects) assert.ok(!compiled.regexp.test(text), `rejects ${text}`);
  });

const malformed: readonly (readonly [pattern: string, why: string])[] = [
  ["(", "missing closing )"],
  ["a)", "unexpected )"],
  ["[a", "missing closing ]"],
  ["*", "Nothing to repeat"],
  ["a\\", "trailing backslash at end"],
  ["(?=a)", "(?=a is not supported"],
  ["(?<!a)b", "(?<! is not supported"],
  ["(a)\\1", "back-reference \\1 is not supported"],
  ["\\y", "invalid escape sequence \\y"],
  ["[[:foo:]]", "invalid character class range [:foo:]"],
];

for (const [pattern, why] of malformed)
  test(`the pattern ${JSON.stringify(pattern)} is refused`, () => {
    const message = `invalid regular expression ${JSON.stringify(pattern)}: ${why}`;
    assert.deepEqual(compileRegexp(pattern), { kind: "malformed", message });
  });
