// The schema of a ScaledObject, and of the scaling behaviour that it shares with InferenceServices.
import {
  atLeast,
  boolean,
  described,
  int32,
  list,
  map,
  object,
  oneOf,
  quantity,
  string,
  time,
  type Schema,
} from "./schema.ts";

const scalingPolicy = object(
  {
    type: oneOf("Pods", "Percent"),
    value: atLeast(1, int32),
    periodSeconds: { ...atLeast(1, int32), maximum: 1800 },
  },
  "type",
  "value",
  "periodSeconds",
);

const scalingRules = object({
  stabilizationWindowSeconds: described(
    "How far back to look for the most cautious wish before following a change.",
    { ...atLeast(0, int32), maximum: 3600 },
  ),
  selectPolicy: oneOf("Max", "Min", "Disabled"),
  policies: described("How many pods may come or go within a period.", list(scalingPolicy)),
  tolerance: described("How far off the target a metric may be without any change.", quantity),
});

/** As in autoscaling/v2. */
export const behaviorSchema: Schema = object({ scaleUp: scalingRules, scaleDown: scalingRules });

const trigger = object(
  {
    type: described("Where the metric comes from, as prometheus.", string),
    name: string,
    metadata: described("The settings of this type of trigger; all are text.", map(string)),
    metricType: oneOf("AverageValue", "Value", "Utilization"),
    useCachedMetrics: boolean,
    authenticationRef: object({ name: string, kind: string }, "name"),
  },
  "type",
  "metadata",
);

const advanced = object({
  restoreToOriginalReplicaCount: boolean,
  horizontalPodAutoscalerConfig: object({ name: string, behavior: behaviorSchema }),
  scalingModifiers: object({
    formula: string,
    target: string,
    activationTarget: string,
    metricType: oneOf("AverageValue", "Value"),
  }),
});

const fallback = object(
  {
    failureThreshold: atLeast(0, int32),
    replicas: atLeast(0, int32),
    behavior: oneOf(
      "static",
      "currentReplicas",
      "currentReplicasIfHigher",
      "currentReplicasIfLower",
      "scalingModifiers",
    ),
  },
  "failureThreshold",
  "replicas",
);

const spec = object(
  {
    scaleTargetRef: described(
      "What to scale: anything with a scale subresource; a Deployment where the kind is absent.",
      object(
        {
          name: { ...string, minLength: 1 },
          apiVersion: string,
          kind: string,
          envSourceContainerName: string,
        },
        "name",
      ),
    ),
    pollingInterval: described("Seconds between two looks at the triggers; 30.", atLeast(1, int32)),
    cooldownPeriod: described(
      "Seconds without an active trigger before scaling to zero; 300.",
      atLeast(0, int32),
    ),
    initialCooldownPeriod: atLeast(0, int32),
    idleReplicaCount: atLeast(0, int32),
    minReplicaCount: described("The least replicas while active; 0.", atLeast(0, int32)),
    maxReplicaCount: described("The most replicas; 100.", atLeast(1, int32)),
    triggers: list(trigger),
    fallback,
    advanced,
  },
  "scaleTargetRef",
  "triggers",
);

// KEDA's conditions have no transition time, and an atomic list lets anyone write them.
const conditions = list(
  object({ type: string, status: string, reason: string, message: string }, "type", "status"),
);

const status = object({
  scaleTargetKind: string,
  scaleTargetGVKR: object(
    { group: string, version: string, kind: string, resource: string },
    "group",
    "version",
    "kind",
    "resource",
  ),
  originalReplicaCount: int32,
  lastActiveTime: time,
  externalMetricNames: list(string),
  resourceMetricNames: list(string),
  compositeScalerName: string,
  conditions,
  health: map(object({ numberOfFailures: int32, status: string })),
  triggersActivity: map(object({ isActive: boolean })),
  pausedReplicaCount: int32,
  hpaName: string,
  triggersTypes: string,
  authenticationsTypes: string,
});

export const scaledObjectSchema: Schema = described(
  "Which metrics drive the replica count of which workload, between which bounds.",
  object({ spec, status }, "spec"),
);
