// The Deployment of a predictor: the runtime's container with the model's wishes laid over it, and
// the init container that fetches the model.
import type { Cause } from "../resources/cause.ts";
import { forbidden, invalid, required } from "../resources/cause.ts";
import type { ClusterStorageContainer } from "../resources/cluster-storage-container.ts";
import type { Deployment, DeploymentStrategy } from "../resources/deployment.ts";
import { autoscalerClassOf } from "../resources/inference-service.ts";
import type { PredictorModel } from "../resources/inference-service.ts";
import type { Container, PodSpec, Probe, Volume } from "../resources/pod.ts";
import { childMetadata } from "./component.ts";
import type { Component } from "./component.ts";
import { renderTemplate } from "./go-template.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";
import { mergeContainer, withEnvDefaults } from "./merge-container.ts";
import type { ServingRuntime } from "./serving-runtimes.ts";
import { storageInitializerOf } from "./storage-initializer-of.ts";

export type DeploymentResult =
  | { readonly kind: "deployment"; readonly deployment: Deployment }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

const modelContainer = "kserve-container";
const modelPort = 8080;

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
  const main = mainContainerOf(component);
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

/** The model's own fields; all others are those of a container. */
const modelFields = new Set(
  (
    "name modelFormat runtime runtimeVersion protocolVersion storageUri storageUris storage " +
    "storageContainerName"
  ).split(" "),
);

/** The object without those fields. It passed the API's schema, so what is left is as T says. */
function fieldsBut<T extends object>(object: object, names: ReadonlySet<string>): Partial<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([name]) => !names.has(name)),
  ) as Partial<T>;
}

type ContainerResult =
  | { readonly kind: "container"; readonly container: Container }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

function mainContainerOf({ service, runtime }: Component): ContainerResult {
  const { model, containers = [] } = service.spec.predictor;
  const own = containers.find((container) => container.name === modelContainer);
  if (model && own) {
    const detail = "a predictor has either a model or a container of its own, not both";
    return { kind: "invalid", causes: [invalid("spec.predictor.containers", own.name, detail)] };
  }
  if (model && runtime) return modelContainerOf(model, runtime, service.metadata);
  if (own) return { kind: "container", container: withDefaults(own) };
  const detail = `give a model, or a container named ${modelContainer}`;
  return { kind: "invalid", causes: [required("spec.predictor.model", detail)] };
}

const unsupportedStorage = ["storage", "storageUris", "storageContainerName"];

/** The runtime's arguments come first, so that the user's, which follow, override them. */
function modelContainerOf(
  model: PredictorModel,
  runtime: ServingRuntime,
  metadata: Component["service"]["metadata"],
): ContainerResult {
  const merged = mergeContainer(runtime.container, fieldsBut<Container>(model, modelFields));
  const rendered = (runtime.container.args ?? []).map((arg) =>
    renderTemplate(arg, {
      Name: metadata.name,
      Namespace: metadata.namespace ?? "default",
      Labels: metadata.labels ?? {},
      Annotations: metadata.annotations ?? {},
    }),
  );
  const causes = [
    ...unsupportedStorage
      .filter((field) => field in model)
      .map((field) =>
        forbidden(`spec.predictor.model.${field}`, "is not supported yet; use storageUri"),
      ),
    ...rendered.flatMap((result) =>
      result.kind === "malformed"
        ? [invalid("spec.predictor.model.runtime", runtime.name, result.message)]
        : [],
    ),
  ];
  if (causes.length > 0) return { kind: "invalid", causes };
  const runtimeArgs = rendered.flatMap((result) =>
    result.kind === "rendered" ? [result.text] : [],
  );
  const image = model.image ?? imageOf(runtime, model.runtimeVersion, merged);
  const args = [...runtimeArgs, ...(model.args ?? [])];
  return { kind: "container", container: withDefaults({ ...merged, image, args }) };
}

/** Its tag follows runtimeVersion, and ends in -gpu for a container that gets one. */
function imageOf(
  { container }: ServingRuntime,
  version: string | undefined,
  { resources }: Container,
): string {
  const [repository = "", tag = "latest"] = (container.image ?? "").split(":");
  const hasGpu = Object.keys(resources?.limits ?? {}).some(
    (key) => key === "nvidia.com/gpu" || key.startsWith("nvidia.com/mig"),
  );
  const wanted = version ?? tag;
  return `${repository}:${hasGpu && !wanted.endsWith("-gpu") ? `${wanted}-gpu` : wanted}`;
}

function withDefaults(container: Container): Container {
  const port = container.ports?.[0]?.containerPort ?? modelPort;
  return {
    ...container,
    imagePullPolicy: container.imagePullPolicy ?? "IfNotPresent",
    readinessProbe: container.readinessProbe ?? tcpProbe(port),
  };
}

function tcpProbe(port: number): Probe {
  return {
    tcpSocket: { port },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
}
