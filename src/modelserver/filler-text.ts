// What the simulated engine says: verse of no meaning and with a fixed number of tokens. Each piece
// is about one token of a real tokenizer, and joined they read as sentences.
import type { Random } from "../lib/random.ts";

const openings = ["O", "Lo", "Hark", "Behold", "Forsooth", "Yet", "And so", "Ere long"];
const articles = ["the", "thy", "my", "yon", "each", "no"];
const adjectives = [
  ..."azure crimson golden gentle silver weary verdant merry pale amber humble violet".split(" "),
  ..."scarlet dusky patient restless".split(" "),
];
const nouns = [
  ..."sky rose moon tide shore wing dawn feather meadow ember river shadow flock heart".split(" "),
  ..."morning queue harbour lantern sparrow crown".split(" "),
];
const verbs = [
  ..."doth sing,doth glow,shall wake,hath flown,may rest,doth paint,shall greet".split(","),
  ..."would keep,doth follow,hath kissed".split(","),
];
const places = ["upon", "beneath", "beyond", "within", "beside", "above"];

/** `count` pieces; the same numbers from `random` give the same text. */
export function fillerPieces(random: Random, count: number): string[] {
  const pieces: string[] = [];
  while (pieces.length < count) pieces.push(...line(random, pieces.length === 0));
  return pieces.slice(0, count);
}

function line(random: Random, first: boolean): string[] {
  const pick = (words: readonly string[]): string =>
    words[Math.floor(random() * words.length)] ?? "";
  const words = [
    pick(openings),
    pick(articles),
    pick(adjectives),
    pick(nouns),
    pick(verbs),
    pick(places),
    pick(articles),
    pick(nouns),
  ].join(" ");
  const pieces = words.split(" ").map((word, index) => (index === 0 ? word : ` ${word}`));
  const end = random() < 0.5 ? "," : ".";
  return first ? [...pieces, end] : ["\n", ...pieces, end];
}
