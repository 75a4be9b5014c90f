// What KEDA has and this controller does not have yet. An object that asks for any of it is refused
// by name: scaling it as if nothing had been asked for would be wrong at the worst moment.
import { forbidden, type Cause } from "../../resources/cause.ts";
import type { ScaledObject } from "../../resources/scaled-object.ts";

const annotations = [
  "autoscaling.keda.sh/paused",
  "autoscaling.keda.sh/paused-replicas",
  "autoscaling.keda.sh/paused-scale-in",
  "autoscaling.keda.sh/paused-scale-out",
  "autoscaling.keda.sh/force-activation",
];

export function unsupportedCauses({ metadata, spec }: ScaledObject): readonly Cause[] {
  const { apiVersion = "apps/v1", kind = "Deployment" } = spec.scaleTargetRef;
  const asked: readonly (readonly [field: string, asked: boolean])[] = [
    ...annotations.map(
      (name) =>
        [`metadata.annotations[${name}]`, metadata.annotations?.[name] !== undefined] as const,
    ),
    ["spec.fallback", spec.fallback !== undefined],
    ["spec.idleReplicaCount", spec.idleReplicaCount !== undefined],
    ["spec.advanced.scalingModifiers", spec.advanced?.scalingModifiers !== undefined],
    [
      "spec.advanced.restoreToOriginalReplicaCount",
      spec.advanced?.restoreToOriginalReplicaCount === true,
    ],
    ["spec.scaleTargetRef.kind", apiVersion !== "apps/v1" || kind !== "Deployment"],
  ];
  return asked
    .filter(([, isAsked]) => isAsked)
    .map(([field]) =>
      forbidden(field, "is not supported yet; nothing is scaled until it is removed"),
    );
}
