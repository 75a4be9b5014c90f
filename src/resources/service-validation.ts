// Defaults of a Service, and what is wrong with one that fits its schema. Addresses are given by the
// server, not here.
import { jsonEqual } from "../lib/json.ts";
import { duplicate, invalid, notSupported, required, duplicates, type Cause } from "./cause.ts";
import { dnsLabelProblems, portNameProblems, portProblems } from "./label-syntax.ts";
import { validateLabels } from "./metadata-validation.ts";
import type { Service, ServicePort } from "./service.ts";

export function serviceWithDefaults(service: Service): Service {
  const spec = { type: "ClusterIP", sessionAffinity: "None", ...service.spec };
  const ports = spec.ports?.map((port) => ({ protocol: "TCP", targetPort: port.port, ...port }));
  const outside = spec.type === "NodePort" || spec.type === "LoadBalancer";
  return {
    ...service,
    spec: {
      ...(spec.type !== "ExternalName" && {
        internalTrafficPolicy: "Cluster",
        ipFamilies: ["IPv4"],
        ipFamilyPolicy: "SingleStack",
      }),
      ...(outside && { externalTrafficPolicy: "Cluster" }),
      ...(spec.type === "LoadBalancer" && { allocateLoadBalancerNodePorts: true }),
      ...spec,
      ...(ports && { ports }),
    },
    status: { loadBalancer: {}, ...service.status },
  };
}

const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const affinities = ["ClientIP", "None"];

export function validateService({ spec }: Service, old: Service | undefined): readonly Cause[] {
  const { type = "ClusterIP", sessionAffinity = "None", ports = [] } = spec;
  const causes: Cause[] = [...validateLabels(spec.selector, "spec.selector")];
  if (!types.includes(type)) causes.push(notSupported("spec.type", type, types));
  if (!affinities.includes(sessionAffinity))
    causes.push(notSupported("spec.sessionAffinity", sessionAffinity, affinities));
  if (type === "ExternalName" && !spec.externalName) causes.push(required("spec.externalName"));
  if (ports.length === 0 && type !== "ExternalName" && spec.clusterIP !== "None")
    causes.push(required("spec.ports"));
  return [...causes, ...validatePorts(ports), ...validateAddress(spec, old?.spec)];
}

/** An address may be given or freed, but not exchanged. */
function validateAddress(
  spec: Service["spec"],
  old: Service["spec"] | undefined,
): readonly Cause[] {
  if (!old?.clusterIP || spec.type === "ExternalName" || old.type === "ExternalName") return [];
  if (spec.clusterIP === undefined || spec.clusterIP === old.clusterIP) return [];
  const next = spec.clusterIPs ?? [spec.clusterIP];
  return [
    jsonEqual(next, old.clusterIPs)
      ? invalid("spec.clusterIP", spec.clusterIP, "field is immutable")
      : invalid("spec.clusterIPs[0]", next, "may not change once set"),
  ];
}

const protocols = ["SCTP", "TCP", "UDP"];

function validatePorts(ports: readonly ServicePort[]): readonly Cause[] {
  const each = ports.flatMap((port, index) =>
    validatePort(port, `spec.ports[${index}]`, ports.length),
  );
  const names = duplicates(
    ports,
    ({ name }) => name,
    (index) => `spec.ports[${index}].name`,
  );
  const seen = new Set<string>();
  const pairs = ports.flatMap(({ port, protocol = "TCP" }, index) => {
    const pair = `${protocol} ${port}`;
    if (seen.has(pair)) return [duplicate(`spec.ports[${index}]`, { protocol, port })];
    seen.add(pair);
    return [];
  });
  return [...each, ...names, ...pairs];
}

function validatePort(port: ServicePort, field: string, count: number): readonly Cause[] {
  const { name = "", targetPort = port.port, protocol = "TCP", nodePort } = port;
  const target =
    typeof targetPort === "number" ? portProblems(targetPort) : portNameProblems(targetPort);
  return [
    ...(name === "" && count > 1 ? [required(`${field}.name`)] : []),
    ...(name === "" ? [] : dnsLabelProblems(name)).map((problem) =>
      invalid(`${field}.name`, name, problem),
    ),
    ...portProblems(port.port).map((problem) => invalid(`${field}.port`, port.port, problem)),
    ...(protocols.includes(protocol)
      ? []
      : [notSupported(`${field}.protocol`, protocol, protocols)]),
    ...target.map((problem) => invalid(`${field}.targetPort`, targetPort, problem)),
    ...(nodePort !== undefined && nodePort !== 0 && (nodePort < 30_000 || nodePort > 32_767)
      ? [
          invalid(
            `${field}.nodePort`,
            nodePort,
            "provided port is not in the valid range. The range of valid ports is 30000-32767",
          ),
        ]
      : []),
  ];
}
