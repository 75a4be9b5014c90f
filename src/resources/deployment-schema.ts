// The schema of a Deployment.
import { conditionsWith, labelSelectorSchema, nullableTime } from "./object-meta-schema.ts";
import { podTemplateSchema } from "./pod-schema.ts";
import {
  boolean,
  described,
  int32,
  int64,
  intOrString,
  object,
  string,
  union,
  type Schema,
} from "./schema.ts";

export const deploymentStrategySchema: Schema = union(
  object({
    type: string,
    rollingUpdate: object({ maxSurge: intOrString, maxUnavailable: intOrString }),
  }),
);

const spec = object(
  {
    replicas: described("How many pods are wanted; 1 when nobody says.", int32),
    selector: described(
      "Finds the pods; it must match the template's labels and never changes.",
      labelSelectorSchema,
    ),
    template: described("What each pod looks like.", podTemplateSchema),
    strategy: deploymentStrategySchema,
    minReadySeconds: int32,
    revisionHistoryLimit: int32,
    progressDeadlineSeconds: int32,
    paused: boolean,
  },
  "selector",
  "template",
);

const status = object({
  observedGeneration: int64,
  replicas: int32,
  updatedReplicas: int32,
  readyReplicas: int32,
  availableReplicas: int32,
  unavailableReplicas: int32,
  terminatingReplicas: int32,
  collisionCount: int32,
  conditions: conditionsWith({ lastUpdateTime: nullableTime }),
});

export const deploymentSchema: Schema = described(
  "A wanted number of equal pods, kept by ReplicaSets.",
  object({ spec, status }, "spec"),
);
