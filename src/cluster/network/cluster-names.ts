// The names under cluster.local and what they stand for, by Kubernetes' DNS specification 1.1: Services,
// headless Services' endpoints, named ports, external names and pods' addresses. Knows no wire format.
import type { Endpoint, EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Service } from "../../resources/service.ts";
import { acceptsNew, type ServiceCaches } from "./service-endpoints.ts";
import { mappedPort } from "./service-ports.ts";

export const clusterDomain = "cluster.local";

export type NameRecords = {
  readonly addresses?: readonly string[];
  /** The name that this one is another for. */
  readonly alias?: string;
  readonly ports?: readonly { readonly target: string; readonly port: number }[];
};

/** `name` in lower case, without the last dot. No records at all for a name that merely stands above others. */
export function recordsOf(name: string, caches: ServiceCaches): NameRecords | undefined {
  if (name === clusterDomain) return {};
  if (!name.endsWith(`.${clusterDomain}`)) return undefined;
  const labels = name.slice(0, -clusterDomain.length - 1).split(".");
  const kind = labels.pop();
  if (labels.length < 2) return kind === "svc" || kind === "pod" ? {} : undefined;
  if (kind === "pod") return podRecords(labels);
  return kind === "svc" ? serviceRecords(labels, caches) : undefined;
}

/** `127-64-1-9.default.pod` says the address itself. */
function podRecords([dashed = "", , ...rest]: readonly string[]): NameRecords | undefined {
  const address = dashed.replaceAll("-", ".");
  const isAddress = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(address);
  return isAddress && rest.length === 0 ? { addresses: [address] } : undefined;
}

function serviceRecords(labels: readonly string[], caches: ServiceCaches): NameRecords | undefined {
  const [namespace = "", name = "", ...below] = labels.toReversed();
  const key = `${namespace}/${name}`;
  const service = caches.services.get(key);
  if (!service) return undefined;
  const { spec } = service;
  const own = `${name}.${namespace}.svc.${clusterDomain}`;
  if (spec.type === "ExternalName")
    return below.length === 0 ? { alias: (spec.externalName ?? "").toLowerCase() } : undefined;
  const hosts = spec.clusterIP === "None" ? hostsOf(caches.slicesOf(key), caches) : undefined;
  const [first = "", second] = below;
  switch (below.length) {
    case 0: {
      const single = spec.clusterIP ? [spec.clusterIP] : [];
      const addresses = hosts ? [...new Set(hosts.map(({ address }) => address))] : single;
      return { addresses, ports: portsOf(service, hosts, own) };
    }
    case 1: {
      const addresses = hosts?.filter(({ label }) => label === first).map(({ address }) => address);
      return addresses?.length ? { addresses: [...new Set(addresses)] } : undefined;
    }
    case 2: {
      if (!first.startsWith("_") || !second?.startsWith("_")) return undefined;
      const ports = portsOf(service, hosts, own, {
        protocol: first.slice(1),
        name: second.slice(1),
      });
      return ports.length > 0 ? { ports } : undefined;
    }
    default:
      return undefined;
  }
}

type Host = { readonly label: string; readonly address: string; readonly slice: EndpointSlice };

/** The endpoints of a headless Service under their names: the pod's own, or the address with dashes. */
function hostsOf(slices: readonly EndpointSlice[], caches: ServiceCaches): readonly Host[] {
  const labelOf = ({ hostname }: Endpoint, address: string): string =>
    hostname ?? address.replaceAll(".", "-");
  return slices.flatMap((slice) =>
    slice.endpoints
      .filter((endpoint) => acceptsNew(caches, endpoint))
      .flatMap((endpoint) =>
        endpoint.addresses.map((address) => ({
          label: labelOf(endpoint, address),
          address,
          slice,
        })),
      ),
  );
}

function portsOf(
  { spec }: Service,
  hosts: readonly Host[] | undefined,
  own: string,
  wanted?: { readonly protocol: string; readonly name: string },
): NonNullable<NameRecords["ports"]> {
  const isWanted = (name: string | undefined, protocol = "TCP"): boolean =>
    wanted === undefined || (wanted.name === name && wanted.protocol === protocol.toLowerCase());
  if (!hosts)
    return (spec.ports ?? [])
      .filter(({ name, protocol }) => isWanted(name, protocol))
      .map(({ port }) => ({ target: own, port: mappedPort(port) }));
  return hosts.flatMap(({ label, slice }) =>
    (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
      port !== undefined && isWanted(name, protocol) ? [{ target: `${label}.${own}`, port }] : [],
    ),
  );
}
