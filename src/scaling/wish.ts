// The count that one trigger wants by itself: the arithmetic of the HorizontalPodAutoscaler, in
// exact numbers. Bounds, windows and rates come later, in decide.ts.
import assert from "node:assert/strict";
import { atMost, ceilExact } from "./ceil.ts";
import type { Observation, ValueReading } from "./observation.ts";
import type { ScalingPolicy } from "./policy.ts";
import type { Reason } from "./reason.ts";

export type Wish = {
  readonly trigger: string;
  readonly count: number;
  readonly because: readonly Reason[];
};

type Target = Pick<Observation, "specReplicas" | "statusReplicas" | "readyReplicas">;

/**
 * What the reading asks for (Kubernetes' replica_calculator.go, external metrics):
 *
 * - AverageValue: the ratio is Σ / (T · pods); within tolerance the pods that exist stay, else
 *   ⌈Σ/T⌉. So 5 over a target of 2 wants ⌈2.5⌉ = 3.
 * - Value: the ratio is v/T; within tolerance the count stays, else ⌈ratio · ready⌉.
 *
 * A pod whose sample is missing counts as exactly on target while shrinking and as idle while
 * growing; if that turns the direction round, or brings the ratio within tolerance, the count stays.
 */
export function wishOf(
  reading: ValueReading,
  target: Target,
  tolerance: ScalingPolicy["tolerance"],
): Wish {
  assert(reading.target > 0, `the target of ${reading.trigger} is ${reading.target}`);
  const value = reading.idle || !(reading.value > 0) ? 0 : reading.value;
  const idle: Reason[] = reading.idle ? [{ kind: "idle", trigger: reading.trigger }] : [];
  const wish =
    reading.metricType === "AverageValue"
      ? averageWish(reading, value, target, tolerance)
      : valueWish(reading, value, target, tolerance);
  return { trigger: reading.trigger, count: wish.count, because: [...wish.because, ...idle] };
}

type Verdict = Pick<Wish, "count" | "because">;

function averageWish(
  reading: ValueReading,
  sum: number,
  { specReplicas, statusReplicas: pods }: Target,
  tolerance: ScalingPolicy["tolerance"],
): Verdict {
  const ratioOf = (total: number) => (pods > 0 ? total / (reading.target * pods) : Infinity);
  const ratio = ratioOf(sum);
  if (within(ratio, tolerance))
    return { count: pods, because: [keep(reading, sum, ratio, pods, tolerance)] };

  const quotient = sum / reading.target;
  const seen = arithmetic(reading, { value: sum, quotient, count: ceilExact(quotient) });
  const missing = reading.missingPods.length;
  if (missing === 0) return { count: ceilExact(quotient), because: [seen] };

  const grows = ratio > 1;
  const recheck = ratioOf(sum + missing * reading.target);
  const turned = !grows && (within(recheck, tolerance) || recheck > 1);
  const count = turned ? specReplicas : ceilExact(quotient + (grows ? 0 : missing));
  return { count, because: [seen, missingSamples(reading, grows, count)] };
}

function valueWish(
  reading: ValueReading,
  value: number,
  { specReplicas, readyReplicas }: Target,
  tolerance: ScalingPolicy["tolerance"],
): Verdict {
  const ratio = value / reading.target;
  if (specReplicas === 0) {
    const count = ceilExact(ratio);
    return { count, because: [arithmetic(reading, { value, quotient: ratio, count })] };
  }
  if (within(ratio, tolerance))
    return { count: specReplicas, because: [keep(reading, value, ratio, specReplicas, tolerance)] };

  const missing = Math.min(reading.missingPods.length, readyReplicas);
  const sampled = readyReplicas - missing;
  const grows = ratio > 1;
  const quotient = ratio * sampled;
  const seen = arithmetic(reading, {
    value,
    quotient,
    count: ceilExact(quotient),
    pods: sampled,
  });
  const counted = quotient + (grows ? 0 : missing);
  const wanted = ceilExact(counted);
  const turned = grows ? wanted < specReplicas : wanted > specReplicas;
  const settled = missing > 0 && within(counted / readyReplicas, tolerance);
  const count = turned || settled ? specReplicas : wanted;
  const because: Reason[] = [seen];
  if (missing > 0) because.push(missingSamples(reading, grows, count));
  else if (turned) because.push({ kind: "notReady", ready: readyReplicas, count });
  return { count, because };
}

/** Both ends belong to the range; `0.1` keeps ratios from 0.9 to 1.1. */
function within(ratio: number, tolerance: ScalingPolicy["tolerance"]): boolean {
  return atMost(1 - tolerance.down, ratio) && atMost(ratio, 1 + tolerance.up);
}

function arithmetic(
  reading: ValueReading,
  terms: { value: number; quotient: number; count: number; pods?: number },
): Reason {
  const { trigger, target, metricType } = reading;
  const query = reading.query === undefined ? {} : { query: reading.query };
  return { kind: "target", trigger, ...query, target, metricType, ...terms };
}

function keep(
  reading: ValueReading,
  value: number,
  ratio: number,
  count: number,
  tolerance: ScalingPolicy["tolerance"],
): Reason {
  const { trigger, target, metricType } = reading;
  const allowed = ratio < 1 ? tolerance.down : tolerance.up;
  return { kind: "withinTolerance", trigger, value, target, metricType, ratio, allowed, count };
}

function missingSamples(reading: ValueReading, grows: boolean, count: number): Reason {
  const { trigger, missingPods: pods } = reading;
  return { kind: "missingSamples", trigger, pods, countedAs: grows ? "zero" : "target", count };
}
