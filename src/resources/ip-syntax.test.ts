import assert from "node:assert/strict";
import { test } from "node:test";
import { isIPv4, isIPv6 } from "./ip-syntax.ts";

const v4 = ["0.0.0.0", "127.128.7.9", "255.255.255.255"];
const v6 = ["::", "::1", "2001:db8::ffff", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "FE80::a"];
const neither = ["", "None", "1.2.3", "1.2.3.256", "01.2.3.4", "1:2:3", "1::2::3", "g::1", ":1:2"];

test("addresses are told apart", () => {
  for (const text of v4) assert.deepEqual([text, isIPv4(text), isIPv6(text)], [text, true, false]);
  for (const text of v6) assert.deepEqual([text, isIPv4(text), isIPv6(text)], [text, false, true]);
  for (const text of neither)
    assert.deepEqual([text, isIPv4(text), isIPv6(text)], [text, false, false]);
});
