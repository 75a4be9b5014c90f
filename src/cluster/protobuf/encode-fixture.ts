// A small encoder for tests: enough of protobuf to write what clients write.

type Value = number | string | Uint8Array;

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  return [...bytes, left];
}

/** A number is a varint, text and bytes are runs. */
export function message(...fields: readonly (readonly [number, Value])[]): Uint8Array {
  const parts = fields.map(([number, value]) => {
    if (typeof value === "number") return Buffer.from([...varint(number * 8), ...varint(value)]);
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return Buffer.concat([
      Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]),
      bytes,
    ]);
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** The object as a request has it: with the magic bytes and its type. */
export function envelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const unknown = message([1, message([1, apiVersion], [2, kind])], [2, raw]);
  return new Uint8Array(Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), unknown]));
}
