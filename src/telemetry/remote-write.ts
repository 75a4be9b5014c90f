// Reads the message of remote write 1.0, prometheus.WriteRequest in Protocol Buffers
// (https://prometheus.io/docs/specs/prw/remote_write_spec/). By hand and in columns, because senders
// repeat the labels with every sample: those are cut out as they are, for the receiver to recognise, and
// read only when they are new. Exemplars and metadata are passed over, as a Prometheus that receives
// does; native histograms are refused.
import { labelsOf, metricNameLabel, type Labels } from "../metrics/labels.ts";
import { decodeUtf8 } from "../metrics/utf8.ts";

/** What is wrong with a body; nothing of it may be used. */
export class RemoteWriteError extends Error {}

export type WriteRequest = {
  readonly series: readonly WrittenSeries[];
  /** Samples of all series, one after another. */
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
  /** Indices of the samples that are markers of staleness. */
  readonly stale: ReadonlySet<number>;
};

export type WrittenSeries = {
  /** The bytes of the labels' fields, one a character: equal for equal series of one sender. */
  readonly labelBytes: string;
  /** The series' samples are those from `first` up to, but without, `end`. */
  readonly first: number;
  readonly end: number;
};

/** `message` is uncompressed. Throws RemoteWriteError. */
export function readWriteRequest(message: Buffer): WriteRequest {
  const reader = new Reader(message);
  const series: WrittenSeries[] = [];
  const samples: Samples = { timesMs: [], values: [], stale: new Set() };
  while (reader.at < message.length) {
    const tag = reader.varint();
    if (tag === field(1, bytesType)) series.push(readSeries(reader, samples));
    else reader.skip(tag);
  }
  return { series, ...samples };
}

/**
 * The labels that a series' bytes stand for, without those whose value is empty. Throws
 * RemoteWriteError unless there is a name and the names are in order, each once, as the specification
 * demands.
 */
export function readLabels(labelBytes: string): Labels {
  const reader = new Reader(Buffer.from(labelBytes, "latin1"));
  const pairs: [name: string, value: string][] = [];
  let previous = "";
  while (reader.at < reader.bytes.length) {
    reader.varint();
    const [name, value] = readLabel(reader);
    if (name === "") throw new RemoteWriteError("a label has no name");
    if (pairs.length > 0 && compareUtf8(name, previous) <= 0)
      throw new RemoteWriteError(
        name === previous
          ? `label name ${JSON.stringify(name)} is not unique`
          : `labels are not sorted: ${JSON.stringify(name)} comes after ${JSON.stringify(previous)}`,
      );
    previous = name;
    pairs.push([name, value]);
  }
  const labels = labelsOf(pairs);
  if (!Object.hasOwn(labels, metricNameLabel))
    throw new RemoteWriteError(`a series has no ${metricNameLabel}: ${JSON.stringify(labels)}`);
  return labels;
}

type Samples = {
  readonly timesMs: number[];
  readonly values: number[];
  readonly stale: Set<number>;
};

// A field's tag is its number and the wire type of what follows.
const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;
const field = (number: number, type: number): number => number * 8 + type;

function readSeries(reader: Reader, samples: Samples): WrittenSeries {
  const end = reader.lengthDelimited();
  const first = samples.timesMs.length;
  let labelBytes = "";
  let labelsStart = reader.at;
  while (reader.at < end) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag === field(1, bytesType)) {
      reader.at = reader.lengthDelimited();
      continue;
    }
    // Labels come first and in one piece as a rule; nothing demands it.
    if (start > labelsStart) labelBytes += reader.bytes.toString("latin1", labelsStart, start);
    if (tag === field(2, bytesType)) readSample(reader, samples);
    else if (tag === field(4, bytesType))
      throw new RemoteWriteError(
        "native histograms are not supported: set send_native_histograms to false in remote_write",
      );
    else reader.skip(tag);
    labelsStart = reader.at;
  }
  if (reader.at > end) truncated();
  if (end > labelsStart) labelBytes += reader.bytes.toString("latin1", labelsStart, end);
  // At once, lest a body of nothing but such series fill the memory first.
  if (labelBytes === "") throw new RemoteWriteError("a series has no labels");
  return { labelBytes, first, end: samples.timesMs.length };
}

function readSample(reader: Reader, { timesMs, values, stale }: Samples): void {
  const end = reader.lengthDelimited();
  let value = 0;
  let timeMs = 0;
  let isStale = false;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === field(1, fixed64Type)) {
      isStale = reader.isStaleMarker();
      value = reader.double();
    } else if (tag === field(2, varintType)) timeMs = reader.int64();
    else reader.skip(tag);
  }
  if (reader.at > end) truncated();
  if (isStale) stale.add(values.length);
  timesMs.push(timeMs);
  values.push(value);
}

function readLabel(reader: Reader): [name: string, value: string] {
  const end = reader.lengthDelimited();
  let name = "";
  let value = "";
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === field(1, bytesType)) name = reader.text("label name");
    else if (tag === field(2, bytesType)) value = reader.text(`value of label ${name}`);
    else reader.skip(tag);
  }
  if (reader.at > end) truncated();
  return [name, value];
}

/** Go compares strings by bytes, JavaScript by UTF-16 units, which differ beyond U+FFFF. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function truncated(): never {
  throw new RemoteWriteError("invalid protobuf: unexpected end of the message");
}

class Reader {
  readonly bytes: Buffer;
  at = 0;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Up to 2^53, which no tag or length reaches. */
  varint(): number {
    const { bytes } = this;
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80; scale < 2 ** 49; scale *= 0x80) {
      if (this.at >= bytes.length) truncated();
      byte = bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RemoteWriteError("invalid protobuf: a number is too long");
  }

  /** Precise up to ±2^53; what is beyond stays beyond. */
  int64(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else if (shift < 63) high += bits * 2 ** (shift - 28);
      // The tenth byte holds the sign alone.
      else high = (bits & 1) === 1 ? high - 2 ** 35 : high;
      if (byte < 0x80) return high * 2 ** 28 + low;
    }
    throw new RemoteWriteError("invalid protobuf: a number is too long");
  }

  /** Where what the length that comes next announces will end. */
  lengthDelimited(): number {
    const length = this.varint();
    const end = this.at + length;
    return end <= this.bytes.length ? end : truncated();
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) truncated();
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** A NaN of its own among NaNs; by bytes, since a number does not keep its bits in JavaScript. */
  isStaleMarker(): boolean {
    if (this.at + 8 > this.bytes.length) return false;
    if (this.#view.getUint32(this.at + 4, true) !== 0x7ff00000) return false;
    return this.#view.getUint32(this.at, true) === 2;
  }

  text(what: string): string {
    const end = this.lengthDelimited();
    const text = decodeUtf8(this.bytes.subarray(this.at, end));
    if (text === undefined) throw new RemoteWriteError(`${what} is not valid UTF-8`);
    this.at = end;
    return text;
  }

  /** Passes over a field that we do not read. */
  skip(tag: number): void {
    const type = tag % 8;
    if (tag < 8) throw new RemoteWriteError("invalid protobuf: field number 0");
    if (type === varintType) this.int64();
    else if (type === bytesType) this.at = this.lengthDelimited();
    else if (type === fixed64Type || type === fixed32Type) {
      this.at += type === fixed64Type ? 8 : 4;
      if (this.at > this.bytes.length) truncated();
    } else throw new RemoteWriteError(`invalid protobuf: wire type ${type}`);
  }

  #byte(): number {
    if (this.at >= this.bytes.length) truncated();
    return this.bytes[this.at++] ?? 0;
  }
}
