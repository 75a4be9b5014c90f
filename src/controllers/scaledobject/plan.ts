// What a ScaledObject asks for, read once for each version of it: its triggers and the rules that bound
// the count, or everything that is wrong with it. Pure.
import type { Cause } from "../../resources/cause.ts";
import type { ScaledObject } from "../../resources/scaled-object.ts";
import { scaledObjectCauses } from "../../resources/scaled-object-admission.ts";
import type { ScalingPolicy } from "../../scaling/policy.ts";
import { policyOf } from "../../scaling/policy-of.ts";
import { triggersOf, type Trigger, type TriggerFactory } from "../../triggers/trigger.ts";
import { unsupportedCauses } from "./unsupported.ts";

export type Plan =
  | {
      readonly kind: "plan";
      readonly triggers: readonly Trigger[];
      readonly policy: ScalingPolicy;
    }
  | { readonly kind: "invalid"; readonly message: string };

/** The checks of admission come first: a cluster may have let the object in without them. */
export function planOf(
  object: ScaledObject,
  factories: Readonly<Record<string, TriggerFactory>>,
): Plan {
  const causes = [...scaledObjectCauses(object), ...unsupportedCauses(object)];
  if (causes.length > 0) return invalid(causes);
  const made = triggersOf(object, factories);
  if (made.kind === "invalid") return invalid(made.causes);
  const settled = policyOf(object);
  if (settled.kind === "invalid") return invalid(settled.causes);
  return { kind: "plan", triggers: made.triggers, policy: settled.policy };
}

function invalid(causes: readonly Cause[]): Plan {
  const message = causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
  return { kind: "invalid", message };
}
