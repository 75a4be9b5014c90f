// The public JavaScript client library against `dunlin up`; javascript-client.js says what it does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram, startDunlin } from "../dunlin.ts";
import { hasClients } from "./programs.ts";

test("the JavaScript client library", async (t) => {
  if (!hasClients(t)) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const script = fileURLToPath(new URL("javascript-client.js", import.meta.url));
  // Within a test run, Node's test runner would print for its parent and not for people.
  const { NODE_TEST_CONTEXT: _, ...env } = dunlin.env;
  const { code, stdout, stderr } = await runProgram(process.execPath, [script], env);
  assert.equal(code, 0, stdout + stderr);
});
