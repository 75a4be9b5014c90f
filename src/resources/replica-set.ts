// ReplicaSet: one revision of a Deployment's pods.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import { replicaPaths, templateCells, templateColumns } from "./deployment.ts";
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject, LabelSelector } from "./object.ts";
import { conditionsSchema, labelSelectorSchema } from "./object-meta-schema.ts";
import { templateWithDefaults } from "./pod-defaults.ts";
import { podTemplateSchema } from "./pod-schema.ts";
import type { PodTemplateSpec } from "./pod.ts";
import { validateWorkload } from "./workload-validation.ts";
import { described, int32, int64, object } from "./schema.ts";

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
    readonly conditions?: readonly Condition[];
  };
};

const spec = object(
  {
    replicas: int32,
    minReadySeconds: int32,
    selector: labelSelectorSchema,
    template: podTemplateSchema,
  },
  "selector",
  "template",
);

const status = object({
  replicas: int32,
  fullyLabeledReplicas: int32,
  readyReplicas: int32,
  availableReplicas: int32,
  terminatingReplicas: int32,
  observedGeneration: int64,
  conditions: conditionsSchema,
});

export const replicaSetKind: Kind<ReplicaSet> = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  singular: "replicaset",
  namespaced: true,
  shortNames: ["rs"],
  categories: ["all"],
  schema: described("One revision of a Deployment's pods.", object({ spec, status }, "spec")),
  subresources: { status: true, scale: replicaPaths },
  columns: [
    nameColumn,
    column("Desired", "How many pods are wanted.", "integer"),
    column("Current", "How many pods there are.", "integer"),
    column("Ready", "How many pods are ready.", "integer"),
    ageColumn,
    ...templateColumns,
  ],
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata.name,
    spec.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    ageCell(metadata.creationTimestamp, nowMs),
    ...templateCells(spec.template, spec.selector),
  ],
  withDefaults: (set) => ({
    ...set,
    spec: { replicas: 1, ...set.spec, template: templateWithDefaults(set.spec.template) },
  }),
  validate: ({ spec }, old) => validateWorkload(spec, old?.spec, "ReplicaSet"),
};
