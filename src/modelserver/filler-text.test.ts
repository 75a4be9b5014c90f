import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { fillerPieces } from "./filler-text.ts";

test("as many pieces as asked for, the same for the same seed", () => {
  for (const count of [1, 7, 100]) {
    const pieces = fillerPieces(seededRandom(3), count);
    assert.equal(pieces.length, count);
    assert.ok(pieces.every((piece) => piece !== ""));
    assert.deepEqual(pieces, fillerPieces(seededRandom(3), count));
  }
  assert.notDeepEqual(fillerPieces(seededRandom(3), 20), fillerPieces(seededRandom(4), 20));
});

test("it reads as lines of words", () => {
  const text = fillerPieces(seededRandom(3), 60).join("");
  assert.match(text, /^[A-Z]\w*( \w+)+[,.]\n[A-Z]/);
  assert.doesNotMatch(text, / {2}|\n /);
});
