// From an InferenceService to everything it wants to exist: the one entrance to `intent` for whoever
// creates, checks or simulates a service. Pure: it returns wishes, or what is wrong with the service.
import type { Cause } from "../resources/cause.ts";
import { notSupported } from "../resources/cause.ts";
import type { ClusterStorageContainer } from "../resources/cluster-storage-container.ts";
import type { Deployment } from "../resources/deployment.ts";
import {
  autoscalerClassAnnotation,
  autoscalerClasses,
  autoscalerClassOf,
} from "../resources/inference-service.ts";
import type { AutoscalerClass, InferenceService } from "../resources/inference-service.ts";
import type { Ingress } from "../resources/ingress.ts";
import type { Condition } from "../resources/object.ts";
import type { ScaledObject } from "../resources/scaled-object.ts";
import type { Service } from "../resources/service.ts";
import { componentOf, modeCauses } from "./component.ts";
import type { Component } from "./component.ts";
import { deploymentOf } from "./deployment-of.ts";
import { parseInferenceServiceConfig } from "./inference-service-config.ts";
import type { ConfigDiagnostic, InferenceServiceConfig } from "./inference-service-config.ts";
import { ingressOf } from "./ingress-of.ts";
import type { Urls } from "./ingress-of.ts";
import { scaledObjectOf } from "./scaled-object-of.ts";
import type { ScaledObjectResult } from "./scaled-object-of.ts";
import { serviceOf } from "./service-of.ts";
import { runtimeOf } from "./serving-runtimes.ts";

export type IntentContext = {
  /** The data of the ConfigMap `inferenceservice-config`; undefined when there is none. */
  readonly config: Readonly<Record<string, string>> | undefined;
  readonly storageContainers: readonly ClusterStorageContainer[];
};

export type Children = {
  readonly kind: "children";
  readonly deployment: Deployment;
  readonly service: Service;
  /** Undefined when the class asks for none, or the metrics were not understood. */
  readonly scaledObject: ScaledObject | undefined;
  /** To be created once the predictor has been ready; undefined for a cluster-local service. */
  readonly ingress: Ingress | undefined;
  readonly urls: Urls;
  /** The built-in runtime that serves the model; undefined for a container of the user's own. */
  readonly servingRuntime: string | undefined;
  /** What was understood, for the service's status; without transition times. */
  readonly conditions: readonly Condition[];
};

export type ChildrenResult =
  | Children
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

export const autoscalerSupportedType = "dunlin.dev/AutoscalerSupported";
export const configUnderstoodType = "dunlin.dev/ConfigUnderstood";

export function childrenOf(service: InferenceService, context: IntentContext): ChildrenResult {
  const { config, diagnostics } = parseInferenceServiceConfig(context.config);
  const { model } = service.spec.predictor;
  const selected = model ? runtimeOf(model) : undefined;
  const runtime = selected?.kind === "runtime" ? selected.runtime : undefined;
  const component = componentOf(service, runtime, config);
  const asked = autoscalerClassOf(service);
  const autoscalerClass = autoscalerClasses.find((known) => known === asked);
  const causes = [
    ...modeCauses(service, config),
    ...(selected?.kind === "invalid" ? selected.causes : []),
    ...(autoscalerClass === undefined ? [unknownClass(asked)] : []),
  ];
  if (causes.length > 0 || autoscalerClass === undefined) return { kind: "invalid", causes };

  const made = deploymentOf(component, config, context.storageContainers);
  const reached = ingressOf(component, config);
  if (made.kind === "invalid" || reached.kind === "invalid") {
    const all = [made, reached].flatMap((one) => (one.kind === "invalid" ? one.causes : []));
    return { kind: "invalid", causes: all };
  }
  const scaling = scalingOf(autoscalerClass, component, config);
  return {
    kind: "children",
    deployment: made.deployment,
    service: serviceOf(component, made.deployment, config),
    scaledObject: scaling.scaledObject,
    ingress: reached.ingress,
    urls: reached.urls,
    servingRuntime: runtime?.name,
    conditions: [...scaling.conditions, ...configConditions(diagnostics)],
  };
}

function scalingOf(
  autoscalerClass: AutoscalerClass,
  component: Component,
  config: InferenceServiceConfig,
): ScaledObjectResult {
  const say = (status: "True" | "False", reason: string, message: string): Condition => ({
    type: autoscalerSupportedType,
    status,
    reason,
    message,
  });
  switch (autoscalerClass) {
    case "keda": {
      const { scaledObject, conditions } = scaledObjectOf(component, config);
      const told = say("True", "ScaledObject", "autoscalerClass keda: scaled by a ScaledObject");
      return { scaledObject, conditions: [told, ...conditions] };
    }
    case "hpa": {
      const message =
        "autoscalerClass hpa, which is the default, is not supported yet: the replica count stays as it is; " +
        `set the annotation ${autoscalerClassAnnotation} to keda, external or none`;
      const told = say("False", "HorizontalPodAutoscalerNotSupported", message);
      return { scaledObject: undefined, conditions: [told] };
    }
    case "external": {
      const message = "autoscalerClass external: the replica count is left to others";
      return { scaledObject: undefined, conditions: [say("True", "External", message)] };
    }
    case "none": {
      const count = component.service.spec.predictor.minReplicas ?? 1;
      const message = `autoscalerClass none: the replica count is fixed at ${count}, minReplicas`;
      return { scaledObject: undefined, conditions: [say("True", "Fixed", message)] };
    }
  }
}

function unknownClass(asked: string): Cause {
  const field = `metadata.annotations[${autoscalerClassAnnotation}]`;
  return notSupported(field, asked, autoscalerClasses);
}

function configConditions(diagnostics: readonly ConfigDiagnostic[]): readonly Condition[] {
  if (diagnostics.length === 0) return [];
  const message = diagnostics.map(({ key, message: what }) => `${key} ${what}`).join("; ");
  return [
    {
      type: configUnderstoodType,
      status: "False",
      reason: "MalformedConfig",
      message: `inferenceservice-config, the default is used: ${message}`,
    },
  ];
}
