// The rounds of several triggers as one: whoever decides from all of them wants to do so once for each
// instant, when the last of them is complete.
import type { Round } from "../telemetry/round.ts";
import type { Moment, Trigger } from "./trigger.ts";

export type JointRound = {
  readonly atMs: number;
  readonly completedAtMs: number;
  /** The shortest of the triggers'. */
  readonly intervalMs: number;
  /**
   * By trigger, its own latest complete round, which may be of an earlier instant: what a slow one has
   * of a later instant may be of some of its targets only. Absent for one that has had none yet.
   */
  readonly moments: ReadonlyMap<Trigger, Moment>;
};

/**
 * Follows those of the triggers that announce rounds, and tells of an instant once. A trigger whose
 * interval is longer is waited for at its own instants only; one that lets an instant of the others
 * pass is not waited for again before it has announced something. The returned function ends it.
 */
export function jointRounds(
  triggers: readonly Trigger[],
  listener: (round: JointRound) => void,
): () => void {
  const latest = new Map<Trigger, Round>();
  const late = new Set<Trigger>();
  let heldAtMs: number | undefined;
  let toldAtMs: number | undefined;
  const followed = triggers.filter(({ rounds }) => rounds !== undefined);

  const isAwaited = (trigger: Trigger, atMs: number): boolean => {
    if (late.has(trigger)) return false;
    const last = latest.get(trigger);
    return !last || (last.atMs < atMs && last.atMs + last.intervalMs <= atMs);
  };

  const announce = (trigger: Trigger, round: Round): void => {
    const { atMs, completedAtMs } = round;
    const before = latest.get(trigger);
    latest.set(trigger, round);
    late.delete(trigger);
    // The others went on without it. (When the clock is set back, its own instants go back, too.)
    const wentBack = before !== undefined && before.atMs > atMs;
    if (toldAtMs !== undefined && (wentBack ? atMs === toldAtMs : atMs <= toldAtMs)) return;
    const awaited = followed.filter((other) => other !== trigger && isAwaited(other, atMs));
    if (awaited.length > 0 && (heldAtMs === undefined || heldAtMs === atMs)) {
      heldAtMs = atMs;
      return;
    }
    for (const other of awaited) late.add(other);
    heldAtMs = undefined;
    toldAtMs = atMs;
    listener({
      atMs,
      completedAtMs,
      intervalMs: Math.min(...[...latest.values()].map(({ intervalMs }) => intervalMs)),
      // (When the clock is set back, there is nothing of a later time any more.)
      moments: new Map(
        [...latest].map(([each, { atMs: ownMs, missing }]) => [
          each,
          { atMs: Math.min(ownMs, atMs), missing },
        ]),
      ),
    });
  };

  const stops = followed.map((trigger) => trigger.rounds?.((round) => announce(trigger, round)));
  return () => stops.forEach((stop) => stop?.());
}
