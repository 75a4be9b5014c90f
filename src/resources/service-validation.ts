// Defaults of a Service, and what is wrong with one that fits its schema. Addresses are given by the
// server, not here.
import { jsonEqual } from "../lib/json.ts";
import {
  duplicate,
  duplicates,
  forbidden,
  invalid,
  notSupported,
  required,
  type Cause,
} from "./cause.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portProblems,
} from "./label-syntax.ts";
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
      ...(spec.sessionAffinity === "ClientIP" && {
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
      }),
      ...spec,
      ...(ports && { ports }),
    },
    status: { loadBalancer: {}, ...service.status },
  };
}

const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const affinities = ["ClientIP", "None"];
const policies = ["Cluster", "Local"];

export function validateService({ spec }: Service, old: Service | undefined): readonly Cause[] {
  const { type = "ClusterIP", ports = [] } = spec;
  const isNamed = type === "ExternalName";
  return [
    ...validateLabels(spec.selector, "spec.selector"),
    ...(types.includes(type) ? [] : [notSupported("spec.type", type, types)]),
    ...(isNamed ? validateExternalName(spec) : []),
    ...(ports.length === 0 && !isNamed && spec.clusterIP !== "None"
      ? [required("spec.ports")]
      : []),
    ...validateAffinity(spec),
    ...validateReach(spec),
    ...validatePorts(ports, type),
    ...validateFamilies(spec),
    // The server itself gives another address where that of an earlier run is of another block.
    ...(old?.spec.clusterIP && isSameBlock(spec.clusterIP, old.spec.clusterIP)
      ? addressChange(spec, old.spec)
      : []),
  ];
}

/** What is wrong with another address than the old one: an address may be freed, but not exchanged. */
export function addressChange(spec: Service["spec"], old: Service["spec"]): readonly Cause[] {
  if (!old.clusterIP || spec.type === "ExternalName" || old.type === "ExternalName") return [];
  if (!spec.clusterIP || spec.clusterIP === old.clusterIP) return [];
  const next = spec.clusterIPs ?? [spec.clusterIP];
  return [
    jsonEqual(next, old.clusterIPs)
      ? invalid("spec.clusterIP", spec.clusterIP, "field is immutable")
      : invalid("spec.clusterIPs[0]", next, "may not change once set"),
  ];
}

function isSameBlock(address = "", old: string): boolean {
  const blockOf = (text: string): string => text.split(".").slice(0, 2).join(".");
  return address === "None" || old === "None" || blockOf(address) === blockOf(old);
}

function validateExternalName({ externalName = "", clusterIP, ports }: Service["spec"]): Cause[] {
  const name = externalName.replace(/\.$/, "");
  return [
    ...(name === ""
      ? [required("spec.externalName")]
      : dnsSubdomainProblems(name).map((problem) =>
          invalid("spec.externalName", externalName, problem),
        )),
    ...(clusterIP
      ? [forbidden("spec.clusterIPs", "may not be set for ExternalName services")]
      : []),
    ...(ports ?? []).flatMap(({ nodePort }, index) =>
      nodePort
        ? [
            forbidden(
              `spec.ports[${index}].nodePort`,
              "may not be used when `type` is 'ExternalName'",
            ),
          ]
        : [],
    ),
  ];
}

function validateAffinity({ sessionAffinity = "None", sessionAffinityConfig }: Service["spec"]) {
  const field = "spec.sessionAffinityConfig";
  if (!affinities.includes(sessionAffinity))
    return [notSupported("spec.sessionAffinity", sessionAffinity, affinities)];
  if (sessionAffinity === "None")
    return sessionAffinityConfig
      ? [forbidden(field, "must not be set when session affinity is None")]
      : [];
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) return [];
  return seconds > 0 && seconds <= 86_400
    ? []
    : [
        invalid(
          `${field}.clientIP.timeoutSeconds`,
          seconds,
          "must be greater than 0 and less than 86400",
        ),
      ];
}

/** What depends on from where the Service is to be reached. */
function validateReach(spec: Service["spec"]): readonly Cause[] {
  const { type = "ClusterIP", clusterIP, externalTrafficPolicy, internalTrafficPolicy } = spec;
  const isOutside = type === "NodePort" || type === "LoadBalancer";
  const causes: Cause[] = [];
  if (isOutside && clusterIP === "None")
    causes.push(
      invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`),
    );
  for (const [name, policy] of Object.entries({ externalTrafficPolicy, internalTrafficPolicy }))
    if (policy !== undefined && !policies.includes(policy))
      causes.push(notSupported(`spec.${name}`, policy, policies));
  if (externalTrafficPolicy && !isOutside && (spec.externalIPs ?? []).length === 0)
    causes.push(
      invalid(
        "spec.externalTrafficPolicy",
        externalTrafficPolicy,
        "may only be set for externally-accessible services",
      ),
    );
  if (spec.allocateLoadBalancerNodePorts !== undefined && type !== "LoadBalancer")
    causes.push(
      forbidden(
        "spec.allocateLoadBalancerNodePorts",
        "may only be used when `type` is 'LoadBalancer'",
      ),
    );
  return causes;
}

function validateFamilies({ ipFamilies = [], ipFamilyPolicy }: Service["spec"]): readonly Cause[] {
  const foreign = ipFamilies.findIndex((family) => family !== "IPv4");
  return [
    ...(foreign >= 0
      ? [
          invalid(
            `spec.ipFamilies[${foreign}]`,
            ipFamilies[foreign],
            "not configured on this cluster",
          ),
        ]
      : []),
    ...(ipFamilyPolicy === "RequireDualStack"
      ? [
          invalid(
            "spec.ipFamilyPolicy",
            ipFamilyPolicy,
            "this cluster is not configured for dual-stack services",
          ),
        ]
      : []),
  ];
}

const protocols = ["SCTP", "TCP", "UDP"];

function validatePorts(ports: readonly ServicePort[], type: string): readonly Cause[] {
  const each = ports.flatMap((port, index) =>
    validatePort(port, `spec.ports[${index}]`, ports.length, type),
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

function validatePort(
  port: ServicePort,
  field: string,
  count: number,
  type: string,
): readonly Cause[] {
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
    ...(nodePort && type === "ClusterIP"
      ? [forbidden(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : []),
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
