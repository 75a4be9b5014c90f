// Snappy's block format, which remote write is sent in (https://github.com/google/snappy,
// format_description.txt). Read by ourselves because a body comes from anyone: the npm packages' decoder
// takes lengths and offsets that point out of the block, and one of them makes it run for ever.

/** What is wrong with a compressed block. */
export class SnappyError extends Error {}

/** Throws SnappyError; a block that says it is larger than `maxBytes` is refused before it gets room. */
export function uncompressSnappy(block: Uint8Array, maxBytes: number): Buffer {
  const header = readLength(block);
  if (header.length > maxBytes)
    throw new SnappyError(
      `decoded size ${header.length} bytes exceeds the limit of ${maxBytes} bytes`,
    );
  const out = Buffer.allocUnsafe(header.length);
  let outAt = 0;
  let at = header.end;
  while (at < block.length) {
    const tag = block[at++] ?? 0;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const bytes = length - 60;
        length = littleEndian(block, at, bytes) + 1;
        at += bytes;
      }
      if (at + length > block.length || outAt + length > out.length) corrupt();
      if (length > 32) out.set(block.subarray(at, at + length), outAt);
      else for (let index = 0; index < length; index++) out[outAt + index] = block[at + index] ?? 0;
      at += length;
    } else {
      const bytes = kind === 3 ? 4 : kind;
      let offset = littleEndian(block, at, bytes);
      at += bytes;
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        offset += (tag >>> 5) << 8;
      }
      if (offset === 0 || offset > outAt || outAt + length > out.length) corrupt();
      // Byte by byte: a copy may reach into what it writes itself, and so repeats it.
      const from = outAt - offset;
      for (let index = 0; index < length; index++) out[outAt + index] = out[from + index] ?? 0;
    }
    outAt += length;
  }
  if (outAt !== out.length) corrupt();
  return out;
}

function corrupt(): never {
  throw new SnappyError("corrupt input");
}

/** The uncompressed length comes first, as a varint of at most 32 bits. */
function readLength(block: Uint8Array): { readonly length: number; readonly end: number } {
  let length = 0;
  for (let at = 0; at < Math.min(block.length, 5); at++) {
    const byte = block[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length < 2 ** 32 ? { length, end: at + 1 } : corrupt();
  }
  return corrupt();
}

function littleEndian(block: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > block.length) corrupt();
  let value = 0;
  for (let index = 0; index < bytes; index++) value += (block[at + index] ?? 0) * 2 ** (8 * index);
  return value;
}
