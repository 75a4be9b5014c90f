// Writes remote-write bodies as a sender does, for tests and benchmarks: with the encoders of others, so
// that what we read was not written by us.
import { Writer } from "protobufjs/minimal.js";
import { compress } from "snappyjs";
import type { Labels } from "../metrics/labels.ts";

export type WrittenSample = {
  readonly timeMs: number;
  readonly value: number;
  readonly stale?: boolean;
};

export type SeriesToWrite = {
  /** In any order: they are sorted, as senders must. */
  readonly labels: Labels;
  readonly samples: readonly WrittenSample[];
};

export function writeRequestBody(series: readonly SeriesToWrite[]): Uint8Array {
  return compress(writeRequestMessage(series));
}

export function writeRequestMessage(series: readonly SeriesToWrite[]): Uint8Array {
  const writer = Writer.create();
  for (const { labels, samples } of series) {
    writer.uint32(tag(1)).fork();
    for (const name of Object.keys(labels).toSorted())
      writer
        .uint32(tag(1))
        .fork()
        .uint32(tag(1))
        .string(name)
        .uint32(tag(2))
        .string(labels[name] ?? "")
        .ldelim();
    for (const { timeMs, value, stale } of samples) {
      writer.uint32(tag(2)).fork().uint32(doubleTag);
      // By two halves: a number would not keep the bits that make the marker.
      if (stale) writer.fixed32(2).fixed32(0x7ff00000);
      else writer.double(value);
      writer.uint32(int64Tag).int64(timeMs).ldelim();
    }
    writer.ldelim();
  }
  return writer.finish();
}

const tag = (field: number): number => field * 8 + 2;
const doubleTag = 1 * 8 + 1;
const int64Tag = 2 * 8;
