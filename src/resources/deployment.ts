// Deployment: a wanted number of equal pods, kept by ReplicaSets.
import { ageCell, ageColumn, column, listCell, nameColumn, none, wideColumn } from "./columns.ts";
import type { Cell, Kind } from "./kind.ts";
import type { Condition, KubeObject, LabelSelector } from "./object.ts";
import { deploymentWithDefaults, validateDeployment } from "./deployment-validation.ts";
import { conditionsSchema, labelSelectorSchema } from "./object-meta-schema.ts";
import { podTemplateSchema } from "./pod-schema.ts";
import type { PodTemplateSpec } from "./pod.ts";
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
  readonly conditions?: readonly (Condition & { readonly lastUpdateTime?: string })[];
};

export type Deployment = KubeObject & {
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
};

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
  conditions: conditionsSchema,
});

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
  schema: object({ spec, status }, "spec"),
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
