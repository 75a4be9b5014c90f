// Deployment: a wanted number of equal pods, kept by ReplicaSets.
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject, LabelSelector } from "./object.ts";
import type { PodTemplateSpec } from "./pod.ts";

export type DeploymentStrategy = {
  readonly type?: "RollingUpdate" | "Recreate";
  readonly rollingUpdate?: {
    readonly maxSurge?: number | string;
    readonly maxUnavailable?: number | string;
  };
};

export type DeploymentSpec = {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly strategy?: DeploymentStrategy;
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
  readonly progressDeadlineSeconds?: number;
  readonly paused?: boolean;
};

export type DeploymentStatus = {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly conditions?: readonly (Condition & { readonly lastUpdateTime?: string })[];
};

export type Deployment = KubeObject & {
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
};

export const deploymentKind: Kind<Deployment> = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  singular: "deployment",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
