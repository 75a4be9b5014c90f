// Stabilisation windows, as Kubernetes' stabilizeRecommendationWithBehaviors has them: shrink no
// further than the highest recommendation of the recent past, grow no further than the lowest.
import type { RecommendationRun, ScalingMemory } from "./memory.ts";
import type { ScalingPolicy } from "./policy.ts";
import type { Reason } from "./reason.ts";

export type Stabilised = {
  readonly count: number;
  readonly because: readonly Reason[];
  /** With this recommendation added. */
  readonly memory: ScalingMemory;
};

/**
 * Fits `wish` between the windows and remembers it. Recommendations are remembered before min, max
 * and rates, as upstream does. The first one ever counts as the current count, so that a controller
 * that has just started shrinks nothing before a whole window has passed.
 */
export function stabilise(
  wish: number,
  current: number,
  { scaleUp, scaleDown }: ScalingPolicy["behavior"],
  memory: ScalingMemory,
  nowMs: number,
): Stabilised {
  const past =
    memory.recommendations.length > 0
      ? memory.recommendations
      : [{ count: current, firstMs: nowMs, lastMs: nowMs }];
  const within = (windowMs: number) =>
    past.filter((run) => run.lastMs > nowMs - windowMs).map((run) => run.count);
  const lowest = Math.min(wish, ...within(scaleUp.stabilizationMs));
  const highest = Math.max(wish, ...within(scaleDown.stabilizationMs));
  const count = current < lowest ? lowest : current > highest ? highest : current;

  const longestMs = Math.max(scaleUp.stabilizationMs, scaleDown.stabilizationMs);
  const recommendations = withRecommendation(past, wish, nowMs, longestMs);
  const because: Reason[] = [];
  if (wish < current && count > wish)
    because.push(bound("down", wish, scaleDown.stabilizationMs, highest));
  if (wish > current && count < wish)
    because.push(bound("up", wish, scaleUp.stabilizationMs, lowest));
  return { count, because, memory: { ...memory, recommendations } };
}

function bound(
  direction: "up" | "down",
  wish: number,
  windowMs: number,
  limit: number,
): Reason & { kind: "stabilised" } {
  return { kind: "stabilised", direction, wish, windowMs, bound: limit };
}

/**
 * Equal neighbours become one run, which is as exact as single entries: a run lies within a window
 * when its last entry does. The newest run before this one is kept however old it is, because an
 * empty list means that nothing was ever recommended.
 */
function withRecommendation(
  runs: readonly RecommendationRun[],
  count: number,
  nowMs: number,
  longestMs: number,
): readonly RecommendationRun[] {
  const last = runs.at(-1);
  if (last?.count === count) return [...recent(runs.slice(0, -1)), { ...last, lastMs: nowMs }];
  return [...recent(runs), { count, firstMs: nowMs, lastMs: nowMs }];

  function recent(old: readonly RecommendationRun[]): readonly RecommendationRun[] {
    return old.filter((run) => run.lastMs > nowMs - longestMs);
  }
}
