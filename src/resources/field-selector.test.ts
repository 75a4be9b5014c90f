import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesFieldSelector, parseFieldSelector } from "./field-selector.ts";

const event = {
  metadata: { name: "qwen.17", namespace: "default" },
  involvedObject: { kind: "Pod", name: "qwen" },
  reason: "Killing, softly",
  count: 3,
};

const cases: readonly [text: string, matches: boolean][] = [
  ["", true],
  ["metadata.name=qwen.17", true],
  ["metadata.name==qwen.17,involvedObject.kind=Pod", true],
  ["involvedObject.kind!=Pod", false],
  ["involvedObject.uid=", true],
  ["involvedObject.uid!=", false],
  ["count=3", true],
  ["reason=Killing\\, softly", true],
  ["reason=Killing", false],
];

for (const [text, matches] of cases)
  test(`--field-selector '${text}' ${matches ? "matches" : "does not match"}`, () => {
    const parsed = parseFieldSelector(text);
    assert.ok(parsed.kind === "parsed");
    assert.equal(matchesFieldSelector(parsed.selector, event), matches);
  });

test("a term without an operator is refused", () =>
  assert.deepEqual(parseFieldSelector("metadata.name=a,reason"), {
    kind: "malformed",
    message: "invalid selector: 'metadata.name=a,reason'; can't understand 'reason'",
  }));
