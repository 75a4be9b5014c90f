// From a ScaledObject to the rules that a decision obeys, with KEDA's defaults for the object and
// the HorizontalPodAutoscaler's for the behavior.
import { quantityValue } from "../lib/quantity.ts";
import { invalid } from "../resources/cause.ts";
import type { Cause } from "../resources/cause.ts";
import type { ScaledObject, ScalingRules } from "../resources/scaled-object.ts";
import type { DirectionRules, RateRule, ScalingPolicy } from "./policy.ts";

export type PolicyResult =
  | { readonly kind: "policy"; readonly policy: ScalingPolicy }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

/** The HorizontalPodAutoscaler's period, in which it takes one step. */
const syncMs = 15_000;
const stabilizationDownMs = 300_000;
const toleranceDefault = 0.1;

const behaviorField = "spec.advanced.horizontalPodAutoscalerConfig.behavior";

/**
 * KEDA itself checks an object again when it reads it, because its webhook may be absent. So does
 * this: bounds that contradict each other and tolerances that are no quantity are told, not guessed.
 */
export function policyOf({ spec }: Pick<ScaledObject, "spec">): PolicyResult {
  const causes: Cause[] = [];
  const minReplicas = spec.minReplicaCount ?? 0;
  const maxReplicas = spec.maxReplicaCount ?? 100;
  if (minReplicas > maxReplicas)
    causes.push(
      invalid(
        "spec.minReplicaCount",
        minReplicas,
        `must not exceed maxReplicaCount (${maxReplicas})`,
      ),
    );
  const behavior = spec.advanced?.horizontalPodAutoscalerConfig?.behavior;
  const toleranceOf = (direction: "scaleUp" | "scaleDown"): number => {
    const text = behavior?.[direction]?.tolerance ?? toleranceDefault;
    const value = quantityValue(text);
    if (value !== undefined && value >= 0) return value;
    causes.push(invalid(`${behaviorField}.${direction}.tolerance`, text, "must be a quantity ≥ 0"));
    return toleranceDefault;
  };
  const policy: ScalingPolicy = {
    minReplicas,
    maxReplicas,
    cooldownMs: (spec.cooldownPeriod ?? 300) * 1000,
    initialCooldownMs: (spec.initialCooldownPeriod ?? 0) * 1000,
    behavior: behavior
      ? {
          scaleUp: rulesOf(behavior.scaleUp, scaleUpDefault),
          scaleDown: rulesOf(behavior.scaleDown, scaleDownDefault),
        }
      : { scaleUp: scaleUpWithoutBehavior, scaleDown: scaleDownDefault },
    tolerance: { up: toleranceOf("scaleUp"), down: toleranceOf("scaleDown") },
  };
  return causes.length > 0 ? { kind: "invalid", causes } : { kind: "policy", policy };
}

/** autoscaling/v2's defaults once a behavior is given (pkg/apis/autoscaling/v2/defaults.go). */
const scaleUpDefault: DirectionRules = {
  stabilizationMs: 0,
  select: "max",
  rates: [
    { kind: "pods", pods: 4, periodMs: syncMs },
    { kind: "percent", percent: 100, periodMs: syncMs },
  ],
};

const scaleDownDefault: DirectionRules = {
  stabilizationMs: stabilizationDownMs,
  select: "max",
  rates: [{ kind: "percent", percent: 100, periodMs: syncMs }],
};

/**
 * Without a behavior the HorizontalPodAutoscaler grows to at most max(2 · current, 4) at each sync.
 * We decide far more often than it syncs, so "current" is here the count of one sync period ago.
 */
const scaleUpWithoutBehavior: DirectionRules = {
  stabilizationMs: 0,
  select: "max",
  rates: [
    { kind: "upTo", count: 4 },
    { kind: "percent", percent: 100, periodMs: syncMs },
  ],
};

/** Each field has its default of its own; an empty list of policies counts as none given. */
function rulesOf(rules: ScalingRules | undefined, defaults: DirectionRules): DirectionRules {
  if (!rules) return defaults;
  const { stabilizationWindowSeconds, selectPolicy, policies } = rules;
  return {
    stabilizationMs:
      stabilizationWindowSeconds === undefined
        ? defaults.stabilizationMs
        : stabilizationWindowSeconds * 1000,
    select: selectPolicy ? selectNames[selectPolicy] : defaults.select,
    rates: policies && policies.length > 0 ? policies.map(rateOf) : defaults.rates,
  };
}

const selectNames = { Max: "max", Min: "min", Disabled: "disabled" } as const;

function rateOf(policy: NonNullable<ScalingRules["policies"]>[number]): RateRule {
  const periodMs = policy.periodSeconds * 1000;
  return policy.type === "Pods"
    ? { kind: "pods", pods: policy.value, periodMs }
    : { kind: "percent", percent: policy.value, periodMs };
}
