// Patterns in Go's dialect: what they match, and how those are refused that Go refuses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { goPattern } from "./go-pattern.ts";

const matching: readonly (readonly [
  pattern: string,
  fits: readonly string[],
  not: readonly string[],
])[] = [
  ["^a+$", ["a", "aa"], ["", "b"]],
  ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", ["a-b", "a"], ["-a", "a_b"]],
  ["^(?i)abc$", ["ABC", "abc"], ["abd"]],
  ["(?i)^abc$", ["ABC"], ["abd"]],
  ["^a(?i)b$|^c$", ["aB", "C"], ["AB"]],
  ["^(a(?i)b|c)d$", ["aBd", "Cd"], ["aBD"]],
  ["^x(?i:abc)$", ["xABC"], ["XABC"]],
  ["^(?P<name>a)$", ["a"], ["b"]],
  ["\\Aa\\z", ["a"], ["a\n", "ba"]],
  ["^a.c$", ["abc", "a\rc", "a😀c"], ["a\nc"]],
  ["(?s)^a.c$", ["a\nc"], ["abbc"]],
  ["(?m)^b$", ["a\nb\nc"], ["ab"]],
  ["^[[:alpha:]]+$", ["aZ"], ["a1"]],
  ["^[^[:digit:]]$", ["a", "😀"], ["1"]],
  ["^[]a]+$", ["]a"], ["b"]],
  ["^[a\\-z]+$", ["a-z"], ["b"]],
  ["^a{2}$", ["aa"], ["a"]],
  ["^{a}$", ["{a}"], ["a"]],
  ["^a{,2}$", ["a{,2}"], ["a"]],
  ["^\\p{Greek}+$", ["αβ"], ["ab"]],
  ["^\\pL$", ["ä"], ["1"]],
  ["^[\\p{Lu}_]$", ["A", "_"], ["a"]],
  ["^\\Qa.b\\E$", ["a.b"], ["axb"]],
  ["^\\x41\\x{1F600}$", ["A😀"], ["A"]],
  ["^\\_\\-\\/$", ["_-/"], ["a"]],
  ["^\\d+(\\.\\d+)*$", ["1.2.3"], ["1."]],
  ["^[\\w\\.]+$", ["a.b"], ["a-b"]],
  ["^[^\\s]+$", ["ab"], ["a b"]],
  ["^a??b$", ["ab", "b"], ["aab"]],
];

test("patterns match as in Go", () => {
  for (const [source, fits, not] of matching) {
    const pattern = goPattern(source);
    assert.equal(pattern.kind, "pattern", `${source}: ${JSON.stringify(pattern)}`);
    if (pattern.kind !== "pattern") continue;
    for (const text of fits) assert.ok(pattern.regExp.test(text), `${source} on ${text}`);
    for (const text of not) assert.ok(!pattern.regExp.test(text), `${source} not on ${text}`);
  }
});

const refused: readonly (readonly [pattern: string, problem: string])[] = [
  ["[a", "error parsing regexp: missing closing ]: `[a`"],
  ["(a", "error parsing regexp: missing closing ): `(a`"],
  ["a)", "error parsing regexp: unexpected ): `a)`"],
  ["*a", "error parsing regexp: missing argument to repetition operator: `*`"],
  ["a**", "error parsing regexp: invalid nested repetition operator: `**`"],
  ["(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"],
  ["(?<!a)b", "error parsing regexp: invalid or unsupported Perl syntax: `(?<`"],
  ["(a)\\1", "error parsing regexp: invalid escape sequence: `\\1`"],
  ["[z-a]", "error parsing regexp: invalid character class range: `z-a`"],
  ["a{1001}", "error parsing regexp: invalid repeat count: `{1001}`"],
  ["(?U)a", "the flag U of (?U) is not supported"],
  ["\\p{Klingon}", "error parsing regexp: invalid character class range: `\\p{Klingon}`"],
  ["\\y", "error parsing regexp: invalid escape sequence: `\\y`"],
];

test("what Go refuses is refused in its words", () => {
  for (const [source, problem] of refused)
    assert.deepEqual(goPattern(source), { kind: "problem", problem }, source);
});

test("a pattern that backtracks without end is answered at once", { timeout: 10_000 }, () => {
  const pattern = goPattern("^(a+)+$");
  assert.ok(pattern.kind === "pattern" && !pattern.regExp.test(`${"a".repeat(60)}b`));
});
