// Turns good input into input that is nearly good, for tests of what reads it: noise alone is refused at
// its first character and never gets to the rest.
import type { Random } from "./random.ts";

/**
 * The text after a few changes: pieces lost, doubled, moved or put in from `pieces`, characters changed,
 * the end cut off. Bytes can be given as characters below 256.
 */
export function mutated(text: string, pieces: readonly string[], random: Random): string {
  let changed = text;
  const changes = 1 + Math.floor(random() ** 2 * 6);
  for (let change = 0; change < changes; change++) changed = changedOnce(changed, pieces, random);
  return changed;
}

function changedOnce(text: string, pieces: readonly string[], random: Random): string {
  const below = (limit: number): number => Math.floor(random() * limit);
  const from = below(text.length + 1);
  const to = Math.min(text.length, from + below(random() < 0.8 ? 8 : text.length + 1));
  const [before, piece, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
  const place = below(text.length + 1);
  switch (below(7)) {
    case 0:
      return before + after;
    case 1:
      return before + piece + piece + after;
    case 2:
      return text.slice(0, place) + piece + text.slice(place);
    case 3:
      return before + String.fromCharCode(below(256)) + text.slice(from + 1);
    case 4:
      return before;
    default:
      return (
        before + (pieces[below(pieces.length)] ?? "") + (random() < 0.5 ? after : piece + after)
      );
  }
}

/** A seed from the environment's SEED, to repeat a run, or a new one; tests print it when they fail. */
export function seedOf(
  environment: Readonly<Record<string, string | undefined>>,
  random: Random,
): number {
  return Number(environment["SEED"] ?? Math.floor(random() * 2 ** 32));
}
