// What becomes of an event among those that were told before, by the rules of Kubernetes' own recorders
// (client-go's EventCorrelator): much of the same is told as one, and too much of one object not at all.
import assert from "node:assert/strict";

/** Ten different messages of one reason within ten minutes, and from then on they are told as one. */
const similarMax = 10;
const similarWithinMs = 600_000;

/** An object may be told of 25 times at once, and once in five minutes thereafter. */
const burstMax = 25;
const refillMs = 300_000;

/** Objects and reasons that are remembered; the ones not heard of for the longest are forgotten first. */
const rememberedMax = 4_096;

export type Occurrence = {
  /** The object's kind and uid: its share of events is its own. */
  readonly object: string;
  /** The type and the reason. */
  readonly reason: string;
  readonly message: string;
};

export type Correlated = {
  /** Occurrences of one identity are one event with a count. */
  readonly identity: string;
  readonly message: string;
  /** False where it only counts: the object has been told of too often. */
  readonly isTold: boolean;
};

export class EventCorrelator {
  readonly #similar = new Map<
    string,
    { readonly messages: Set<string>; readonly lastMs: number }
  >();
  readonly #tokens = new Map<string, { readonly left: number; readonly atMs: number }>();

  correlate({ object, reason, message }: Occurrence, nowMs: number): Correlated {
    const group = JSON.stringify([object, reason]);
    const known = this.#similar.get(group);
    const isRecent = known !== undefined && nowMs - known.lastMs <= similarWithinMs;
    const messages = isRecent ? known.messages : new Set<string>();
    messages.add(message);
    const isCrowd = messages.size >= similarMax;
    // One must stay out, so that the set does not grow and the next one is still one of a crowd.
    if (isCrowd) messages.delete(first(messages.keys()));
    remember(this.#similar, group, { messages, lastMs: nowMs });
    const isTold = this.#takeToken(object, nowMs);
    return isCrowd
      ? { identity: group, message: `(combined from similar events): ${message}`, isTold }
      : { identity: JSON.stringify([object, reason, message]), message, isTold };
  }

  #takeToken(object: string, nowMs: number): boolean {
    const known = this.#tokens.get(object) ?? { left: burstMax, atMs: nowMs };
    const left = Math.min(burstMax, known.left + (nowMs - known.atMs) / refillMs);
    const isTold = left >= 1;
    remember(this.#tokens, object, { left: isTold ? left - 1 : left, atMs: nowMs });
    return isTold;
  }
}

/** Puts the entry last, and lets the first go when there are too many. */
export function remember<V>(entries: Map<string, V>, key: string, value: V): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size > rememberedMax) entries.delete(first(entries.keys()));
}

function first(keys: Iterable<string>): string {
  const [key] = keys;
  assert(key !== undefined, "there is a first of what was just added to");
  return key;
}
