// The local copies of everything that the controllers and the scraper look at, one of each kind for
// all of them.
import type { Clock } from "../lib/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { WatchCache } from "../kube/watch-cache.ts";
import {
  clusterStorageContainerKind,
  type ClusterStorageContainer,
} from "../resources/cluster-storage-container.ts";
import { configMapKind, type ConfigMap } from "../resources/config-map.ts";
import { deploymentKind, type Deployment } from "../resources/deployment.ts";
import { endpointSliceKind, type EndpointSlice } from "../resources/endpoint-slice.ts";
import { inferenceServiceKind, type InferenceService } from "../resources/inference-service.ts";
import { ingressKind, type Ingress } from "../resources/ingress.ts";
import type { Kind } from "../resources/kind.ts";
import type { KubeObject } from "../resources/object.ts";
import { podKind, type Pod } from "../resources/pod.ts";
import { scaledObjectKind, type ScaledObject } from "../resources/scaled-object.ts";
import { serviceKind, type Service } from "../resources/service.ts";

/** Where KServe keeps its configuration. */
export const kserveNamespace = "kserve";

export type Caches = {
  readonly inferenceServices: WatchCache<InferenceService>;
  readonly scaledObjects: WatchCache<ScaledObject>;
  readonly storageContainers: WatchCache<ClusterStorageContainer>;
  readonly deployments: WatchCache<Deployment>;
  readonly services: WatchCache<Service>;
  readonly endpointSlices: WatchCache<EndpointSlice>;
  readonly ingresses: WatchCache<Ingress>;
  readonly pods: WatchCache<Pod>;
  /** Those of the KServe namespace only. */
  readonly configMaps: WatchCache<ConfigMap>;
};

/** Resolves when every copy is complete. They are kept up to date until the signal aborts. */
export async function startCaches(
  options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly log: (line: string) => void;
  },
  signal: AbortSignal,
): Promise<Caches> {
  const cacheOf = <T extends KubeObject>(kind: Kind<T>, namespace?: string): WatchCache<T> => {
    const cache = new WatchCache({
      ...options,
      kind,
      ...(namespace !== undefined && { namespace }),
    });
    cache.start(signal);
    return cache;
  };
  const caches = {
    inferenceServices: cacheOf(inferenceServiceKind),
    scaledObjects: cacheOf(scaledObjectKind),
    storageContainers: cacheOf(clusterStorageContainerKind),
    deployments: cacheOf(deploymentKind),
    services: cacheOf(serviceKind),
    endpointSlices: cacheOf(endpointSliceKind),
    ingresses: cacheOf(ingressKind),
    pods: cacheOf(podKind),
    configMaps: cacheOf(configMapKind, kserveNamespace),
  };
  await Promise.all(Object.values(caches).map((cache) => cache.synced));
  return caches;
}
