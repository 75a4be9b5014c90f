// Service: a stable name and address for the pods that its selector finds.
import { ageCell, ageColumn, column, listCell, nameColumn, none, wideColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { observedConditionsSchema, portStatusSchema } from "./object-meta-schema.ts";
import type { KubeObject } from "./object.ts";
import {
  atomic,
  boolean,
  defaulted,
  described,
  int32,
  intOrString,
  list,
  map,
  mapList,
  object,
  string,
} from "./schema.ts";
import { serviceWithDefaults, validateService } from "./service-validation.ts";
import { formatSelector, selectorOfLabels } from "./selector.ts";

export type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly nodePort?: number;
};

export type Service = KubeObject & {
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: {
      readonly clientIP?: { readonly timeoutSeconds?: number };
    };
    readonly externalName?: string;
    readonly externalIPs?: readonly string[];
    readonly publishNotReadyAddresses?: boolean;
    readonly internalTrafficPolicy?: string;
    readonly externalTrafficPolicy?: string;
    readonly allocateLoadBalancerNodePorts?: boolean;
    readonly loadBalancerClass?: string;
    readonly loadBalancerIP?: string;
    readonly loadBalancerSourceRanges?: readonly string[];
    readonly ipFamilies?: readonly string[];
    readonly ipFamilyPolicy?: string;
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly {
        readonly ip?: string;
        readonly hostname?: string;
        readonly ipMode?: string;
      }[];
    };
  };
};

const port = object(
  {
    name: string,
    port: int32,
    // Both are keys of the list for server-side apply, so the protocol must never be absent.
    protocol: defaulted("TCP", string),
    targetPort: described(
      "The container's port, by number or name; the port itself when absent.",
      intOrString,
    ),
    appProtocol: string,
    nodePort: int32,
  },
  "port",
);

const spec = object({
  type: string,
  selector: described("The labels of the pods that traffic goes to.", atomic(map(string))),
  ports: mapList(port, "port", "protocol"),
  clusterIP: string,
  clusterIPs: list(string),
  externalIPs: list(string),
  externalName: string,
  externalTrafficPolicy: string,
  internalTrafficPolicy: string,
  trafficDistribution: string,
  healthCheckNodePort: int32,
  ipFamilies: list(string),
  ipFamilyPolicy: string,
  loadBalancerClass: string,
  loadBalancerIP: string,
  loadBalancerSourceRanges: list(string),
  allocateLoadBalancerNodePorts: boolean,
  publishNotReadyAddresses: boolean,
  sessionAffinity: string,
  sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: int32 }) }),
});

const status = object({
  loadBalancer: object({
    ingress: list(
      object({ ip: string, hostname: string, ipMode: string, ports: list(portStatusSchema) }),
    ),
  }),
  conditions: observedConditionsSchema,
});

export const serviceKind: Kind<Service> = {
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  singular: "service",
  namespaced: true,
  shortNames: ["svc"],
  categories: ["all"],
  schema: described(
    "A stable name and address for the pods that its selector finds.",
    object({ spec, status }, "spec"),
  ),
  subresources: { status: true },
  columns: [
    nameColumn,
    column("Type", "How the Service is reached."),
    column("Cluster-IP", "Its address inside the cluster."),
    column("External-IP", "Its addresses outside of the cluster."),
    column("Port(s)", "Its ports."),
    ageColumn,
    wideColumn("Selector", "The labels of the pods that traffic goes to."),
  ],
  cells: (service, nowMs) => [
    service.metadata.name,
    service.spec.type ?? "ClusterIP",
    service.spec.clusterIPs?.[0] || service.spec.clusterIP || none,
    externalAddresses(service),
    listCell(service.spec.ports?.map(portCell)),
    ageCell(service.metadata.creationTimestamp, nowMs),
    formatSelector(selectorOfLabels(service.spec.selector)) || none,
  ],
  withDefaults: serviceWithDefaults,
  validate: validateService,
};

function externalAddresses({ spec, status }: Service): string {
  if (spec.type === "ExternalName") return spec.externalName ?? none;
  if (spec.type !== "LoadBalancer") return listCell(spec.externalIPs);
  const balancers = (status?.loadBalancer?.ingress ?? []).map(
    ({ ip, hostname }) => ip || hostname || "",
  );
  const addresses = [...balancers, ...(spec.externalIPs ?? [])];
  return addresses.length > 0 ? addresses.join(",") : "<pending>";
}

function portCell({ port, nodePort, protocol = "TCP" }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}
