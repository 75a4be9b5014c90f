// InferenceService (KServe): a model to serve, how, and how far to scale it.
import { inferenceServiceSchema } from "./inference-service-schema.ts";
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { DeploymentStrategy } from "./deployment.ts";
import type { Container, PodSpec } from "./pod.ts";
import type { HorizontalPodAutoscalerBehavior } from "./scaled-object.ts";

/** Quantities keep the text that the user wrote: "0.6" never becomes "600m". */
export type MetricTarget = {
  readonly type?: "Utilization" | "Value" | "AverageValue";
  readonly value?: string | number;
  readonly averageValue?: string | number;
  readonly averageUtilization?: number;
};

export type AutoScalingMetric = {
  readonly type: "Resource" | "External" | "PodMetric";
  readonly resource?: { readonly name: string; readonly target?: MetricTarget };
  readonly external?: {
    readonly metric: {
      readonly backend?: string;
      readonly serverAddress?: string;
      readonly query?: string;
      readonly namespace?: string;
    };
    readonly authenticationRef?: {
      readonly authenticationRef?: { readonly name: string };
      readonly authModes?: string;
    };
    readonly target?: MetricTarget;
  };
  readonly podmetric?: {
    readonly metric: {
      readonly backend?: string;
      readonly serverAddress?: string;
      readonly metricNames?: readonly string[];
      readonly query?: string;
      readonly operationOverTime?: string;
    };
    readonly target?: MetricTarget;
  };
};

/** The `model` block is an inline container whose name is fixed. */
export type PredictorModel = Omit<Container, "name"> & {
  /** Refused, and known so that the refusal can say why. */
  readonly name?: string;
  readonly modelFormat: { readonly name: string; readonly version?: string };
  readonly runtime?: string;
  readonly runtimeVersion?: string;
  readonly protocolVersion?: string;
  readonly storageUri?: string;
  readonly storageUris?: readonly { readonly uri: string; readonly mountPath?: string }[];
  readonly storageContainerName?: string;
};

export type Predictor = Partial<PodSpec> & {
  readonly name?: string;
  readonly model?: PredictorModel;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly scaleMetric?: string;
  readonly scaleTarget?: number;
  readonly autoScaling?: {
    readonly metrics?: readonly AutoScalingMetric[];
    readonly behavior?: HorizontalPodAutoscalerBehavior;
  };
  readonly timeout?: number;
  readonly canaryTrafficPercent?: number;
  readonly containerConcurrency?: number;
  readonly workerSpec?: unknown;
  readonly logger?: unknown;
  readonly batcher?: unknown;
  readonly deploymentStrategy?: DeploymentStrategy;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type InferenceServiceStatus = {
  readonly url?: string;
  readonly address?: { readonly url: string };
  readonly components?: Readonly<Record<string, { readonly url?: string }>>;
  readonly conditions?: readonly Condition[];
  readonly deploymentMode?: string;
  readonly observedGeneration?: number;
  readonly modelStatus?: {
    readonly copies?: { readonly totalCopies: number; readonly failedCopies: number };
    readonly states?: { readonly activeModelState: string; readonly targetModelState: string };
    readonly transitionStatus?: string;
    readonly lastFailureInfo?: {
      readonly reason: string;
      readonly message: string;
      readonly exitCode?: number;
    };
  };
  readonly servingRuntimeName?: string;
  readonly clusterServingRuntimeName?: string;
};

export type InferenceService = KubeObject & {
  readonly spec: {
    readonly predictor: Predictor;
    readonly transformer?: unknown;
    readonly explainer?: unknown;
    readonly canary?: readonly unknown[];
  };
  readonly status?: InferenceServiceStatus;
};

/** Annotations and labels of KServe that Dunlin reads or writes. */
export const autoscalerClassAnnotation = "serving.kserve.io/autoscalerClass";
export const deploymentModeAnnotation = "serving.kserve.io/deploymentMode";
export const inferenceServiceLabel = "serving.kserve.io/inferenceservice";

/** What the annotation of the autoscaler class may say; `hpa` is meant where it is absent. */
export const autoscalerClasses = ["hpa", "external", "keda", "none"] as const;
export type AutoscalerClass = (typeof autoscalerClasses)[number];

/** The one deployment mode that Dunlin serves, by its name and by its older one. */
export const standardDeploymentModes = ["Standard", "RawDeployment"] as const;

/** Which autoscaler a service asks for; what the predictor says wins over what the service says. */
export function autoscalerClassOf(service: InferenceService): string {
  return writtenAutoscalerClassOf(service) ?? "hpa";
}

/** The same as the user wrote it; undefined where nothing is written. */
export function writtenAutoscalerClassOf({ metadata, spec }: InferenceService): string | undefined {
  return (
    spec.predictor.annotations?.[autoscalerClassAnnotation] ??
    metadata.annotations?.[autoscalerClassAnnotation]
  );
}

/** The name that the predictor's children bear. */
export function predictorNameOf({ metadata, spec }: InferenceService): string {
  const { name } = spec.predictor;
  return name === undefined || name === ""
    ? `${metadata.name}-predictor`
    : `${metadata.name}-${name}-predictor`;
}

export const inferenceServiceKind: Kind<InferenceService> = {
  group: "serving.kserve.io",
  version: "v1beta1",
  kind: "InferenceService",
  plural: "inferenceservices",
  singular: "inferenceservice",
  namespaced: true,
  shortNames: ["isvc"],
  schema: inferenceServiceSchema,
  subresources: { status: true },
  // The revisions are Knative's; upstream prints their empty columns in Standard mode too.
  columns: [
    { name: "URL", type: "string", jsonPath: ".status.url" },
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    {
      name: "Prev",
      type: "integer",
      jsonPath: ".status.components.predictor.traffic[?(@.tag=='prev')].percent",
    },
    {
      name: "Latest",
      type: "integer",
      jsonPath: ".status.components.predictor.traffic[?(@.latestRevision==true)].percent",
    },
    {
      name: "PrevRolledoutRevision",
      type: "string",
      jsonPath: ".status.components.predictor.traffic[?(@.tag=='prev')].revisionName",
    },
    {
      name: "LatestReadyRevision",
      type: "string",
      jsonPath: ".status.components.predictor.traffic[?(@.latestRevision==true)].revisionName",
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
};
