// ClusterStorageContainer: which init container fetches models of which URIs.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import type { Container } from "./pod.ts";

export type ClusterStorageContainer = KubeObject & {
  readonly spec: {
    readonly container: Container;
    readonly supportedUriFormats: readonly { readonly prefix?: string; readonly regex?: string }[];
    readonly workloadType?: "initContainer" | "localModelDownloadJob";
  };
  /** Stands beside `spec`, as upstream has it. */
  readonly disabled?: boolean;
};

export const clusterStorageContainerKind: Kind<ClusterStorageContainer> = {
  group: "serving.kserve.io",
  version: "v1alpha1",
  kind: "ClusterStorageContainer",
  plural: "clusterstoragecontainers",
  singular: "clusterstoragecontainer",
  namespaced: false,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
