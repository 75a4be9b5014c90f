import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "./error-text.ts";

test("an error has something to say", () => {
  const refused = ["connect ECONNREFUSED ::1:9", "connect ECONNREFUSED 127.0.0.1:9"];
  for (const [error, expected] of [
    [new Error("no"), "no"],
    [new TypeError(""), "TypeError"],
    [new AggregateError(refused.map((each) => new Error(each))), refused.join("; ")],
    [new AggregateError([]), "AggregateError"],
    ["thrown as it is", "thrown as it is"],
  ] as const)
    assert.equal(messageOf(error), expected);
});
