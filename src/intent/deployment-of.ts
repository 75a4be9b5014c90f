// The Deployment of a predictor: the runtime's container with the model's wishes laid over it, and
// the init container that fetches the model.
import type { Cause } from "../resources/cause.ts";
import type { ClusterStorageContainer } from "../resources/cluster-storage-container.ts";
import type { Deployment, DeploymentStrategy } from "../resources/deployment.ts";
import { autoscalerClassOf } from "../resources/inference-service.ts";
import type { PodSpec, Volume } from "../resources/pod.ts";
import { childMetadata } from "./component.ts";
import type { Component } from "./component.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";
import { mergeContainer, withEnvDefaults } from "./merge-container.ts";
import { fieldsBut, modelContainer, modelContainerOf } from "./model-container-of.ts";
import { storageInitializerOf } from "./storage-initializer-of.ts";

export type DeploymentResult =
  | { readonly kind: "deployment"; readonly deployment: Deployment }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

/**
 * The replica count stays open, because a scaler owns it; only the autoscaler class `none` pins it
 * to minReplicas.
 */
export function deploymentOf(
  component: Component,
  config: InferenceServiceConfig,
  storageContainers: readonly ClusterStorageContainer[],
): DeploymentResult {
  const { predictor } = component.service.spec;
  const pod = podSpecOf(component, config, storageContainers);
  if (pod.kind === "invalid") return pod;
  const { labels, annotations, selector } = component;
  const pinned = autoscalerClassOf(component.service) === "none";
  return {
    kind: "deployment",
    deployment: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: childMetadata(component),
      spec: {
        ...(pinned && { replicas: predictor.minReplicas ?? 1 }),
        selector: { matchLabels: selector },
        template: { metadata: { labels, annotations }, spec: pod.spec },
        strategy: predictor.deploymentStrategy ?? rollingUpdate,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
    },
  };
}

const rollingUpdate: DeploymentStrategy = {
  type: "RollingUpdate",
  rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
};

type PodSpecResult =
  | { readonly kind: "pod"; readonly spec: PodSpec }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

function podSpecOf(
  component: Component,
  config: InferenceServiceConfig,
  storageContainers: readonly ClusterStorageContainer[],
): PodSpecResult {
  const { service, runtime } = component;
  const { metadata, spec } = service;
  const { model } = spec.predictor;
  const main = modelContainerOf(component);
  if (main.kind === "invalid") return main;
  const readOnly = metadata.annotations?.["storage.kserve.io/readonly"] !== "false";
  const storage =
    model?.storageUri === undefined
      ? undefined
      : storageInitializerOf(
          model.storageUri,
          storageContainers,
          config.storageInitializer,
          readOnly,
        );
  if (storage?.kind === "invalid") return storage;

  const {
    containers = [],
    initContainers = [],
    volumes = [],
    ...rest
  } = fieldsBut<PodSpec>(spec.predictor, predictorFields);
  const mounted = storage
    ? mergeContainer(main.container, { volumeMounts: [storage.mount] })
    : main.container;
  const others = containers.filter((container) => container.name !== modelContainer);
  const named = [mounted, ...others].map((container) =>
    withEnvDefaults(container, [{ name: "INFERENCE_SERVICE_NAME", value: metadata.name }]),
  );
  const inits = [...(storage ? [storage.container] : []), ...initContainers];
  const allVolumes: readonly Volume[] = [
    ...(runtime?.volumes ?? []),
    ...volumes,
    ...(storage ? [storage.volume] : []),
  ];
  return {
    kind: "pod",
    spec: {
      ...rest,
      ...(inits.length > 0 && { initContainers: inits }),
      containers: named,
      ...(allVolumes.length > 0 && { volumes: allVolumes }),
      terminationGracePeriodSeconds: rest.terminationGracePeriodSeconds ?? 30,
    },
  };
}

/** The predictor's own fields; all others are those of a PodSpec, known to us or not. */
const predictorFields = new Set(
  (
    "name model minReplicas maxReplicas scaleMetric scaleMetricType scaleTarget autoScaling timeout " +
    "containerConcurrency canaryTrafficPercent deploymentStrategy labels annotations workerSpec " +
    "logger batcher"
  ).split(" "),
);
