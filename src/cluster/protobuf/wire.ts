// The wire format of protobuf: numbered fields, each a number or a run of bytes. Nothing is copied;
// what does not add up throws a RangeError that says where.

export type WireValue = number | bigint | Uint8Array;
export type WireField = { readonly number: number; readonly value: WireValue };

/** Varints (wire type 0), fixed 64 and 32 bits (1, 5), and runs of bytes (2). */
export function* fieldsOf(bytes: Uint8Array): Generator<WireField> {
  const reader = new WireReader(bytes);
  while (!reader.isDone) {
    const tag = Number(reader.varint());
    const number = Math.floor(tag / 8);
    if (number < 1) throw new RangeError("it has a field without a number");
    switch (tag % 8) {
      case 0:
        yield { number, value: reader.varint() };
        break;
      case 1:
        yield { number, value: reader.take(8) };
        break;
      case 2:
        yield { number, value: reader.take(Number(reader.varint())) };
        break;
      case 5:
        yield { number, value: reader.take(4) };
        break;
      default:
        throw new RangeError(`field ${number} has the unknown wire type ${tag % 8}`);
    }
  }
}

class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A bigint where the value needs more than 28 bits. */
  varint(): number | bigint {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    let long = BigInt(value);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      long |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return long;
    }
    throw new RangeError("a number is too long");
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("it ends within a field");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("it ends within a number");
    return byte;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textOf(value: WireValue): string {
  const bytes = bytesOf(value);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new RangeError("a text is not UTF-8");
  }
}

export function bytesOf(value: WireValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new RangeError("a number stands where text or a message belongs");
}

/** A signed number of 64 bits; JSON numbers hold 53 of them. */
export function integerOf(value: WireValue): number {
  if (value instanceof Uint8Array) throw new RangeError("bytes stand where a number belongs");
  return typeof value === "number" ? value : Number(BigInt.asIntN(64, value));
}

export function doubleOf(value: WireValue): number {
  const bytes = bytesOf(value);
  if (bytes.length !== 8) throw new RangeError("a number has not 64 bits");
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}
