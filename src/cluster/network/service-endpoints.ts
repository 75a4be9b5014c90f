// Where a Service is reached at this moment: its ready endpoints as addresses and ports. Ingress, virtual
// addresses and names all ask here. It reads copies of the API's objects and keeps no state of its own.
import { indexBy, type CacheIndex } from "../../kube/cache-index.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import {
  serviceNameLabel,
  type Endpoint,
  type EndpointSlice,
} from "../../resources/endpoint-slice.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";

export type ServiceCaches = {
  readonly services: Pick<WatchCache<Service>, "get">;
  /** By the key of the Service. */
  readonly slicesOf: CacheIndex<EndpointSlice>;
  readonly pods: Pick<WatchCache<Pod>, "get">;
};

export type ServiceEndpoint = {
  /** `address:port`. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
};

/** The endpoints of a Service's port that take connections, or which of the two there is not. */
export type EndpointLookup =
  | { readonly kind: "noService" }
  | { readonly kind: "noPort" }
  | { readonly kind: "endpoints"; readonly endpoints: readonly ServiceEndpoint[] };

export function indexSlices(
  slices: Pick<WatchCache<EndpointSlice>, "subscribe">,
): CacheIndex<EndpointSlice> {
  return indexBy(slices, ({ metadata }) => [
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel]}`,
  ]);
}

/** `port` is the Service's port: its number or its name. */
export function readyEndpoints(
  caches: ServiceCaches,
  namespace: string,
  name: string,
  port: number | string,
): EndpointLookup {
  return lookUp(caches, `${namespace}/${name}`, port, (endpoint) => acceptsNew(caches, endpoint));
}

/**
 * The ready endpoints; or, while all are ending, those that still serve, as kube-proxy has it: a new
 * connection may yet be taken there, and nowhere else.
 */
export function connectableEndpoints(
  caches: ServiceCaches,
  namespace: string,
  name: string,
  port: number | string,
): readonly ServiceEndpoint[] {
  const ready = readyEndpoints(caches, namespace, name, port);
  if (ready.kind !== "endpoints" || ready.endpoints.length > 0)
    return ready.kind === "endpoints" ? ready.endpoints : [];
  const ending = lookUp(
    caches,
    `${namespace}/${name}`,
    port,
    ({ conditions }) => conditions?.serving === true && conditions.terminating === true,
  );
  return ending.kind === "endpoints" ? ending.endpoints : [];
}

/** Whether new connections may go to this endpoint of a slice. */
export function acceptsNew(caches: Pick<ServiceCaches, "pods">, endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready !== false && !isLeaving(caches, endpoint.targetRef);
}

function lookUp(
  { services, slicesOf }: ServiceCaches,
  serviceKey: string,
  port: number | string,
  counts: (endpoint: Endpoint) => boolean,
): EndpointLookup {
  const service = services.get(serviceKey);
  if (!service) return { kind: "noService" };
  const servicePort = (service.spec.ports ?? []).find(
    (entry) => entry.port === port || entry.name === port,
  );
  if (!servicePort) return { kind: "noPort" };
  const found = new Map<string, ServiceEndpoint>();
  for (const slice of slicesOf(serviceKey)) {
    const target = (slice.ports ?? []).find(
      (entry) => (entry.name ?? "") === (servicePort.name ?? ""),
    );
    if (target?.port === undefined) continue;
    for (const endpoint of slice.endpoints) {
      const [address] = endpoint.addresses;
      if (address === undefined || !counts(endpoint)) continue;
      const key = `${address}:${target.port}`;
      found.set(key, { key, address, port: target.port });
    }
  }
  return { kind: "endpoints", endpoints: [...found.values()] };
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
function isLeaving({ pods }: Pick<ServiceCaches, "pods">, target: Endpoint["targetRef"]): boolean {
  if (target?.kind !== "Pod") return false;
  const pod = pods.get(`${target.namespace}/${target.name}`);
  return pod?.metadata.uid === target.uid && pod?.metadata.deletionTimestamp !== undefined;
}
