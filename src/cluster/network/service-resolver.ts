// The cluster's names: NAME.NAMESPACE.svc[.cluster.local] to an address of a ready endpoint. It is
// asked by what runs in the cluster's own process, and gives ports too, which no DNS server could.
import { pickEndpoint } from "../../routing/pick-endpoint.ts";
import { readyEndpoints, type ServiceCaches } from "./service-endpoints.ts";

export type ResolvedAddress = { readonly address: string; readonly port: number };
export type ServiceResolver = (
  hostname: string,
  port: number | string,
) => ResolvedAddress | undefined;

/**
 * The resolver answers undefined for a name that is no Service's, and for a Service that has no such
 * port or no ready endpoint. Calls take turns among the endpoints.
 */
export function serviceResolver(caches: ServiceCaches): ServiceResolver {
  let turn = 0;
  return (hostname, port) => {
    const match = serviceName.exec(hostname.toLowerCase());
    if (!match) return undefined;
    const [, name = "", namespace = ""] = match;
    const found = readyEndpoints(caches, namespace, name, port);
    if (found.kind !== "endpoints") return undefined;
    const idle = found.endpoints.map((endpoint) => ({ ...endpoint, inFlight: 0 }));
    const picked = pickEndpoint(idle, turn++);
    return picked && { address: picked.address, port: picked.port };
  };
}

const serviceName = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?\.?$/;
