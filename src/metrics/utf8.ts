// From bytes to text, strictly: what is no UTF-8 is refused, because a label with a replacement
// character in it could be mistaken for another.

// A byte order mark is kept: it is no part of what we read, so that is told as a fault there.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined if the bytes are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined; // The decoder says no more than that there is a fault.
  }
}

/**
 * The number, from 1, of the first line that is not valid UTF-8; the last one if all are. A line's end
 * is never part of another character in UTF-8, so lines can be tried one by one.
 */
export function firstInvalidLine(bytes: Uint8Array): number {
  let start = 0;
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (newline < 0 || decodeUtf8(bytes.subarray(start, end)) === undefined) return line;
    start = end + 1;
  }
}
