import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRegexp } from "./regexp.ts";
import { regexpTemplate } from "./regexp-template.ts";

const filled: readonly (readonly [template: string, text: string])[] = [
  ["", ""],
  ["plain", "plain"],
  ["$1", "qwen"],
  ["${1}x", "qwenx"],
  ["$1x", ""],
  ["$name-$2", "qwen-7"],
  ["$3$4$none", ""],
  ["$$1 $", "$1 $"],
  ["$0", "qwen-7"],
  ["${a b}", "${a b}"],
];

for (const [template, text] of filled)
  test(`the template ${JSON.stringify(template)}`, () => {
    const compiled = compileRegexp("(?P<name>[a-z]+)-([0-9])(x)?");
    assert.ok(compiled.kind === "compiled");
    const match = compiled.regexp.exec("qwen-7");
    assert.ok(match);
    assert.equal(regexpTemplate(template)(match), text);
  });
