// The instants at which targets of one interval are asked: the multiples of the interval since the
// epoch, so that all of them are asked at the same moments, whenever each was found.
import type { CancelTimer, Clock } from "../lib/clock.ts";

/** A timer that fires earlier than this by the clock was not early: the clock was set back. */
const toleranceMs = 50;

/**
 * Calls `run` at each instant from the next one on. Of those that went by while the process was held up
 * only the last is made up for; a clock that was set back is followed.
 */
export function atAlignedInstants(
  clock: Clock,
  intervalMs: number,
  run: (atMs: number) => void,
): CancelTimer {
  let cancel: CancelTimer = () => {};
  const latest = (): number => Math.floor(clock.nowMs() / intervalMs) * intervalMs;
  const plan = (atMs: number): void => {
    cancel = clock.after(atMs - clock.nowMs(), () => {
      if (clock.nowMs() < atMs - toleranceMs) return plan(latest() + intervalMs);
      const instantMs = Math.max(atMs, latest());
      plan(instantMs + intervalMs);
      run(instantMs);
    });
  };
  plan(latest() + intervalMs);
  return () => cancel();
}
