// ClusterStorageContainer: which init container fetches models of which URIs.
import { containerSchema } from "./container-schema.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import type { Container } from "./pod.ts";
import { boolean, described, list, object, oneOf, string } from "./schema.ts";

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
  schema: described(
    "Which init container fetches models of which URIs.",
    object(
      {
        spec: object(
          {
            container: described("Laid over the storage initializer's container.", containerSchema),
            supportedUriFormats: described(
              "Which storage URIs this container fetches, by prefix or by regular expression.",
              list(object({ prefix: string, regex: string })),
            ),
            workloadType: oneOf("initContainer", "localModelDownloadJob"),
          },
          "container",
          "supportedUriFormats",
        ),
        disabled: described("True leaves it out of the search for a container.", boolean),
      },
      "spec",
    ),
  ),
  columns: [],
};
