import assert from "node:assert/strict";
import { test } from "node:test";
import { Writer } from "protobufjs/minimal.js";
import { readLabels, readWriteRequest, RemoteWriteError } from "./remote-write.ts";
import { writeRequestMessage } from "./write-request-fixture.ts";

const bytes = (field: number): number => field * 8 + 2;
const message = (write: (writer: Writer) => Writer): Buffer =>
  Buffer.from(write(Writer.create()).finish());
const inField = (field: number, write: (writer: Writer) => Writer) => (writer: Writer) =>
  write(writer.uint32(bytes(field)).fork()).ldelim();
const label = (name: string, value: string) =>
  inField(1, (writer) => writer.uint32(bytes(1)).string(name).uint32(bytes(2)).string(value));

test("series, times, values and markers are read", () => {
  const odd = [0, -0, 5e-324, -1.5, 2 ** 53 + 2, 1e308, Infinity, -Infinity, NaN];
  const request = readWriteRequest(
    Buffer.from(
      writeRequestMessage([
        {
          labels: { __name__: "a", é: "😀" },
          samples: [
            { timeMs: 1, value: 1 },
            { timeMs: 2, value: 0, stale: true },
          ],
        },
        { labels: { __name__: "b" }, samples: odd.map((value, timeMs) => ({ timeMs, value })) },
        { labels: { __name__: "c" }, samples: [] },
      ]),
    ),
  );
  assert.deepEqual(
    request.series.map(({ labelBytes, first, end }) => [readLabels(labelBytes), first, end]),
    [
      [{ __name__: "a", é: "😀" }, 0, 2],
      [{ __name__: "b" }, 2, 2 + odd.length],
      [{ __name__: "c" }, 2 + odd.length, 2 + odd.length],
    ],
  );
  assert.deepEqual(request.values.slice(2), odd);
  assert.deepEqual([...request.stale], [1]);
});

test("times reach from the least to the greatest whole number", () => {
  const times = [0, 1, -1, 127, 128, 1.7e12, -1.7e12, 2 ** 53 - 1, -(2 ** 53 - 1)];
  const samples = times.map((timeMs) => ({ timeMs, value: 1 }));
  const { timesMs } = readWriteRequest(
    Buffer.from(writeRequestMessage([{ labels: { __name__: "a" }, samples }])),
  );
  assert.deepEqual(timesMs, times);
});

test("fields may come in any order, be left out where they are 0, and be unknown", () => {
  const read = readWriteRequest(
    message(
      inField(1, (writer) =>
        label(
          "b",
          "c",
        )(
          inField(2, (sample) => sample.uint32(16).int64(7))(
            label(
              "__name__",
              "a",
            )(
              writer
                .uint32(9 * 8 + 5)
                .fixed32(1)
                .uint32(10 * 8)
                .uint64(1)
                .uint32(bytes(3))
                .string("an exemplar"),
            ),
          ),
        ),
      ),
    ),
  );
  assert.deepEqual([read.timesMs, read.values], [[7], [0]]);
  assert.deepEqual(readLabels(read.series[0]?.labelBytes ?? ""), { __name__: "a", b: "c" });
});

test("metadata is passed over", () => {
  const read = readWriteRequest(message(inField(3, (writer) => writer.uint32(8).uint32(1))));
  assert.deepEqual(read.series, []);
});

const faults: readonly (readonly [it: string, message: Buffer, reason: string])[] = [
  [
    "a message that is cut off",
    Buffer.of(10, 5, 1),
    "invalid protobuf: unexpected end of the message",
  ],
  ["a tag that is cut off", Buffer.of(0x80), "invalid protobuf: unexpected end of the message"],
  ["a number without end", Buffer.alloc(20, 0xff), "invalid protobuf: a number is too long"],
  ["a group", Buffer.of(11), "invalid protobuf: wire type 3"],
  ["field number 0", Buffer.of(2, 0), "invalid protobuf: field number 0"],
  [
    "what is longer than the field that it is in",
    Buffer.of(10, 2, 10, 5, 1, 1, 1, 1, 1),
    "invalid protobuf: unexpected end of the message",
  ],
  [
    "a native histogram",
    message(inField(1, (writer) => writer.uint32(bytes(4)).string("x"))),
    "native histograms are not supported: set send_native_histograms to false in remote_write",
  ],
];

for (const [it, body, reason] of faults)
  test(`refuses ${it}`, () => {
    assert.throws(() => readWriteRequest(body), new RemoteWriteError(reason));
  });

const name = label("__name__", "a");
const labelFaults: readonly (readonly [
  it: string,
  write: (writer: Writer) => Writer,
  reason: string,
])[] = [
  ["no name", label("b", "c"), 'a series has no __name__: {"b":"c"}'],
  ["an empty name", label("__name__", ""), "a series has no __name__: {}"],
  ["a label without a name", (writer) => label("", "c")(name(writer)), "a label has no name"],
  ["a label twice", (writer) => name(name(writer)), 'label name "__name__" is not unique'],
  [
    "labels out of order",
    (writer) => label("b", "")(label("c", "d")(name(writer))),
    'labels are not sorted: "b" comes after "c"',
  ],
  [
    "a value that is not UTF-8",
    inField(1, (writer) =>
      writer.uint32(bytes(1)).string("__name__").uint32(bytes(2)).bytes(Buffer.of(0xff)),
    ),
    "value of label __name__ is not valid UTF-8",
  ],
];

for (const [it, write, reason] of labelFaults)
  test(`refuses labels with ${it}`, () => {
    assert.throws(() => {
      const { series } = readWriteRequest(message(inField(1, write)));
      readLabels(series[0]?.labelBytes ?? "");
    }, new RemoteWriteError(reason));
  });
