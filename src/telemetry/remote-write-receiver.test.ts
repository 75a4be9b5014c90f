import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { SeriesStore, type StoreLimits } from "../metrics/series-store.ts";
import { RemoteWriteReceiver } from "./remote-write-receiver.ts";
import { RemoteWriteError } from "./remote-write.ts";
import {
  writeRequestBody,
  type SeriesToWrite,
  type WrittenSample,
} from "./write-request-fixture.ts";

const nowMs = 1_764_000_000_000;
const minute = 60_000;

type Sample = readonly [timeMs: number, value: number | "stale"];
const written = ([timeMs, value]: Sample): WrittenSample =>
  value === "stale" ? { timeMs, value: NaN, stale: true } : { timeMs, value };
const series = (name: string, ...samples: readonly Sample[]): SeriesToWrite => ({
  labels: { __name__: name, job: "agent" },
  samples: samples.map(written),
});

function receiving(limits: Partial<StoreLimits> = {}) {
  const store = new SeriesStore(limits);
  const receiver = new RemoteWriteReceiver({ store, clock: new VirtualClock(nowMs) });
  return {
    store,
    receiver,
    push: (...all: readonly SeriesToWrite[]) => receiver.receive(writeRequestBody(all)),
    /** All samples of all series, by name. */
    content: () =>
      Object.fromEntries(
        store.select([], -Infinity, Infinity).map((each) => {
          const { timesMs, values, stale } = each.run(-Infinity, Infinity);
          const samples = [...timesMs].map((time, index) => [
            time - nowMs,
            stale[index] === 1 ? "stale" : values[index],
          ]);
          return [each.labels["__name__"], samples];
        }),
      ),
  };
}

test("what is pushed is in the store, with its markers of staleness", () => {
  const { push, content, receiver } = receiving();
  const first = push(series("a", [nowMs - 1000, 1], [nowMs, 2]), series("b", [nowMs, 0.5]));
  assert.deepEqual(first, { stored: 3, refused: 0 });
  push(series("a", [nowMs + 1000, "stale"]), series("b", [nowMs + 1000, NaN]));
  assert.deepEqual(content(), {
    a: [
      [-1000, 1],
      [0, 2],
      [1000, "stale"],
    ],
    b: [
      [0, 0.5],
      [1000, NaN],
    ],
  });
  const samples = { storedSamples: 5, refusedSamples: 0 };
  assert.deepEqual(receiver.counts(), {
    requests: 2,
    rejectedRequests: 0,
    ...samples,
    knownSeries: 2,
  });
});

test("a body that was sent before is taken again without harm", () => {
  const { push, content } = receiving();
  const body = [series("a", [nowMs, 1]), series("b", [nowMs, "stale"])];
  push(...body);
  assert.deepEqual(push(...body), { stored: 2, refused: 0 });
  assert.deepEqual(content(), { a: [[0, 1]], b: [[0, "stale"]] });
});

const refused: readonly (readonly [it: string, reason: string, samples: readonly Sample[]])[] = [
  ["an older sample", "out of order sample", [[nowMs - 1, 1]]],
  ["another value for the same time", "duplicate sample for timestamp", [[nowMs, 2]]],
  ["a marker for the time of a sample", "duplicate sample for timestamp", [[nowMs, "stale"]]],
  [
    "samples out of order",
    "out of order sample",
    [
      [nowMs + 2, 1],
      [nowMs + 1, 1],
    ],
  ],
  [
    "two samples of one time",
    "duplicate sample for timestamp",
    [
      [nowMs + 1, 1],
      [nowMs + 1, 1],
    ],
  ],
  ["a sample older than the window", "too old sample", [[nowMs - 31 * minute, 1]]],
  ["a sample from far ahead", "out of bounds", [[nowMs + 11 * minute, 1]]],
  ["a time in nanoseconds", "out of bounds", [[nowMs * 1e6, 1]]],
  ["a time before all times", "out of bounds", [[-(2 ** 63), 1]]],
];

for (const [it, reason, samples] of refused)
  test(`${it} is refused, and with it the whole body`, () => {
    const { push, content, receiver } = receiving();
    push(series("a", [nowMs, 1]));
    assert.throws(
      () => push(series("good", [nowMs, 1]), series("a", ...samples), series("fine", [nowMs, 1])),
      (error) =>
        error instanceof RemoteWriteError &&
        error.message.startsWith(`${reason}: a{job="agent"} at `),
    );
    assert.deepEqual(content(), { a: [[0, 1]] });
    assert.equal(receiver.counts().rejectedRequests, 1);
    assert.deepEqual(push(series("good", [nowMs, 1])), { stored: 1, refused: 0 });
  });

test("a series that a body holds twice has to be in order across the two", () => {
  const { push, content } = receiving();
  assert.throws(() => push(series("a", [nowMs, 1]), series("a", [nowMs - 1, 1])), /out of order/);
  push(series("a", [nowMs, 1]), series("a", [nowMs + 1, 2]));
  assert.deepEqual(content(), {
    a: [
      [0, 1],
      [1, 2],
    ],
  });
});

test("a body that spans more than the window holds samples that are too old", () => {
  const { push, content } = receiving();
  const old = series("b", [nowMs - 31 * minute, 1]);
  assert.throws(() => push(old, series("a", [nowMs, 1])), /^Error: too old sample: b/);
  assert.deepEqual(content(), {});
});

test("where there is no room for more series, the others are stored", () => {
  const { push, content, receiver } = receiving({ maxSeries: 4 });
  const exploding = Array.from({ length: 10 }, (_, index) => series(`x${index}`, [nowMs, 1]));
  const other = { ...series("other", [nowMs, 1]), labels: { __name__: "other", job: "b" } };
  assert.deepEqual(push(...exploding, other), { stored: 3, refused: 8 });
  assert.deepEqual(Object.keys(content()), ["x0", "x1", "other"]);
  assert.equal(receiver.counts().refusedSamples, 8);
});

test("a series that the store has let go of comes back", () => {
  const { push, content } = receiving({ windowMs: minute });
  push(series("a", [nowMs - 20 * minute, 1]));
  push(series("b", [nowMs - 10 * minute, 1]));
  push(series("b", [nowMs - 5 * minute, 1]));
  push(series("b", [nowMs, 1]));
  assert.deepEqual(Object.keys(content()), ["b"]);
  push(series("a", [nowMs, 5]));
  assert.deepEqual(content()["a"], [[0, 5]]);
});

test("senders whose series come and go leave nothing behind", () => {
  const { push, store, receiver } = receiving({ windowMs: minute });
  for (let round = 0; round < 60; round++)
    push(
      ...Array.from({ length: 200 }, (_, index) =>
        series(`x${round}_${index}`, [nowMs - (60 - round) * minute, 1]),
      ),
    );
  const { knownSeries } = receiver.counts();
  assert.ok(store.counts().series <= 400, `${store.counts().series} series`);
  assert.ok(knownSeries < 2000, `${knownSeries} known of 12,000`);
});

test("series of long labels that the store has no room for are not remembered for long", () => {
  const { push, receiver } = receiving({ maxSeries: 10 });
  for (let index = 0; index < 50; index++) {
    const labels = { __name__: "a", job: "agent", text: `${index}`.repeat(50_000) };
    const { refused } = push({ labels, samples: [written([nowMs, 1])] });
    assert.equal(refused, 1);
  }
  const { knownSeries } = receiver.counts();
  assert.ok(knownSeries <= 20, `${knownSeries} known of 50`);
});

test("a body larger than allowed is refused before it is unpacked", () => {
  const { receiver } = receiving();
  assert.throws(
    () => receiver.receive(Uint8Array.of(0xff, 0xff, 0xff, 0x7f)),
    /decoded size 268435455 bytes exceeds the limit of 16777216 bytes/,
  );
});
