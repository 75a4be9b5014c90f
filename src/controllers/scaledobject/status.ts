// The status of a ScaledObject, from its triggers and the latest decision. Pure.
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { Condition } from "../../resources/object.ts";
import type { ScaledObject, ScaledObjectStatus } from "../../resources/scaled-object.ts";

/** What an evaluation, or the lack of one, says about the object. */
export type Health =
  | { readonly kind: "invalid"; readonly message: string }
  | {
      readonly kind: "evaluated";
      readonly metrics: readonly MetricHealth[];
      /** Undefined: no trigger has data, so nobody knows. */
      readonly active: boolean | undefined;
      /** Where nobody knows, why. */
      readonly detail: string;
      readonly lastActiveMs: number | undefined;
    };

export type MetricHealth = {
  readonly name: string;
  readonly type: string;
  readonly active: boolean;
  /** The message of a source that could not be asked. */
  readonly failure?: string;
};

/** How old the written time of the last activity may grow while it goes on, in milliseconds. */
const lastActiveStepMs = 30_000;

export function statusOf(object: ScaledObject, health: Health): ScaledObjectStatus {
  const before = object.status ?? {};
  const base: ScaledObjectStatus = {
    ...before,
    scaleTargetKind: "apps/v1.Deployment",
    scaleTargetGVKR: {
      group: "apps",
      version: "v1",
      kind: "Deployment",
      resource: "deployments",
    },
    triggersTypes: [...new Set(object.spec.triggers.map(({ type }) => type))].join(","),
    authenticationsTypes: "",
  };
  return health.kind === "invalid"
    ? { ...base, conditions: invalidConditions(health.message) }
    : {
        ...base,
        externalMetricNames: health.metrics.map(({ name }) => name),
        triggersActivity: Object.fromEntries(
          health.metrics.map(({ name, active }) => [name, { isActive: active }]),
        ),
        ...lastActive(before.lastActiveTime, health),
        conditions: evaluatedConditions(health),
      };
}

function invalidConditions(message: string): readonly Condition[] {
  return [
    { type: "Ready", status: "False", reason: "ScaledObjectCheckFailed", message },
    { type: "Active", status: "Unknown", reason: "UnknownState", message },
    ...constantConditions,
  ];
}

function evaluatedConditions(health: Health & { kind: "evaluated" }): readonly Condition[] {
  return [ready(health.metrics), active(health), ...constantConditions];
}

function ready(metrics: readonly MetricHealth[]): Condition {
  const failures = metrics.filter(({ failure }) => failure !== undefined);
  const message = failures.map(({ name, failure }) => `${name}: ${failure}`).join("; ");
  if (failures.length === 0)
    return {
      type: "Ready",
      status: "True",
      reason: "ScaledObjectReady",
      message: "ScaledObject is defined correctly and is ready for scaling",
    };
  return failures.length === metrics.length
    ? { type: "Ready", status: "False", reason: "TriggerError", message }
    : { type: "Ready", status: "Unknown", reason: "PartialTriggerError", message };
}

function active({ active: isActive, detail }: Health & { kind: "evaluated" }): Condition {
  if (isActive === undefined)
    return { type: "Active", status: "Unknown", reason: "NoData", message: detail };
  return isActive
    ? {
        type: "Active",
        status: "True",
        reason: "ScalerActive",
        message: "Scaling is performed because triggers are active",
      }
    : {
        type: "Active",
        status: "False",
        reason: "ScalerNotActive",
        message: "Scaling is not performed because triggers are not active",
      };
}

const constantConditions: readonly Condition[] = [
  {
    type: "Fallback",
    status: "False",
    reason: "NoFallbackFound",
    message: "No fallbacks are active on this scaled object",
  },
  { type: "Paused", status: "Unknown" },
];

function lastActive(
  before: string | undefined,
  { active: isActive, lastActiveMs }: Health & { kind: "evaluated" },
): { readonly lastActiveTime?: string } {
  if (lastActiveMs === undefined) return before === undefined ? {} : { lastActiveTime: before };
  const writtenMs = before === undefined ? 0 : Date.parse(before);
  const isFresh = isActive === true && lastActiveMs - writtenMs < lastActiveStepMs;
  return {
    lastActiveTime: isFresh && before !== undefined ? before : formatTimestamp(lastActiveMs),
  };
}
