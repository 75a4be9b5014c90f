// What all children of a predictor share: its name, namespace, labels and annotations.
import type { Cause } from "../resources/cause.ts";
import { notSupported } from "../resources/cause.ts";
import {
  deploymentModeAnnotation,
  inferenceServiceLabel,
  predictorNameOf,
  standardDeploymentModes,
} from "../resources/inference-service.ts";
import type { InferenceService } from "../resources/inference-service.ts";
import { controllerReference } from "../resources/object.ts";
import type { ObjectMeta } from "../resources/object.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";
import type { ServingRuntime } from "./serving-runtimes.ts";

type Strings = Readonly<Record<string, string>>;

export type Component = {
  readonly service: InferenceService;
  /** Of the Deployment, Service and ScaledObject: `{service}-predictor`. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Strings;
  readonly annotations: Strings;
  /** What tells the component's pods from all others. */
  readonly selector: Strings;
  readonly runtime: ServingRuntime | undefined;
};

/** Later ones win: the runtime's, the service's, the predictor's, then what identifies the child. */
export function componentOf(
  service: InferenceService,
  runtime: ServingRuntime | undefined,
  config: InferenceServiceConfig,
): Component {
  const { metadata, spec } = service;
  const { predictor } = spec;
  const name = predictorNameOf(service);
  const selector = { app: `isvc.${name}` };
  const unwanted = new Set([
    ...neverPropagated,
    ...config.inferenceService.serviceAnnotationDisallowedList,
  ]);
  const annotations = Object.entries({ ...runtime?.annotations, ...metadata.annotations });
  return {
    service,
    name,
    namespace: metadata.namespace ?? "default",
    selector,
    labels: {
      ...metadata.labels,
      ...predictor.labels,
      ...selector,
      [inferenceServiceLabel]: metadata.name,
      component: "predictor",
    },
    annotations: {
      ...Object.fromEntries(annotations.filter(([key]) => !unwanted.has(key))),
      ...predictor.annotations,
    },
    runtime,
  };
}

const neverPropagated = [
  "autoscaling.knative.dev/min-scale",
  "autoscaling.knative.dev/max-scale",
  "internal.serving.kserve.io/storage-initializer-sourceuri",
  "kubectl.kubernetes.io/last-applied-configuration",
  "modelFormat",
];

export function childMetadata(component: Component): ObjectMeta {
  const { name, namespace, labels, annotations, service } = component;
  return {
    name,
    namespace,
    labels,
    annotations,
    ownerReferences: [controllerReference(service)],
  };
}

/** Only Standard mode, by its new or its old name, is served. */
export function modeCauses(
  { metadata }: InferenceService,
  config: InferenceServiceConfig,
): readonly Cause[] {
  const mode =
    metadata.annotations?.[deploymentModeAnnotation] ?? config.deploy.defaultDeploymentMode;
  if (standardDeploymentModes.some((known) => known === mode)) return [];
  const field = `metadata.annotations[${deploymentModeAnnotation}]`;
  return [notSupported(field, mode, standardDeploymentModes)];
}
