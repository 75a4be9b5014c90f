// Growing takes two successive rounds. A request that moves between replicas between their scrapes
// is counted twice, and one such round would buy a replica that a long window then keeps. Two
// rounds in a row rarely err by the same count, and the smaller wish is the safer one.
import type { ScalingMemory } from "./memory.ts";
import type { Observation } from "./observation.ts";
import type { Reason } from "./reason.ts";

/** One round may be lost in between; beyond that the earlier wish says nothing about now. */
const gapMaxIntervals = 2.5;

/**
 * The count to grow to: the smaller of this round's wish and the previous round's if both exceed
 * the current count, else the current count. Looking twice at one round is no agreement.
 * Without an aligned round nothing is asked, and wishes that do not grow pass unchanged.
 */
export function agree(
  wish: number,
  { specReplicas, round }: Pick<Observation, "specReplicas" | "round">,
  memory: ScalingMemory,
): { readonly count: number; readonly because: readonly Reason[] } {
  if (wish <= specReplicas || !round) return { count: wish, because: [] };
  const before = wishBeforeRound(round, memory);
  if (before === undefined || before <= specReplicas)
    return { count: specReplicas, because: [{ kind: "awaitingAgreement", wish }] };
  if (before >= wish) return { count: wish, because: [] };
  return { count: before, because: [{ kind: "agreed", wish, before, count: before }] };
}

/** Without a wish (no data) or without a round there is nothing to agree with next time. */
export function rememberWish(
  memory: ScalingMemory,
  round: Observation["round"],
  count: number | undefined,
): ScalingMemory {
  const { wish: last, wishBefore: lastButOne, ...rest } = memory;
  if (!round || count === undefined) return rest;
  const wish = { roundAtMs: round.atMs, count };
  const before = last && last.roundAtMs < round.atMs ? last : lastButOne;
  return { ...rest, wish, ...(before && before.roundAtMs < round.atMs && { wishBefore: before }) };
}

function wishBeforeRound(
  round: NonNullable<Observation["round"]>,
  { wish, wishBefore }: ScalingMemory,
): number | undefined {
  const before = [wish, wishBefore].find((one) => one && one.roundAtMs < round.atMs);
  if (!before || round.atMs - before.roundAtMs > gapMaxIntervals * round.intervalMs)
    return undefined;
  return before.count;
}
