// ScaledObject (KEDA): which metrics drive the replica count of which workload, between which bounds.
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import { scaledObjectSchema } from "./scaled-object-schema.ts";

export type ScalingRules = {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: "Max" | "Min" | "Disabled";
  readonly policies?: readonly {
    readonly type: "Pods" | "Percent";
    readonly value: number;
    readonly periodSeconds: number;
  }[];
  readonly tolerance?: number | string;
};

export type HorizontalPodAutoscalerBehavior = {
  readonly scaleUp?: ScalingRules;
  readonly scaleDown?: ScalingRules;
};

export type TargetType = "AverageValue" | "Value";

export type ScaleTrigger = {
  readonly type: string;
  readonly name?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly metricType?: TargetType | "Utilization";
  readonly useCachedMetrics?: boolean;
  readonly authenticationRef?: { readonly name: string; readonly kind?: string };
};

export type ScaledObjectSpec = {
  readonly scaleTargetRef: {
    readonly name: string;
    readonly apiVersion?: string;
    readonly kind?: string;
  };
  readonly pollingInterval?: number;
  readonly cooldownPeriod?: number;
  readonly initialCooldownPeriod?: number;
  readonly idleReplicaCount?: number;
  readonly minReplicaCount?: number;
  readonly maxReplicaCount?: number;
  readonly triggers: readonly ScaleTrigger[];
  readonly fallback?: {
    readonly failureThreshold: number;
    readonly replicas: number;
    readonly behavior?: string;
  };
  readonly advanced?: {
    readonly restoreToOriginalReplicaCount?: boolean;
    readonly horizontalPodAutoscalerConfig?: {
      readonly name?: string;
      readonly behavior?: HorizontalPodAutoscalerBehavior;
    };
    readonly scalingModifiers?: {
      readonly formula?: string;
      readonly target?: string;
      readonly activationTarget?: string;
      readonly metricType?: TargetType;
    };
  };
};

export type ScaledObjectStatus = {
  readonly scaleTargetKind?: string;
  readonly scaleTargetGVKR?: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly resource: string;
  };
  readonly originalReplicaCount?: number;
  readonly lastActiveTime?: string;
  readonly externalMetricNames?: readonly string[];
  readonly resourceMetricNames?: readonly string[];
  readonly pausedReplicaCount?: number;
  readonly hpaName?: string;
  readonly triggersTypes?: string;
  readonly authenticationsTypes?: string;
  /** KEDA's conditions carry no transition time. */
  readonly conditions?: readonly Condition[];
  readonly triggersActivity?: Readonly<Record<string, { readonly isActive: boolean }>>;
};

export type ScaledObject = KubeObject & {
  readonly spec: ScaledObjectSpec;
  readonly status?: ScaledObjectStatus;
};

export const scaledObjectKind: Kind<ScaledObject> = {
  group: "keda.sh",
  version: "v1alpha1",
  kind: "ScaledObject",
  plural: "scaledobjects",
  singular: "scaledobject",
  namespaced: true,
  shortNames: ["so"],
  schema: scaledObjectSchema,
  subresources: { status: true },
  // The order of KEDA's releases up to 2.17; its newest puts the conditions before the triggers.
  columns: [
    { name: "ScaleTargetKind", type: "string", jsonPath: ".status.scaleTargetKind" },
    { name: "ScaleTargetName", type: "string", jsonPath: ".spec.scaleTargetRef.name" },
    { name: "Min", type: "integer", jsonPath: ".spec.minReplicaCount" },
    { name: "Max", type: "integer", jsonPath: ".spec.maxReplicaCount" },
    { name: "Triggers", type: "string", jsonPath: ".status.triggersTypes" },
    { name: "Authentication", type: "string", jsonPath: ".status.authenticationsTypes" },
    { name: "Ready", type: "string", jsonPath: conditionPath("Ready") },
    { name: "Active", type: "string", jsonPath: conditionPath("Active") },
    { name: "Fallback", type: "string", jsonPath: conditionPath("Fallback") },
    { name: "Paused", type: "string", jsonPath: conditionPath("Paused") },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
};

function conditionPath(type: string): string {
  return `.status.conditions[?(@.type=="${type}")].status`;
}
