// Where a Service is reached at this moment: its ready endpoints as addresses and ports. The ingress
// and the cluster's names both ask here. It reads copies of the API's objects and keeps no state.
import type { WatchCache } from "../../kube/watch-cache.ts";
import { serviceNameLabel, type EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";

export type ServiceCaches = {
  readonly services: Pick<WatchCache<Service>, "get">;
  readonly slices: Pick<WatchCache<EndpointSlice>, "list">;
  readonly pods: Pick<WatchCache<Pod>, "get">;
};

export type ReadyEndpoint = {
  /** `address:port`. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
};

/** The ready endpoints of a Service's port, or which of the two there is not. */
export type EndpointLookup =
  | { readonly kind: "noService" }
  | { readonly kind: "noPort" }
  | { readonly kind: "endpoints"; readonly endpoints: readonly ReadyEndpoint[] };

/** `port` is the Service's port: its number or its name. */
export function readyEndpoints(
  caches: ServiceCaches,
  namespace: string,
  name: string,
  port: number | string,
): EndpointLookup {
  const service = caches.services.get(`${namespace}/${name}`);
  if (!service) return { kind: "noService" };
  const servicePort = (service.spec.ports ?? []).find(
    (entry) => entry.port === port || entry.name === port,
  );
  if (!servicePort) return { kind: "noPort" };
  const endpoints = new Map<string, ReadyEndpoint>();
  for (const slice of caches.slices.list()) {
    if (slice.metadata.namespace !== namespace) continue;
    if (slice.metadata.labels?.[serviceNameLabel] !== name) continue;
    const target = (slice.ports ?? []).find(
      (entry) => (entry.name ?? "") === (servicePort.name ?? ""),
    );
    if (target?.port === undefined) continue;
    for (const endpoint of slice.endpoints) {
      const [address] = endpoint.addresses;
      if (address === undefined || endpoint.conditions?.ready === false) continue;
      if (isLeaving(caches, endpoint.targetRef)) continue;
      const key = `${address}:${target.port}`;
      endpoints.set(key, { key, address, port: target.port });
    }
  }
  return { kind: "endpoints", endpoints: [...endpoints.values()] };
}

/** Every endpoint that any Service has ready, by key. */
export function allReadyKeys(slices: readonly EndpointSlice[]): ReadonlySet<string> {
  return new Set(
    slices.flatMap(({ endpoints, ports }) =>
      endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses }) => (ports ?? []).map(({ port }) => `${addresses[0]}:${port}`)),
    ),
  );
}

/** A pod's own deletion shows two writes earlier than the slice that drops it; it may be stopping. */
function isLeaving(
  { pods }: ServiceCaches,
  target: EndpointSlice["endpoints"][number]["targetRef"],
): boolean {
  if (target?.kind !== "Pod") return false;
  const pod = pods.get(`${target.namespace}/${target.name}`);
  return pod?.metadata.uid === target.uid && pod?.metadata.deletionTimestamp !== undefined;
}
