// Randomness as a value that is handed in. Real runs seed it from the platform, tests from a number
// that they print.

/** Returns a float in [0, 1), each as likely as the others. */
export type Random = () => number;

/** A small, fast generator (mulberry32); the same seed gives the same sequence everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The letters of Kubernetes' generated names: no vowels and no look-alikes, so no words appear. */
export const nameLetters = "bcdfghjklmnpqrstvwxz2456789";

export function randomSuffix(random: Random, length = 5): string {
  let suffix = "";
  for (let index = 0; index < length; index++)
    suffix += nameLetters[Math.floor(random() * nameLetters.length)] ?? "";
  return suffix;
}
