// The decision: from what was observed to a replica count, with the reasons that bound it. Pure:
// the same observation, policy and memory give the same decision on a cluster and in a simulation.
// It never acts, and it never takes the absence of data for an absence of load.
import assert from "node:assert/strict";
import { activeReading, isActive, zeroFromMs } from "./activity.ts";
import { agree, rememberWish } from "./agreement.ts";
import { withoutFuture } from "./memory.ts";
import type { ScalingMemory } from "./memory.ts";
import type { NoDataReading, Observation, Reading, ValueReading } from "./observation.ts";
import type { ScalingPolicy } from "./policy.ts";
import { limitRate, recentEvents } from "./rates.ts";
import type { Reason } from "./reason.ts";
import { stabilise } from "./stabilise.ts";
import { wishOf } from "./wish.ts";

export type Decision =
  | {
      readonly kind: "scale";
      readonly from: number;
      readonly to: number;
      readonly because: readonly Reason[];
    }
  | { readonly kind: "hold"; readonly at: number; readonly because: readonly Reason[] };

export type Decided = {
  readonly decision: Decision;
  /** KEDA's Active; undefined when it cannot be known. */
  readonly active: boolean | undefined;
  readonly memory: ScalingMemory;
};

type Step = {
  readonly count: number;
  readonly because: readonly Reason[];
  readonly memory: ScalingMemory;
};

/**
 * In the order of KEDA and the HorizontalPodAutoscaler: bounds; zero and one by activity; then the
 * largest wish, agreement, stabilisation windows, rate rules, min and max, and what can run.
 * Call it when a round is complete. Calling it twice for one round changes nothing.
 */
export function decide(
  observation: Observation,
  policy: ScalingPolicy,
  before: ScalingMemory,
): Decided {
  const { nowMs, specReplicas } = observation;
  assert(observation.readings.length > 0, "a target without triggers has nothing to decide from");
  const readings = observation.readings.map(withoutNonsense);
  const active = isActive(readings);
  const known = remember(withoutFuture(before, nowMs), observation, readings, policy, active);
  const step =
    outOfBounds(observation, policy, known) ??
    fromZero(observation, policy, known, readings, active) ??
    toZero(observation, policy, known, active) ??
    byMetrics(observation, policy, known, readings, active);

  const { count, because } = step;
  if (count === specReplicas)
    return { decision: { kind: "hold", at: count, because }, active, memory: step.memory };
  return {
    decision: { kind: "scale", from: specReplicas, to: count, because },
    active,
    memory: { ...step.memory, pending: { atMs: nowMs, from: specReplicas, to: count } },
  };
}

/**
 * A value that is no number, unless it is known to mean idle, is no data. Nor is a Value over several
 * series: which of them is meant, nobody can say.
 */
function withoutNonsense(reading: Reading): Reading {
  if (reading.kind === "noData") return reading;
  const { trigger, metricType, series, value, idle } = reading;
  const noData = (detail: string): Reading => ({ kind: "noData", trigger, detail });
  if (metricType === "Value" && series > 1)
    return noData(`the query returned ${series} series, and a target of type Value needs one`);
  return idle || Number.isFinite(value) ? reading : noData(`the value is ${value}`);
}

/**
 * Takes in what the observation itself tells: whether the last decision took effect (only then does
 * it count for rate rules), activity, and since when triggers have had no data.
 */
function remember(
  { pending, ...memory }: ScalingMemory,
  { nowMs, specReplicas }: Observation,
  readings: readonly Reading[],
  { behavior }: ScalingPolicy,
  active: boolean | undefined,
): ScalingMemory {
  const landed =
    pending && pending.to === specReplicas
      ? [{ atMs: pending.atMs, change: pending.to - pending.from }]
      : [];
  const events = [...memory.events, ...landed];
  return {
    ...memory,
    events: recentEvents(events, [behavior.scaleUp, behavior.scaleDown], nowMs),
    noDataSinceMs: Object.fromEntries(
      readings
        .filter((reading) => reading.kind === "noData")
        .map(({ trigger }) => [trigger, memory.noDataSinceMs[trigger] ?? nowMs]),
    ),
    ...(active === true && { lastActiveMs: nowMs }),
  };
}

/** Bounds hold whatever the metrics say, and at once. */
function outOfBounds(
  { specReplicas }: Observation,
  { minReplicas: min, maxReplicas: max }: ScalingPolicy,
  memory: ScalingMemory,
): Step | undefined {
  if (specReplicas >= min && specReplicas <= max) return undefined;
  const count = specReplicas < min ? min : max;
  return { count, because: [{ kind: "outOfBounds", min, max }], memory };
}

/** One replica is enough to learn what is needed, and it must not wait for agreement. */
function fromZero(
  { specReplicas }: Observation,
  { minReplicas }: ScalingPolicy,
  memory: ScalingMemory,
  readings: readonly Reading[],
  active: boolean | undefined,
): Step | undefined {
  if (specReplicas > 0) return undefined;
  const waking = activeReading(readings);
  if (waking) {
    const { trigger, value, activation } = waking;
    const because: Reason[] = [{ kind: "activated", trigger, value, activation }];
    return { count: Math.max(minReplicas, 1), because, memory };
  }
  if (active === false) return { count: 0, because: [{ kind: "inactive" }], memory };
  return { count: 0, because: noDataReasons(readings, memory), memory };
}

function toZero(
  observation: Observation,
  policy: ScalingPolicy,
  memory: ScalingMemory,
  active: boolean | undefined,
): Step | undefined {
  if (policy.minReplicas > 0 || active !== false) return undefined;
  if (observation.nowMs <= zeroFromMs(policy, memory, observation)) return undefined;
  const cooldownMs =
    memory.lastActiveMs === undefined ? policy.initialCooldownMs : policy.cooldownMs;
  return { count: 0, because: [{ kind: "cooledDown", cooldownMs }], memory };
}

function byMetrics(
  observation: Observation,
  policy: ScalingPolicy,
  memory: ScalingMemory,
  readings: readonly Reading[],
  active: boolean | undefined,
): Step {
  const { nowMs, specReplicas, round } = observation;
  const wish = largestWish(observation, policy, readings, memory);
  const agreed = agree(wish.count ?? specReplicas, observation, memory);
  const calm = stabilise(
    agreed.count,
    specReplicas,
    policy.behavior,
    rememberWish(memory, round, wish.count),
    nowMs,
  );
  const limited = limit(calm.count, observation, policy, memory);
  const cooling: Reason[] =
    policy.minReplicas === 0 && active === false
      ? [{ kind: "cooldown", untilMs: zeroFromMs(policy, memory, observation) }]
      : [];
  return {
    count: limited.count,
    because: [...wish.because, ...agreed.because, ...calm.because, ...limited.because, ...cooling],
    memory: calm.memory,
  };
}

type LargestWish = {
  /** Undefined when no trigger has data: the current count is then held. */
  readonly count: number | undefined;
  readonly because: readonly Reason[];
};

/** The largest wish of all triggers. One that has no data blocks shrinking, and only shrinking. */
function largestWish(
  observation: Observation,
  { tolerance }: ScalingPolicy,
  readings: readonly Reading[],
  memory: ScalingMemory,
): LargestWish {
  const held = noDataReasons(readings, memory);
  const wishes = readings
    .filter((reading): reading is ValueReading => reading.kind === "value")
    .map((reading) => wishOf(reading, observation, tolerance));
  const [first, ...others] = wishes.toSorted((left, right) => right.count - left.count);
  if (!first) return { count: undefined, because: held };

  const outvoted: Reason[] = others.map(({ trigger, count }) => ({
    kind: "outvoted",
    trigger,
    count,
  }));
  const because = [...first.because, ...outvoted, ...held];
  if (held.length === 0 || first.count >= observation.specReplicas)
    return { count: first.count, because };
  const triggers = held.map(({ trigger }) => trigger);
  because.push({ kind: "shrinkBlocked", wish: first.count, triggers });
  return { count: observation.specReplicas, because };
}

/** Rate rules, then min and max, then what the nodes have room for. */
function limit(
  wish: number,
  { nowMs, specReplicas, unschedulable }: Observation,
  { behavior, minReplicas, maxReplicas }: ScalingPolicy,
  memory: ScalingMemory,
): { readonly count: number; readonly because: readonly Reason[] } {
  const because: Reason[] = [];
  const floor = Math.max(minReplicas, 1);
  let count = wish;
  if (count > maxReplicas) because.push({ kind: "max", wish, max: maxReplicas });
  if (count < floor) because.push({ kind: "min", wish, min: floor });
  count = Math.min(maxReplicas, Math.max(floor, count));

  const direction = count > specReplicas ? "up" : "down";
  const rules = direction === "up" ? behavior.scaleUp : behavior.scaleDown;
  const rated = limitRate(count, specReplicas, direction, rules, memory.events, nowMs);
  because.push(...rated.because);
  count = rated.count;

  if (unschedulable && unschedulable.pods > 0 && count >= specReplicas) {
    const { pods, resource } = unschedulable;
    const running = Math.max(0, specReplicas - pods);
    because.push({ kind: "capped", wish: count, resource, pods, running });
    count = specReplicas;
  }
  return { count, because };
}

function noDataReasons(
  readings: readonly Reading[],
  memory: ScalingMemory,
): readonly (Reason & { kind: "noData" })[] {
  return readings
    .filter((reading): reading is NoDataReading => reading.kind === "noData")
    .map(({ trigger, detail }) => {
      const sinceMs = memory.noDataSinceMs[trigger];
      assert(sinceMs !== undefined, `${trigger} has no data but was not remembered`);
      return { kind: "noData", trigger, detail, sinceMs };
    });
}
