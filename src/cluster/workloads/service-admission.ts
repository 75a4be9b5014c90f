// What the server gives a Service as it is written: its virtual address and its node ports, as upstream
// in the same moment, so that whoever creates one reads them in the answer. It is an admission rule, for
// it needs to see all other Services.
import type { AdmissionRule, AdmissionVerdict } from "../../resources/admission.ts";
import { invalid, type Cause } from "../../resources/cause.ts";
import { isIPv4 } from "../../resources/ip-syntax.ts";
import { keyOf } from "../../resources/object.ts";
import { jsonEqual } from "../../lib/json.ts";
import { addressChange } from "../../resources/service-validation.ts";
import { serviceKind, type Service } from "../../resources/service.ts";
import { apiServiceAddress, serviceBlock } from "../address-blocks.ts";
import { freeNodePort, hasNodePorts } from "./node-port.ts";
import { freeServiceAddress, hasAddress } from "./service-address.ts";
import { withKept } from "./service-update.ts";

type Spec = Service["spec"];

/** `nodeAddress` is the cluster's node, whose block the virtual addresses come from. */
export function serviceAdmission(nodeAddress: string): AdmissionRule<Service> {
  return {
    kind: serviceKind,
    admit(service, old, snapshot): AdmissionVerdict<Service> {
      const kept = withKept(service, old, nodeAddress);
      const warnings = warningsOf(kept.spec, old?.spec);
      // Most updates change nothing of the sort; they need not look at every other Service.
      if (old && isSettled(kept.spec, old.spec, nodeAddress))
        return { kind: "allowed", object: kept, warnings };
      const { uid } = service.metadata;
      const others = snapshot.list(serviceKind).filter(({ metadata }) => metadata.uid !== uid);
      const causes = [
        ...addressCauses(kept.spec, old?.spec, others, nodeAddress),
        ...nodePortCauses(kept.spec, others),
      ];
      if (causes.length > 0) return { kind: "denied", causes };
      const spec = withNodePorts(withAddress(kept, others, nodeAddress), kept, others);
      return { kind: "allowed", object: { ...kept, spec }, warnings };
    },
  };
}

function isSettled(spec: Spec, old: Spec, nodeAddress: string): boolean {
  return (
    spec.type === old.type &&
    jsonEqual([spec.clusterIP, spec.clusterIPs], [old.clusterIP, old.clusterIPs]) &&
    (spec.clusterIP === "None" || spec.clusterIP?.startsWith(serviceBlock(nodeAddress)) === true) &&
    jsonEqual(spec.ports, old.ports)
  );
}

function addressCauses(
  spec: Spec,
  old: Spec | undefined,
  others: readonly Service[],
  nodeAddress: string,
): readonly Cause[] {
  const { clusterIP, clusterIPs = [] } = spec;
  if (!clusterIP || !hasAddress(spec)) return [];
  const block = serviceBlock(nodeAddress);
  if (old?.clusterIP === clusterIP && jsonEqual(old.clusterIPs, clusterIPs)) return [];
  if (old?.clusterIP?.startsWith(block) && old.type !== "ExternalName") {
    const changed = addressChange(spec, old);
    if (changed.length > 0) return changed;
  }
  if (clusterIP === "None") return [];
  if (!isIPv4(clusterIP))
    return [
      invalid(
        "spec.clusterIPs[0]",
        clusterIP,
        "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
      ),
    ];
  if (clusterIPs[0] !== clusterIP)
    return [invalid("spec.clusterIPs", clusterIPs, "first value must match `clusterIP`")];
  if (clusterIPs.length > 1)
    return [
      invalid("spec.clusterIPs", clusterIPs, "may only hold up to 1 value: one IPv4 address"),
    ];
  const fail = (reason: string): readonly Cause[] => [
    invalid("spec.clusterIPs", clusterIPs, `failed to allocate IP ${clusterIP}: ${reason}`),
  ];
  if (!clusterIP.startsWith(block))
    return fail(
      `the provided IP (${clusterIP}) is not in the valid range. The range of valid IPs is ${block}0.0/16`,
    );
  return others.some((other) => other.spec.clusterIP === clusterIP)
    ? fail("provided IP is already allocated")
    : [];
}

function withAddress(service: Service, others: readonly Service[], nodeAddress: string): Spec {
  const { spec, metadata } = service;
  if (!hasAddress(spec) || spec.clusterIP) return spec;
  if (keyOf(service) === "default/kubernetes") {
    const first = apiServiceAddress(nodeAddress);
    return { ...spec, clusterIP: first, clusterIPs: [first] };
  }
  const taken = new Set(others.map((other) => other.spec.clusterIP ?? ""));
  const address = freeServiceAddress(metadata.uid ?? keyOf(service), nodeAddress, taken);
  // 65,533 Services are more than the rest of the cluster bears; the next has none.
  if (address === undefined) return spec;
  return { ...spec, clusterIP: address, clusterIPs: [address] };
}

function nodePortCauses(spec: Spec, others: readonly Service[]): readonly Cause[] {
  const taken = takenNodePorts(others);
  return (spec.ports ?? []).flatMap(({ nodePort }, index) =>
    nodePort && taken.has(nodePort)
      ? [invalid(`spec.ports[${index}].nodePort`, nodePort, "provided port is already allocated")]
      : [],
  );
}

function withNodePorts(spec: Spec, { metadata }: Service, others: readonly Service[]): Spec {
  const { ports } = spec;
  if (!ports || !hasNodePorts(spec) || spec.allocateLoadBalancerNodePorts === false) return spec;
  const taken = new Set(takenNodePorts(others));
  for (const { nodePort } of ports) if (nodePort) taken.add(nodePort);
  return {
    ...spec,
    ports: ports.map((port) => {
      if (port.nodePort) return port;
      const nodePort = freeNodePort(`${metadata.uid} ${port.port}`, taken);
      if (nodePort === undefined) return port;
      taken.add(nodePort);
      return { ...port, nodePort };
    }),
  };
}

function takenNodePorts(services: readonly Service[]): ReadonlySet<number> {
  return new Set(
    services.flatMap(({ spec }) => (spec.ports ?? []).flatMap(({ nodePort }) => nodePort ?? [])),
  );
}

/** Fields that do something on other clusters and nothing here. */
const withoutEffect = {
  externalIPs: "nothing listens at external addresses in this cluster",
  loadBalancerIP: "the address of a load balancer is its clusterIP in this cluster",
  loadBalancerSourceRanges:
    "not enforced; this machine alone reaches the Service, and all of it does",
} as const;

/** Told to who sets such a field, and not again at each later update. */
function warningsOf(spec: Spec, old: Spec | undefined): readonly string[] {
  const fields = Object.entries(withoutEffect) as [keyof typeof withoutEffect, string][];
  return fields
    .filter(([name]) => (spec[name]?.length ?? 0) > 0 && !jsonEqual(spec[name], old?.[name]))
    .map(([name, why]) => `spec.${name}: ${why}`);
}
