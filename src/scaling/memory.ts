// What one decision leaves to the next: a value that is replaced, never changed. It survives in the
// process only; after a restart the windows begin anew with the current count, which errs on the
// side of not shrinking.

export type ScalingMemory = {
  /** Runs of equal recommendations, oldest first. */
  readonly recommendations: readonly RecommendationRun[];
  /** Changes of the count that were seen to take effect, oldest first. */
  readonly events: readonly ScaleEvent[];
  /** The last decision to scale, until an observation shows whether it took effect. */
  readonly pending?: { readonly atMs: number; readonly from: number; readonly to: number };
  /** What the latest round wanted, and the round before it. */
  readonly wish?: RoundWish;
  readonly wishBefore?: RoundWish;
  readonly lastActiveMs?: number;
  /** By trigger: since when it has had no data. */
  readonly noDataSinceMs: Readonly<Record<string, number>>;
};

export type RecommendationRun = {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
};
export type ScaleEvent = { readonly atMs: number; readonly change: number };
export type RoundWish = { readonly roundAtMs: number; readonly count: number };

export const emptyMemory: ScalingMemory = { recommendations: [], events: [], noDataSinceMs: {} };

/** The memory of an object that is already known: its status says when it was last active. */
export function memoryOf(known: { readonly lastActiveMs?: number }): ScalingMemory {
  return { ...emptyMemory, ...known };
}

/**
 * Repairs a memory whose entries lie in the future because the clock was set back. They count as
 * of now: windows and cooldowns then last longer than they should, never shorter. The wishes of
 * future rounds are forgotten, so that growing asks for agreement again.
 */
export function withoutFuture(memory: ScalingMemory, nowMs: number): ScalingMemory {
  if (newestMs(memory) <= nowMs) return memory;
  const { wish, wishBefore, pending, lastActiveMs, ...rest } = memory;
  const past = (atMs: number) => Math.min(atMs, nowMs);
  return {
    ...rest,
    recommendations: memory.recommendations.map((run) => ({
      count: run.count,
      firstMs: past(run.firstMs),
      lastMs: past(run.lastMs),
    })),
    events: memory.events.map((event) => ({ ...event, atMs: past(event.atMs) })),
    noDataSinceMs: Object.fromEntries(
      Object.entries(memory.noDataSinceMs).map(([trigger, atMs]) => [trigger, past(atMs)]),
    ),
    ...(pending && { pending: { ...pending, atMs: past(pending.atMs) } }),
    ...(lastActiveMs !== undefined && { lastActiveMs: past(lastActiveMs) }),
    ...(wish && wish.roundAtMs <= nowMs && { wish }),
    ...(wishBefore && wishBefore.roundAtMs <= nowMs && { wishBefore }),
  };
}

function newestMs(memory: ScalingMemory): number {
  return Math.max(
    memory.recommendations.at(-1)?.lastMs ?? 0,
    memory.events.at(-1)?.atMs ?? 0,
    memory.pending?.atMs ?? 0,
    memory.lastActiveMs ?? 0,
    memory.wish?.roundAtMs ?? 0,
    ...Object.values(memory.noDataSinceMs),
  );
}
