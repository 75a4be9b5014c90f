import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { compileRegexp, type Regexp } from "./regexp.ts";

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
  ["(a|b|c)", ["a", "c"], ["(a", "abc", ""]],
  ["(?:a|)", ["a", ""], ["b"]],
  ["a|b|", ["a", "b", ""], ["c"]],
  ["(a|b)|(c)", ["a", "c"], ["b)|(c", ""]],
  ["pod-.*", ["pod-", "pod-1\n2"], ["pod", "xpod-"]],
  ["pod-.+", ["pod-1"], ["pod-"]],
  [".*", ["", "a\nb"], []],
  [".+", ["a"], [""]],
  ["a.*|b", ["ab", "b"], ["bb"]],
  ["a.*?", ["a", "ab"], ["b"]],
  ["\\.\\*", [".*"], ["a"]],
];

for (const [pattern, accepts, rejects] of matching)
  test(`the pattern ${JSON.stringify(pattern)}`, () => {
    const regexp = regexpOf(pattern);
    // Twice, because the second answer is remembered.
    for (const _ of ["asked", "asked again"]) {
      for (const text of accepts) assert.equal(regexp.test(text), true, `accepts ${text}`);
      for (const text of rejects) assert.equal(regexp.test(text), false, `rejects ${text}`);
    }
    for (const text of accepts) assert.equal(regexp.exec(text)?.[0], text);
    for (const text of rejects) assert.equal(regexp.exec(text), null);
  });

function regexpOf(pattern: string): Regexp {
  const compiled = compileRegexp(pattern);
  assert.ok(compiled.kind === "compiled", JSON.stringify(compiled));
  return compiled.regexp;
}

test("groups are told by number and by name", () => {
  const match = regexpOf("(?P<name>[a-z]+)-(\\d+)(x)?").exec("qwen-12");
  assert.deepEqual([...(match ?? [])], ["qwen-12", "qwen", "12", undefined]);
  assert.deepEqual({ ...match?.groups }, { name: "qwen" });
  assert.deepEqual([...(regexpOf("(a|b)").exec("b") ?? [])], ["b", "b"]);
});

test("a pattern that lists texts says so", () => {
  for (const [pattern, literals] of [
    ["a|b|a", ["a", "b"]],
    ["(a\\.b|c)", ["a.b", "c"]],
    ["", [""]],
    ["a.*", undefined],
    ["[a]", undefined],
  ] as const)
    assert.deepEqual(regexpOf(pattern).literals, literals, pattern);
});

const malformed: readonly (readonly [pattern: string, message: string])[] = [
  ["(", "missing closing ): `(`"],
  ["a)", "unexpected ): `a)`"],
  ["(?s)(", "missing closing ): `(?s)(`"],
  ["(a\\)", "missing closing ): `(a\\)`"],
  ["[a", "missing closing ]: `[a`"],
  ["*", "missing argument to repetition operator: `*`"],
  ["a**", "invalid nested repetition operator: `**`"],
  ["a\\", "trailing backslash at end of expression"],
  ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(a)\\1", "invalid escape sequence: `\\1`"],
  ["\\y", "invalid escape sequence: `\\y`"],
  ["[[:foo:]]", "invalid character class range: `[:foo:]`"],
  ["x{1001}", "invalid repeat count: `{1001}`"],
];

test("a pattern that its counts blow up is refused before anything is built", () => {
  for (const pattern of ["((a{1000}){1000}){10}", "(a{1000}b{1000}){1}".repeat(3000)])
    assert.deepEqual(compileRegexp(pattern), {
      kind: "malformed",
      message: "error parsing regexp: expression too large",
    });
  assert.equal(compileRegexp("(ab|c){1000}").kind, "compiled");
});

for (const [pattern, message] of malformed)
  test(`the pattern ${JSON.stringify(pattern)} is refused in Go's words`, () =>
    assert.deepEqual(compileRegexp(pattern), {
      kind: "malformed",
      message: `error parsing regexp: ${message}`,
    }));

test("no pattern takes more than linear time", () => {
  const text = "a".repeat(50_000);
  for (const pattern of ["(a+)+b", "(a|aa)+b", "(((a*)*)*)*b", "(.*)(.*)(.*)(.*)(.*)x"]) {
    const regexp = regexpOf(pattern);
    assert.equal(regexp.test(text), false);
    assert.equal(regexp.exec(text), null);
  }
});

test("random patterns match as JavaScript's do, where the two languages are the same", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  const pick = (choices: readonly string[]): string =>
    choices[Math.floor(random() * choices.length)] ?? "";
  const several = (choices: readonly string[], most: number): string =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(choices)).join("");
  const pieces = [
    "a",
    "b",
    "c",
    "|",
    "(a|b)",
    "(?:c|)",
    "[ab]",
    "[^a]",
    ".*",
    ".+",
    ".",
    "a?",
    "b*",
    "\\.",
  ];
  for (let run = 0; run < 500; run++) {
    const pattern = several(pieces, 5);
    const regexp = regexpOf(pattern);
    const other = new RegExp(`^(?:${pattern})$`, "su");
    for (let turn = 0; turn < 10; turn++) {
      const text = several(["a", "b", "c", ".", "\n", "😀"], 4);
      assert.equal(
        regexp.test(text),
        other.test(text),
        `SEED=${seed}: ${pattern} on ${JSON.stringify(text)}`,
      );
    }
  }
});
