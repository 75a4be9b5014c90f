// The schema of an InferenceService. The predictor is spelled out, so that a misspelled field is told;
// transformer and explainer, which Dunlin does not run, are taken as they are.
import { containerFields } from "./container-schema.ts";
import { deploymentStrategySchema } from "./deployment-schema.ts";
import { conditionsSchema } from "./object-meta-schema.ts";
import { podSpecFields } from "./pod-schema.ts";
import { behaviorSchema } from "./scaled-object-schema.ts";
import {
  anyObject,
  described,
  int32,
  int64,
  list,
  map,
  object,
  oneOf,
  quantity,
  string,
  time,
  type Schema,
} from "./schema.ts";

const target = described(
  "How much of the metric one replica should carry.",
  object({
    type: oneOf("Utilization", "Value", "AverageValue"),
    value: described("A plain number; it keeps the text that it was written in.", quantity),
    averageValue: quantity,
    averageUtilization: int32,
  }),
);

const external = object(
  {
    metric: object({
      backend: oneOf("prometheus", "graphite"),
      serverAddress: described("Where the backend answers, as http://prometheus:9090.", string),
      query: described("What to ask it: one series for each pod, or their sum.", string),
      namespace: string,
    }),
    authenticationRef: object({
      authenticationRef: object({ name: string }, "name"),
      authModes: string,
    }),
    target,
  },
  "metric",
);

const podmetric = object(
  {
    metric: object({
      backend: oneOf("opentelemetry"),
      serverAddress: string,
      metricNames: list(string),
      query: string,
      operationOverTime: string,
    }),
    target,
  },
  "metric",
);

const metric = object(
  {
    type: described(
      "Which of the blocks beside it holds the metric.",
      oneOf("Resource", "External", "PodMetric"),
    ),
    resource: object({ name: oneOf("cpu", "memory"), target }, "name"),
    external,
    podmetric,
  },
  "type",
);

const { name: _name, ...inlineContainer } = containerFields;

const model = object(
  {
    ...inlineContainer,
    // KServe fixes the name; a rule says so to whoever sets one.
    name: string,
    modelFormat: object({ name: string, version: string }, "name"),
    runtime: described("The serving runtime; chosen by the model's format when absent.", string),
    runtimeVersion: string,
    protocolVersion: oneOf("v1", "v2", "grpc-v1", "grpc-v2"),
    storageUri: described("Where the model is, as hf://owner/model.", string),
    storageUris: list(object({ uri: string, mountPath: string }, "uri")),
    storageContainerName: string,
    storage: object({ key: string, path: string, schemaPath: string, parameters: map(string) }),
  },
  "modelFormat",
);

const predictor = object({
  ...podSpecFields,
  name: { ...string, pattern: "^[a-z]([-a-z0-9]*[a-z0-9])?$" },
  model: described("The model to serve; its other fields are those of a container.", model),
  minReplicas: described("The least replicas; 1.", int32),
  maxReplicas: described("The most replicas; no limit but minReplicas when 0.", int32),
  scaleMetric: oneOf("cpu", "memory", "concurrency", "rps"),
  scaleMetricType: string,
  scaleTarget: int32,
  autoScaling: object({ metrics: list(metric), behavior: behaviorSchema }),
  timeout: int64,
  containerConcurrency: int64,
  canaryTrafficPercent: int64,
  deploymentStrategy: deploymentStrategySchema,
  labels: map(string),
  annotations: map(string),
  workerSpec: anyObject,
  logger: anyObject,
  batcher: anyObject,
});

const spec = object(
  {
    predictor,
    transformer: anyObject,
    explainer: anyObject,
    canary: list(anyObject),
  },
  "predictor",
);

const modelStatus = object({
  copies: object({ totalCopies: int32, failedCopies: int32 }),
  states: object({ activeModelState: string, targetModelState: string }),
  transitionStatus: string,
  lastFailureInfo: object({
    reason: string,
    message: string,
    location: string,
    modelRevisionName: string,
    exitCode: int32,
    time,
  }),
});

const status = object({
  url: string,
  address: object({ url: string, name: string, audience: string, CACerts: string }),
  annotations: map(string),
  // Also read by the printed columns: Knative's revisions and their traffic.
  components: map(anyObject),
  conditions: conditionsSchema,
  deploymentMode: string,
  observedGeneration: int64,
  modelStatus,
  servingRuntimeName: string,
  clusterServingRuntimeName: string,
  canaryStatuses: list(anyObject),
});

export const inferenceServiceSchema: Schema = described(
  "A model to serve, how, and how far to scale it.",
  object({ spec, status }, "spec"),
);
