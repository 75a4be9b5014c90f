// The kinds that Dunlin brings to a cluster, as CRDs.
import { clusterStorageContainerKind } from "./cluster-storage-container.ts";
import { inferenceServiceKind } from "./inference-service.ts";
import type { Kind } from "./kind.ts";
import { scaledObjectKind } from "./scaled-object.ts";

export const customKinds: readonly Kind[] = [
  clusterStorageContainerKind,
  inferenceServiceKind,
  scaledObjectKind,
];
