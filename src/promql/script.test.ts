// Runs the scripts of `scripts/`, which are of our own writing: data, queries, and what they should
// give by the definition of the language.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parseScript } from "./script.ts";
import { formatFailure, runScript } from "./script-run.ts";

const folder = new URL("./scripts/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".test"));

for (const name of names)
  test(`script ${name}`, () => {
    const parsed = parseScript(readFileSync(new URL(name, folder), "utf8"));
    if (parsed.kind === "malformed")
      assert.fail(
        parsed.faults.map(({ line, message }) => `${name}:${line}: ${message}`).join("\n"),
      );
    const { evaluations, failures } = runScript(parsed.script);
    assert.ok(evaluations > 0, "it evaluates something");
    assert.equal(failures.map((failure) => formatFailure(name, failure)).join("\n"), "");
  });
