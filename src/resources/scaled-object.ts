// ScaledObject (KEDA): which metrics drive the replica count of which workload, between which bounds.
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";

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
  readonly minReplicaCount?: number;
  readonly maxReplicaCount?: number;
  readonly triggers: readonly ScaleTrigger[];
  readonly advanced?: {
    readonly horizontalPodAutoscalerConfig?: {
      readonly behavior?: HorizontalPodAutoscalerBehavior;
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
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
