// What an update of a Service means: clients leave out what the server once gave, and repeat what belonged
// to another type. Pure.
import { jsonEqual } from "../../lib/json.ts";
import type { Service, ServicePort } from "../../resources/service.ts";
import { serviceBlock } from "../address-blocks.ts";
import { hasNodePorts } from "./node-port.ts";
import { hasAddress } from "./service-address.ts";

type Spec = Service["spec"];

/**
 * The update with what the server gave earlier and the client left out, and without what belonged to
 * the type that it was of before.
 */
export function withKept(service: Service, old: Service | undefined, nodeAddress: string): Service {
  const spec = normalised(service.spec, old?.spec);
  if (!old) return { ...service, spec };
  const next = withKeptAddress(withoutOldType(spec, old.spec), old.spec, nodeAddress);
  return { ...service, spec: { ...next, ...withKeptPorts(next, old.spec) } };
}

function withKeptAddress(spec: Spec, old: Spec, nodeAddress: string): Spec {
  const isOwn = old.clusterIP === "None" || old.clusterIP?.startsWith(serviceBlock(nodeAddress));
  if (!isOwn || !hasAddress(spec) || spec.clusterIP) return spec;
  const { clusterIP = "", clusterIPs = [clusterIP] } = old;
  return { ...spec, clusterIP, clusterIPs };
}

/** The one address and the list of it say the same, whichever of the two a client wrote. */
function normalised(spec: Spec, old: Spec | undefined): Spec {
  const { clusterIP, clusterIPs, ...rest } = spec;
  const [first] = clusterIPs ?? [];
  // A client that clears or sets the one address leaves the list as it read it.
  const isStale = old !== undefined && clusterIP !== old.clusterIP && first === old.clusterIP;
  if (clusterIP) {
    const list = first === undefined || isStale ? [clusterIP] : (clusterIPs ?? []);
    return { ...rest, clusterIP, clusterIPs: list };
  }
  return first && !isStale ? { ...rest, clusterIP: first, clusterIPs: clusterIPs ?? [] } : rest;
}

const outsideOnly = ["externalTrafficPolicy", "allocateLoadBalancerNodePorts"] as const;
const addressFields = ["clusterIP", "clusterIPs"] as const;
const clusterOnly = ["internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy"] as const;

/** What an update to another type repeats of the old one is not meant; what it says anew is. */
function withoutOldType(spec: Spec, old: Spec): Spec {
  if (spec.type === old.type) return spec;
  const dropped: readonly (keyof Spec)[] = [
    ...(hasNodePorts(old) && !hasNodePorts(spec) ? outsideOnly : []),
    ...(spec.type === "ExternalName" ? [...clusterOnly, ...addressFields] : []),
    ...(old.type === "LoadBalancer" ? (["allocateLoadBalancerNodePorts"] as const) : []),
    ...(old.type === "ExternalName" ? (["externalName"] as const) : []),
  ];
  const isLeft = (name: keyof Spec): boolean =>
    dropped.includes(name) && jsonEqual(spec[name], old[name]);
  const entries = Object.entries(spec).filter(([name]) => !isLeft(name as keyof Spec));
  return Object.fromEntries(entries) as Spec;
}

function withKeptPorts(spec: Spec, old: Spec): Pick<Spec, "ports"> {
  if (!spec.ports) return {};
  const oldPortOf = (port: ServicePort): number | undefined =>
    old.ports?.find(
      (other) => other.port === port.port && (other.protocol ?? "TCP") === (port.protocol ?? "TCP"),
    )?.nodePort;
  const has = hasNodePorts(spec);
  return {
    ports: spec.ports.map((port) => {
      const { nodePort, ...rest } = port;
      const given = oldPortOf(port);
      if (has) return nodePort || !given ? port : { ...rest, nodePort: given };
      return hasNodePorts(old) && nodePort === given ? rest : port;
    }),
  };
}
