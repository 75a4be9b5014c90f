// Bodies of remote write 1.0 requests, to feed ourselves and others the same samples.
import protobuf from "protobufjs/minimal.js";
import { compress } from "snappyjs";
import type { Labels } from "../src/metrics/labels.ts";

export type WrittenSeries = {
  readonly labels: Labels;
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
};

/** A WriteRequest: `repeated TimeSeries { repeated Label, repeated Sample }`, in snappy's block format. */
export function writeRequestBody(series: readonly WrittenSeries[]): Uint8Array<ArrayBuffer> {
  const writer = protobuf.Writer.create();
  for (const { labels, timesMs, values } of series) {
    writer.uint32(field(1)).fork();
    for (const name of Object.keys(labels).toSorted()) {
      writer.uint32(field(1)).fork();
      writer.uint32(field(1)).string(name);
      writer.uint32(field(2)).string(labels[name] ?? "");
      writer.ldelim();
    }
    for (const [index, timeMs] of timesMs.entries()) {
      writer.uint32(field(2)).fork();
      writer.uint32(fixed64(1)).double(values[index] ?? NaN);
      writer.uint32(varint(2)).int64(timeMs);
      writer.ldelim();
    }
    writer.ldelim();
  }
  return new Uint8Array(compress(writer.finish()));
}

// A key is the field's number and its wire type: 0 for a varint, 1 for eight bytes, 2 for what has a length.
const field = (number: number): number => (number << 3) | 2;
const varint = (number: number): number => number << 3;
const fixed64 = (number: number): number => (number << 3) | 1;
