import assert from "node:assert/strict";
import { test } from "node:test";
import { integerOption, readOptions } from "./options.ts";
import { UserError } from "../lib/user-error.ts";

const options = { port: { type: "string", default: "1" } } as const;

test("command lines that cannot be meant are refused in a sentence", () => {
  const cases = [
    { args: ["--prot", "2"], message: /^Unknown option '--prot'; --help lists the options$/ },
    { args: ["--port"], message: /^Option '--port <value>' argument missing; --help/ },
    { args: ["stray"], message: /^Unexpected argument 'stray'/ },
  ];
  for (const { args, message } of cases)
    assert.throws(
      () => readOptions(args, options),
      (error) => error instanceof UserError && message.test(error.message),
      args.join(" "),
    );
  assert.equal(readOptions(["--port", "2"], options).port, "2");
});

test("integers are read whole and inside their range", () => {
  const range = { min: 0, max: 65_535 };
  assert.equal(integerOption("--port", "0", range), 0);
  assert.equal(integerOption("--port", "65535", range), 65_535);
  for (const text of ["", "-1", "1.5", "80x", "65536", " 1", "1e3"])
    assert.throws(
      () => integerOption("--port", text, range),
      { message: `--port takes a whole number from 0 to 65535, not "${text}"` },
      text,
    );
});
