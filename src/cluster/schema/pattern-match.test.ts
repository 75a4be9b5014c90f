// Patterns that would take longer than anybody waits, and that V8 cannot match in linear time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { goPattern } from "./go-pattern.ts";
import { allMatches, firstMatch, patternMatches, type Pattern } from "./pattern-match.ts";

function patternOf(source: string): Pattern {
  const pattern = goPattern(source);
  assert.ok(pattern.kind === "pattern", source);
  return pattern;
}

const explosive = ["(?i)^(a+)+$", "(?m)^(a+)+$", "^([a-z0-9]{1,63}\\.?)+$", "^(\\pL+)+$"];

for (const source of explosive)
  test(`${source} is answered where it can be, and given up where not`, async () => {
    const pattern = patternOf(source);
    assert.equal(pattern.isBounded, false);
    assert.ok(patternMatches(pattern, "aaa"));
    assert.equal(firstMatch(pattern, "aaa"), "aaa");
    assert.deepEqual(allMatches(pattern, "aaa", -1), ["aaa"]);
    const endless = `${"a".repeat(60)}!`;
    assert.throws(() => patternMatches(pattern, endless), {
      name: "RangeError",
      message: /^matching 61 characters with the pattern .* takes too long$/,
    });
    // However many there are of them, others get their turn, and then all is as before.
    for (let text = 0; text < 10_000; text++)
      assert.throws(() => patternMatches(pattern, endless), RangeError);
    await nextTurn();
    assert.ok(patternMatches(pattern, "aaa"));
  });

test("most patterns need nobody to look on", () => {
  for (const source of [
    "^(a+)+$",
    "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
    "(?i)^v[0-9]+$",
    "\\A(a|b)*\\z",
    "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
  ])
    assert.ok(patternOf(source).isBounded, source);
});
