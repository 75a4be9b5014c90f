// Short, stable hashes for generated names. Pure.
import { nameLetters } from "./random.ts";

/** Up to ten letters from 32 bits: FNV-1a over UTF-16 code units, its digits put into letters. */
export function nameHash(text: string): string {
  return String(fnv1a(text)).replace(
    /\d/g,
    (digit) => nameLetters[digit.charCodeAt(0) % nameLetters.length] ?? "",
  );
}

/** The 32 bits themselves. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
