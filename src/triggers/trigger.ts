// The trigger port: where the value of a metric comes from. A trigger measures; what the value means
// for the replica count is decided elsewhere.
import { notSupported, type Cause } from "../resources/cause.ts";
import type { ScaledObject, ScaleTrigger, TargetType } from "../resources/scaled-object.ts";
import type { MissingTarget, Round } from "../telemetry/round.ts";

/** What a trigger found out at one moment. */
export type Measurement =
  | {
      readonly kind: "value";
      /** Σ over the series for AverageValue, the single value for Value; zero when `idle`. */
      readonly value: number;
      readonly series: number;
      /** NaN made by fresh samples: nothing happens at all. */
      readonly idle: boolean;
      /** The pods whose samples are in it; undefined for a metric that no pod reports. */
      readonly pods: ReadonlySet<string> | undefined;
    }
  | {
      readonly kind: "noData";
      /** A clause such as `the query returned no series`. */
      readonly detail: string;
      /** The source could not be asked or did not answer as it should; false where it had no data. */
      readonly failed: boolean;
    };

/** When a trigger is measured, and which targets of its source gave nothing for that instant. */
export type Moment = { readonly atMs: number; readonly missing: readonly MissingTarget[] };

/** Announces the rounds of one query. The returned function ends that. */
export type RoundSource = (listener: (round: Round) => void) => () => void;

export type Trigger = {
  /** As in `spec.triggers[].type`. */
  readonly type: string;
  /** The metric's name as KEDA has it: `s0-prometheus`. */
  readonly metricName: string;
  readonly query: string;
  readonly target: number;
  readonly metricType: TargetType;
  /** Active above this value. */
  readonly activation: number;
  /** Absent where the source announces nothing and must be polled. */
  readonly rounds?: RoundSource;
  /** How often a source that must be polled has something new, where that is known. */
  readonly pollIntervalMs?: number;
  /** Never rejects for a fault of the source: that is a measurement without data. */
  measure(moment: Moment, signal: AbortSignal): Promise<Measurement>;
};

/** Makes one type of trigger from its place in a ScaledObject, or says what is wrong with it. */
export type TriggerFactory = (
  spec: ScaleTrigger,
  index: number,
) => { readonly kind: "trigger"; readonly trigger: Trigger } | InvalidTrigger;

export type InvalidTrigger = { readonly kind: "invalid"; readonly causes: readonly Cause[] };

/** All triggers of an object in order, or everything that is wrong with any of them. */
export function triggersOf(
  object: ScaledObject,
  factories: Readonly<Record<string, TriggerFactory>>,
): { readonly kind: "triggers"; readonly triggers: readonly Trigger[] } | InvalidTrigger {
  const triggers: Trigger[] = [];
  const causes: Cause[] = [];
  for (const [index, spec] of object.spec.triggers.entries()) {
    const made = factories[spec.type]?.(spec, index) ?? unknownType(spec, index, factories);
    if (made.kind === "trigger") triggers.push(made.trigger);
    else causes.push(...made.causes);
  }
  return causes.length > 0 ? { kind: "invalid", causes } : { kind: "triggers", triggers };
}

function unknownType(
  spec: ScaleTrigger,
  index: number,
  factories: Readonly<Record<string, TriggerFactory>>,
): InvalidTrigger {
  return {
    kind: "invalid",
    causes: [notSupported(`spec.triggers[${index}].type`, spec.type, Object.keys(factories))],
  };
}
