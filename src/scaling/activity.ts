// Whether the target is in use at all, as KEDA sees it, and when it may go to zero.
import type { ScalingMemory } from "./memory.ts";
import type { Observation, Reading, ValueReading } from "./observation.ts";
import type { ScalingPolicy } from "./policy.ts";

/** True once one trigger is above its activation; unknown while one that could be has no data. */
export function isActive(readings: readonly Reading[]): boolean | undefined {
  if (activeReading(readings)) return true;
  return readings.some((reading) => reading.kind === "noData") ? undefined : false;
}

/** The first trigger whose value is strictly above its activation. */
export function activeReading(readings: readonly Reading[]): ValueReading | undefined {
  return readings.find(
    (reading): reading is ValueReading =>
      reading.kind === "value" && !reading.idle && reading.value > reading.activation,
  );
}

/** The time after which an inactive target goes to zero. */
export function zeroFromMs(
  policy: ScalingPolicy,
  memory: ScalingMemory,
  { createdAtMs }: Observation,
): number {
  return memory.lastActiveMs === undefined
    ? createdAtMs + policy.initialCooldownMs
    : memory.lastActiveMs + policy.cooldownMs;
}
