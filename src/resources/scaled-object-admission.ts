// What a ScaledObject must be like before it is stored: KEDA's checks, as far as one object and its
// neighbours can tell. A cluster without this rule gets the same from the controller.
import { jsonEqual } from "../lib/json.ts";
import type { AdmissionRule, AdmissionSnapshot, AdmissionVerdict } from "./admission.ts";
import { duplicates, invalid, required, type Cause } from "./cause.ts";
import { labelLengthMax } from "./label-syntax.ts";
import { scaledObjectKind, type ScaledObject } from "./scaled-object.ts";

export const scaledObjectAdmission: AdmissionRule<ScaledObject> = {
  kind: scaledObjectKind,
  admit(object, old, snapshot): AdmissionVerdict<ScaledObject> {
    // A finalizer must be able to go, whatever the object looks like by then.
    const unchanged = jsonEqual(object.spec, old?.spec);
    if (object.metadata.deletionTimestamp !== undefined || unchanged)
      return { kind: "allowed", object, warnings: [] };
    const causes = [...scaledObjectCauses(object), ...ownerCauses(object, snapshot)];
    if (causes.length > 0) return { kind: "denied", causes };
    return { kind: "allowed", object, warnings: warningsOf(object) };
  },
};

/** What is wrong with the object by itself: the controller asks again, where no admission ran. */
export function scaledObjectCauses(object: ScaledObject): readonly Cause[] {
  return [...nameCauses(object), ...replicaCauses(object), ...triggerCauses(object)];
}

function nameCauses({ metadata, spec }: ScaledObject): readonly Cause[] {
  const { name } = metadata;
  const hpaName = spec.advanced?.horizontalPodAutoscalerConfig?.name;
  const field =
    hpaName === undefined ? "metadata.name" : "spec.advanced.horizontalPodAutoscalerConfig.name";
  const derived = hpaName ?? `keda-hpa-${name}`;
  const causes: Cause[] = [];
  if (derived.length > labelLengthMax)
    causes.push(
      invalid(
        field,
        hpaName ?? name,
        `is too long: the autoscaler's name "${derived}" must be no more than ${labelLengthMax} characters; shorten it by ${derived.length - labelLengthMax}`,
      ),
    );
  if (hpaName !== undefined && name.length > labelLengthMax)
    causes.push(
      invalid("metadata.name", name, `must be no more than ${labelLengthMax} characters`),
    );
  return causes;
}

function replicaCauses({ spec }: ScaledObject): readonly Cause[] {
  const { minReplicaCount: least = 0, maxReplicaCount: most = 100, idleReplicaCount: idle } = spec;
  const causes: Cause[] = [];
  if (least > most)
    causes.push(
      invalid(
        "spec.minReplicaCount",
        least,
        `must not exceed maxReplicaCount (${most}); raise maxReplicaCount or lower minReplicaCount`,
      ),
    );
  // KEDA counts a least of 0 as 1 here, since the object scales from 0 to 1 by itself.
  if (idle !== undefined && idle >= Math.max(1, least))
    causes.push(
      invalid(
        "spec.idleReplicaCount",
        idle,
        `must be less than minReplicaCount (${Math.max(1, least)}); leave it out, or set it to 0`,
      ),
    );
  return causes;
}

const resourceTriggers = ["cpu", "memory"];

function triggerCauses({ spec }: ScaledObject): readonly Cause[] {
  const { triggers, minReplicaCount = 0, fallback, advanced } = spec;
  if (triggers.length === 0)
    return [required("spec.triggers", "at least one trigger must say what to scale on")];
  const causes: Cause[] = [
    ...duplicates(
      triggers,
      ({ name }) => name,
      (index) => `spec.triggers[${index}].name`,
    ),
  ];
  for (const [index, { type, useCachedMetrics }] of triggers.entries())
    if (useCachedMetrics === true && [...resourceTriggers, "cron"].includes(type))
      causes.push(
        invalid(
          `spec.triggers[${index}].useCachedMetrics`,
          true,
          `a ${type} trigger has no metrics to cache; leave it out`,
        ),
      );
  const onlyResources = triggers.every(({ type }) => resourceTriggers.includes(type));
  if (onlyResources && minReplicaCount === 0)
    causes.push(
      invalid(
        "spec.minReplicaCount",
        0,
        "cpu and memory cannot be measured at 0 replicas; set it to at least 1, or add another trigger",
      ),
    );
  if (onlyResources && fallback !== undefined && advanced?.scalingModifiers === undefined)
    causes.push(
      invalid(
        "spec.fallback",
        "fallback",
        "has no effect with cpu and memory triggers alone; leave it out",
      ),
    );
  return causes;
}

/** Two autoscalers at one workload would pull it to and fro. */
function ownerCauses(object: ScaledObject, snapshot: AdmissionSnapshot): readonly Cause[] {
  const target = targetOf(object);
  const owner = snapshot
    .list(scaledObjectKind, object.metadata.namespace)
    .find((other) => other.metadata.name !== object.metadata.name && targetOf(other) === target);
  if (!owner) return [];
  return [
    invalid(
      "spec.scaleTargetRef.name",
      object.spec.scaleTargetRef.name,
      `the workload ${target} is already managed by the ScaledObject "${owner.metadata.name}"; delete that one first, or add the triggers there`,
    ),
  ];
}

function targetOf({ spec }: ScaledObject): string {
  const { apiVersion = "apps/v1", kind = "Deployment", name } = spec.scaleTargetRef;
  return `${apiVersion}.${kind}/${name}`;
}

function warningsOf({ spec }: ScaledObject): readonly string[] {
  const { minReplicaCount = 0, idleReplicaCount, cooldownPeriod } = spec;
  if (minReplicaCount === 0 || idleReplicaCount !== undefined || cooldownPeriod === undefined)
    return [];
  return [
    "spec.cooldownPeriod has no effect unless the object scales to zero: minReplicaCount is " +
      `${minReplicaCount}; use advanced.horizontalPodAutoscalerConfig.behavior.scaleDown instead`,
  ];
}
