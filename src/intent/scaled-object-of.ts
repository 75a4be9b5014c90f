// The ScaledObject of a predictor, and what is to be said about it: each metric of the service
// becomes an explicit trigger, or a sentence that says why it cannot.
import type { Condition } from "../resources/object.ts";
import type { Predictor } from "../resources/inference-service.ts";
import type { HorizontalPodAutoscalerBehavior, ScaledObject } from "../resources/scaled-object.ts";
import { childMetadata } from "./component.ts";
import type { Component } from "./component.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";
import { queryScopeAnnotation } from "./scope-query.ts";
import { triggerOf } from "./trigger-of.ts";

export type ScaledObjectResult = {
  /** Undefined when a metric was not understood: the replica count then stays as it is. */
  readonly scaledObject: ScaledObject | undefined;
  readonly conditions: readonly Condition[];
};

export const metricsUnderstoodType = "dunlin.dev/MetricsUnderstood";
export const wakesFromZeroType = "dunlin.dev/WakesFromZero";

/** Scaling on half of the metrics would be a guess, so one that is refused refuses all. */
export function scaledObjectOf(
  component: Component,
  config: InferenceServiceConfig,
): ScaledObjectResult {
  const { service, name, namespace } = component;
  const { predictor } = service.spec;
  const metrics = predictor.autoScaling?.metrics ?? [];
  const unscoped = component.annotations[queryScopeAnnotation] === "off";
  const scope = unscoped ? undefined : { namespace, deployment: name };
  const results = metrics.map((metric) => triggerOf(metric, scope));
  const refusals = results.flatMap((result, index) =>
    result.kind === "refused"
      ? [`spec.predictor.autoScaling.metrics[${index}].${result.field}: ${result.message}`]
      : [],
  );
  if (metrics.length === 0)
    refusals.push("spec.predictor.autoScaling.metrics: a keda autoscaler needs at least one");
  if (refusals.length > 0)
    return { scaledObject: undefined, conditions: [understood("False", refusals)] };

  const triggers = results.flatMap((result) => (result.kind === "trigger" ? [result.trigger] : []));
  const messages = results.map((result) => result.message);
  const minReplicaCount = predictor.minReplicas ?? 1;
  return {
    scaledObject: {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: childMetadata(component),
      spec: {
        scaleTargetRef: { name },
        minReplicaCount,
        maxReplicaCount: Math.max(predictor.maxReplicas ?? 0, minReplicaCount, 1),
        triggers,
        advanced: { horizontalPodAutoscalerConfig: { behavior: behaviorOf(predictor, config) } },
      },
    },
    conditions: [understood("True", messages), ...(minReplicaCount === 0 ? [neverWakes] : [])],
  };
}

/**
 * The windows come from the service, else from the ConfigMap. Everything else in the service's
 * behavior is kept as well; KServe drops it.
 */
function behaviorOf(
  { autoScaling }: Predictor,
  { autoscaler }: InferenceServiceConfig,
): HorizontalPodAutoscalerBehavior {
  const { scaleUp, scaleDown } = autoScaling?.behavior ?? {};
  return {
    scaleUp: {
      stabilizationWindowSeconds: autoscaler.scaleUpStabilizationWindowSeconds,
      ...scaleUp,
    },
    scaleDown: {
      stabilizationWindowSeconds: autoscaler.scaleDownStabilizationWindowSeconds,
      ...scaleDown,
    },
  };
}

function understood(status: "True" | "False", messages: readonly string[]): Condition {
  return {
    type: metricsUnderstoodType,
    status,
    reason: status === "True" ? "Understood" : "NotUnderstood",
    message: messages.join("; "),
  };
}

/** A metric of pods does not exist while there are none. */
const neverWakes: Condition = {
  type: wakesFromZeroType,
  status: "False",
  reason: "NoSignalAtZero",
  message:
    "with minReplicas 0 the service goes to sleep when idle, and nothing wakes it yet: its metrics come from pods",
};
