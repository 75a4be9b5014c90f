// ReplicaSet: one revision of a Deployment's pods.
import type { Kind } from "./kind.ts";
import type { KubeObject, LabelSelector } from "./object.ts";
import type { PodTemplateSpec } from "./pod.ts";

export type ReplicaSet = KubeObject & {
  readonly spec: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly selector: LabelSelector;
    readonly template: PodTemplateSpec;
  };
  readonly status?: {
    readonly replicas: number;
    readonly fullyLabeledReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
  };
};

export const replicaSetKind: Kind<ReplicaSet> = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  singular: "replicaset",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
