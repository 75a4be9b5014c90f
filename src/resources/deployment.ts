// Deployment: a wanted number of equal pods, kept by ReplicaSets.
import { ageCell, ageColumn, column, listCell, nameColumn, none, wideColumn } from "./columns.ts";
import type { Cell, Kind } from "./kind.ts";
import type { Condition, KubeObject, LabelSelector } from "./object.ts";
import { deploymentSchema } from "./deployment-schema.ts";
import { deploymentWithDefaults, validateDeployment } from "./deployment-validation.ts";
import type { PodTemplateSpec } from "./pod.ts";
import { formatSelector, selectorOf } from "./selector.ts";

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
  /** How many names of new ReplicaSets somebody else held. */
  readonly collisionCount?: number;
  readonly conditions?: readonly (Condition & { readonly lastUpdateTime?: string })[];
};

export type Deployment = KubeObject & {
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
};

/** Where the scale subresource of Deployments and ReplicaSets finds its numbers. */
export const replicaPaths = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".spec.selector",
} as const;

/** The wide columns that say what pods a Deployment or ReplicaSet makes. */
export const templateColumns = [
  wideColumn("Containers", "The names of the containers in the template."),
  wideColumn("Images", "The images of the containers in the template."),
  wideColumn("Selector", "Which pods belong to it."),
] as const;

export function templateCells(template: PodTemplateSpec, selector: LabelSelector): readonly Cell[] {
  const { containers } = template.spec;
  return [
    listCell(containers.map(({ name }) => name)),
    listCell(containers.map(({ image }) => image ?? "")),
    formatSelector(selectorOf(selector)) || none,
  ];
}

export const deploymentKind: Kind<Deployment> = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  singular: "deployment",
  namespaced: true,
  shortNames: ["deploy"],
  categories: ["all"],
  schema: deploymentSchema,
  subresources: { status: true, scale: replicaPaths },
  columns: [
    nameColumn,
    column("Ready", "How many pods are ready, of how many wanted."),
    column("Up-to-date", "How many pods are of the newest revision."),
    column("Available", "How many pods have been ready for minReadySeconds."),
    ageColumn,
    ...templateColumns,
  ],
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata.name,
    `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    `${status?.updatedReplicas ?? 0}`,
    `${status?.availableReplicas ?? 0}`,
    ageCell(metadata.creationTimestamp, nowMs),
    ...templateCells(spec.template, spec.selector),
  ],
  withDefaults: deploymentWithDefaults,
  validate: validateDeployment,
};
