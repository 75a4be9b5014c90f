import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, firstInvalidLine } from "./utf8.ts";

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))),
  );

test("valid UTF-8 becomes text, whatever its characters", () => {
  const page = 'a{b="é😀\0"} 1\n';
  assert.equal(decodeUtf8(bytes(page)), page);
  assert.equal(decodeUtf8(bytes()), "");
  assert.equal(decodeUtf8(bytes("\ufeff")), "\ufeff");
});

const invalid: readonly (readonly [it: string, page: Uint8Array, line: number])[] = [
  ["a lone byte in the second line", bytes("a 1\nb", 0xff, " 2\nc 3\n"), 2],
  ["a character that is cut off by the end", bytes("a 1\nb 1\n", 0xe2, 0x82), 3],
  ["a character that is cut off by a line's end", bytes("a", 0xc3, "\nb 1\n"), 1],
  ["half of a surrogate pair", bytes("a 1\n", 0xed, 0xa0, 0x80), 2],
  ["a slash in two bytes", bytes("a 1\n", 0xc0, 0xaf), 2],
];

for (const [it, page, line] of invalid)
  test(`the line is told of ${it}`, () => {
    assert.equal(decodeUtf8(page), undefined);
    assert.equal(firstInvalidLine(page), line);
  });
