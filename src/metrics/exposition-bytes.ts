// From the bytes of a page of metrics to its text. Both formats are UTF-8; what is not is refused,
// because a label with a replacement character in it could be mistaken for another.
import type { ExpositionError } from "./exposition-parser.ts";

export type DecodedPage =
  | { readonly text: string; readonly error?: undefined }
  | { readonly text?: undefined; readonly error: ExpositionError };

// A byte order mark is kept: it is no part of either format, so the parser tells it as a fault.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function decodeExposition(bytes: Uint8Array): DecodedPage {
  const text = decoded(bytes);
  return text === undefined ? { error: firstInvalidLine(bytes) } : { text };
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined; // The decoder says no more than that there is a fault.
  }
}

/** A line's end is never part of another character in UTF-8, so lines can be tried one by one. */
function firstInvalidLine(bytes: Uint8Array): ExpositionError {
  let start = 0;
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (newline < 0 || decoded(bytes.subarray(start, end)) === undefined)
      return { line, message: "the text is not valid UTF-8" };
    start = end + 1;
  }
}
