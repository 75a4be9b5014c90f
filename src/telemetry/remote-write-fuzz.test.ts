// Bodies of remote write that are nearly right: whatever is sent, receiving it ends; what is rejected
// leaves the store as it was, and what is accepted is in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compress } from "snappyjs";
import { mutated, seedOf } from "../lib/mutation-fixture.ts";
import { seededRandom } from "../lib/random.ts";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { RemoteWriteReceiver } from "./remote-write-receiver.ts";
import { RemoteWriteError } from "./remote-write.ts";
import { SnappyError, uncompressSnappy } from "./snappy.ts";
import { writeRequestMessage } from "./write-request-fixture.ts";

const nowMs = 1_764_000_000_000;
const startMs = nowMs - 20 * 60_000;

/** Three series, two samples each, later with each round. */
function message(round: number): Buffer {
  return Buffer.from(
    writeRequestMessage(
      ["a", "b_total", "é"].map((name, index) => ({
        labels: { __name__: name, job: "agent", pod: `p-${index}` },
        samples: [0, 1].map((sample) => ({
          timeMs: startMs + round * 10 + sample,
          value: round / 3,
          stale: round % 7 === index,
        })),
      })),
    ),
  );
}

// Tags, lengths and numbers that mean something where they land.
const pieces = [
  "\x0a",
  "\x12",
  "\x09",
  "\x10",
  "\x22",
  "\x00",
  "\xff",
  "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
];
const more = [
  "\x0a\x00",
  "\x12\x00",
  "\x0a\x0d\x0a\x08__name__\x12\x01x",
  "\xfc\xfa\xff\xff\xff",
  "\x0b",
];

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

test("a body that is nearly right is taken whole or not at all", () => {
  const seed = seedOf(process.env, Math.random);
  const random = seededRandom(seed);
  const clock = new VirtualClock(nowMs);
  let store = new SeriesStore();
  let receiver = new RemoteWriteReceiver({ store, clock });
  let [good, bad] = [0, 0];
  for (let run = 0; run < 20_000; run++) {
    if (run % 20 === 0) {
      // A time that came out far ahead makes all that follows too late.
      store = new SeriesStore();
      receiver = new RemoteWriteReceiver({ store, clock });
    }
    const whole = message(run);
    const change = (bytes: Uint8Array): Buffer =>
      bytesOf(mutated(Buffer.from(bytes).toString("latin1"), [...pieces, ...more], random));
    const body = random() < 0.5 ? compress(change(whole)) : change(compress(whole));
    const shown = `seed ${seed}, run ${run}: ${Buffer.from(body).toString("base64")}`;
    const before = store.counts();
    try {
      const { stored, refused } = receiver.receive(body);
      good++;
      assert.equal(refused, 0, shown);
      const { samples } = store.counts();
      assert.ok(samples - before.samples <= stored, shown);
    } catch (error) {
      bad++;
      assert.ok(
        error instanceof RemoteWriteError || error instanceof SnappyError,
        `${shown}: ${String(error)}`,
      );
      assert.deepEqual(store.counts(), before, shown);
    }
  }
  assert.ok(good > 500 && bad > 500, `${good} bodies were good and ${bad} bad`);
});

test("a block that is nearly right is unpacked within its bounds", () => {
  const seed = seedOf(process.env, Math.random);
  const random = seededRandom(seed);
  const block = Buffer.from(compress(Buffer.concat([message(1), message(2)]))).toString("latin1");
  for (let run = 0; run < 50_000; run++) {
    const bytes = bytesOf(mutated(block, [...pieces, ...more], random));
    try {
      assert.ok(uncompressSnappy(bytes, 10_000).length <= 10_000);
    } catch (error) {
      assert.ok(error instanceof SnappyError, `seed ${seed}, run ${run}: ${String(error)}`);
    }
  }
});

const large: readonly (readonly [it: string, message: Buffer])[] = [
  ["empty series", Buffer.alloc(16 << 20, "\x0a\x00")],
  ["empty labels", bytesOf(`\x0a\x80\x80\x80\x04${"\x0a\x00".repeat(4 << 20)}`)],
  [
    "empty samples",
    bytesOf(`\x0a\x8f\x80\x80\x04\x0a\x0d\x0a\x08__name__\x12\x01x${"\x12\x00".repeat(4 << 20)}`),
  ],
  ["nothing but zeros", Buffer.alloc(16 << 20)],
];

for (const [it, bytes] of large)
  test(`the largest body is refused in time: ${it}`, () => {
    const store = new SeriesStore();
    const receiver = new RemoteWriteReceiver({ store, clock: new VirtualClock(nowMs) });
    const beganMs = performance.now();
    assert.throws(() => receiver.receive(compress(bytes)), RemoteWriteError);
    assert.ok(performance.now() - beganMs < 20_000);
    assert.equal(store.counts().series, 0);
  });
