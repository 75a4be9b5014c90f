// EndpointSlice: where a Service's pods are reached right now, and in which state they are.
import { ageCell, ageColumn, column, nameColumn, shortListCell } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { objectReferenceSchema } from "./object-meta-schema.ts";
import type { KubeObject } from "./object.ts";
import { invalid, notSupported, required, tooMany, type Cause } from "./cause.ts";
import { isIPv4, isIPv6 } from "./ip-syntax.ts";
import { portProblems } from "./label-syntax.ts";
import { boolean, defaulted, described, int32, list, map, object, string } from "./schema.ts";

export type Endpoint = {
  readonly addresses: readonly string[];
  /** The pod's own name under a headless Service's, where it has one. */
  readonly hostname?: string;
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly nodeName?: string;
};

export type EndpointSlice = KubeObject & {
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol?: string;
    readonly appProtocol?: string;
  }[];
};

/** The label by which a slice names its Service. */
export const serviceNameLabel = "kubernetes.io/service-name";

/** On slices and Endpoints of Services that have no address of their own. */
export const headlessLabel = "service.kubernetes.io/headless";

const endpoint = object(
  {
    addresses: list(string),
    conditions: object({ ready: boolean, serving: boolean, terminating: boolean }),
    hostname: string,
    targetRef: objectReferenceSchema,
    deprecatedTopology: map(string),
    nodeName: string,
    zone: string,
    hints: object({
      forZones: list(object({ name: string }, "name")),
      forNodes: list(object({ name: string }, "name")),
    }),
  },
  "addresses",
);

const port = object({ name: string, port: int32, protocol: string, appProtocol: string });

export const endpointSliceKind: Kind<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  singular: "endpointslice",
  namespaced: true,
  schema: described(
    "Where a Service's pods are reached right now, and in which state they are.",
    object(
      // Go writes an empty list as null, which is none.
      { addressType: string, endpoints: defaulted([], list(endpoint)), ports: list(port) },
      "addressType",
      "endpoints",
    ),
  ),
  columns: [
    nameColumn,
    column("AddressType", "The kind of its addresses."),
    column("Ports", "The ports of its endpoints."),
    column("Endpoints", "The addresses of its endpoints."),
    ageColumn,
  ],
  cells: ({ metadata, addressType, endpoints, ports }, nowMs) => [
    metadata.name,
    addressType,
    shortListCell(
      (ports ?? []).map(({ name, port }) => `${port ?? (name || "*")}`),
      "<unset>",
    ),
    shortListCell(
      endpoints.flatMap(({ addresses }) => addresses),
      "<unset>",
    ),
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  withDefaults: (slice) => {
    if (slice.ports === undefined) return slice;
    return {
      ...slice,
      ports: slice.ports.map((port) => ({ name: "", protocol: "TCP", ...port })),
    };
  },
  validate: validateSlice,
};

const addressTypes = ["FQDN", "IPv4", "IPv6"];
/** The most that a slice may hold, whoever makes it; the cluster's own hold 100. */
const endpointsMax = 1000;

/** Loopback addresses are no mistake here: pods have no others. */
function validateSlice(slice: EndpointSlice, old: EndpointSlice | undefined): readonly Cause[] {
  const { addressType, endpoints, ports } = slice;
  if (!addressTypes.includes(addressType))
    return [notSupported("addressType", addressType, addressTypes)];
  const causes: Cause[] = [];
  if (old && old.addressType !== addressType)
    causes.push(invalid("addressType", addressType, "field is immutable"));
  if (endpoints.length > endpointsMax)
    causes.push(tooMany("endpoints", endpoints.length, endpointsMax));
  for (const [index, { addresses }] of endpoints.entries()) {
    const field = `endpoints[${index}].addresses`;
    if (addresses.length === 0) causes.push(required(field, "must contain at least 1 address"));
    if (addresses.length > 100) causes.push(tooMany(field, addresses.length, 100));
    for (const [at, address] of addresses.entries()) {
      const fits = addressType === "FQDN" || (addressType === "IPv4" ? isIPv4 : isIPv6)(address);
      if (!fits)
        causes.push(invalid(`${field}[${at}]`, address, `must be a valid ${addressType} address`));
    }
  }
  // Whoever connects there takes the number for one that a socket can have.
  for (const [index, { port }] of (ports ?? []).entries())
    for (const problem of port === undefined ? [] : portProblems(port))
      causes.push(invalid(`ports[${index}].port`, port, problem));
  return causes;
}
