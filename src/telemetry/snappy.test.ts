import assert from "node:assert/strict";
import { test } from "node:test";
import { compress } from "snappyjs";
import { seededRandom } from "../lib/random.ts";
import { SnappyError, uncompressSnappy } from "./snappy.ts";

const limit = 1 << 20;

test("what another implementation compresses is read back", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  for (let run = 0; run < 100; run++) {
    const letters = 1 + Math.floor(random() * 256);
    const length = Math.floor(random() ** 4 * 200_000);
    const data = Buffer.alloc(length);
    for (let at = 0; at < length; at++) data[at] = Math.floor(random() * letters);
    assert.ok(uncompressSnappy(compress(data), limit).equals(data), `seed ${seed}`);
  }
});

const blocks: readonly (readonly [it: string, block: readonly number[], text: string])[] = [
  ["nothing", [0], ""],
  ["a literal", [3, 8, 97, 98, 99], "abc"],
  ["a literal with its length in two bytes", [3, 0xf4, 2, 0, 97, 98, 99], "abc"],
  ["a copy that repeats itself", [8, 0, 97, 0x0d, 1], "aaaaaaaa"],
  [
    "copies with offsets of two and of four bytes",
    [7, 4, 97, 98, 0x0a, 2, 0, 0x07, 1, 0, 0, 0],
    "ababaaa",
  ],
];

for (const [it, block, text] of blocks)
  test(`reads ${it}`, () => {
    assert.equal(uncompressSnappy(Uint8Array.from(block), limit).toString(), text);
  });

const faults: readonly (readonly [it: string, block: readonly number[], message?: string])[] = [
  ["nothing at all", []],
  ["a length that does not end", [0xff, 0xff, 0xff]],
  ["a length beyond 32 bits", [0xff, 0xff, 0xff, 0xff, 0x7f]],
  ["less than it says", [4, 8, 97, 98, 99]],
  ["more than it says", [2, 8, 97, 98, 99]],
  ["a literal that is cut off", [3, 8, 97, 98]],
  ["a literal whose length is cut off", [3, 0xf4, 2]],
  ["a literal of 4 GiB", [10, 0xfc, 0xf9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]],
  ["a copy from before the beginning", [5, 0, 97, 0x01, 2]],
  ["a copy from a negative offset", [5, 0, 97, 0x0f, 0xff, 0xff, 0xff, 0xff]],
  ["a copy from nowhere", [5, 0, 97, 0x01, 0]],
  ["a copy past the end", [4, 0, 97, 0x0d, 1]],
  ["a copy that is cut off", [5, 0, 97, 0x02, 1]],
  [
    "more than is allowed",
    [0xff, 0xff, 0xff, 0x7f],
    "decoded size 268435455 bytes exceeds the limit of 1048576 bytes",
  ],
];

for (const [it, block, message = "corrupt input"] of faults)
  test(`refuses ${it}`, () => {
    assert.throws(() => uncompressSnappy(Uint8Array.from(block), limit), new SnappyError(message));
  });
