// Endpoints: what EndpointSlices say of a Service, in the older form that some clients still read.
import { ageCell, ageColumn, column, nameColumn, none } from "./columns.ts";
import { invalid, type Cause } from "./cause.ts";
import { ipProblems } from "./ip-syntax.ts";
import type { Kind } from "./kind.ts";
import { portProblems } from "./label-syntax.ts";
import { objectReferenceSchema } from "./object-meta-schema.ts";
import type { KubeObject } from "./object.ts";
import { defaulted, described, int32, list, object, string } from "./schema.ts";

export type EndpointAddress = {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
};

export type EndpointPort = {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
};

/** Each of the addresses has each of the ports. */
export type EndpointSubset = {
  readonly addresses?: readonly EndpointAddress[];
  readonly notReadyAddresses?: readonly EndpointAddress[];
  readonly ports?: readonly EndpointPort[];
};

export type Endpoints = KubeObject & { readonly subsets?: readonly EndpointSubset[] };

const address = object(
  { ip: string, hostname: string, nodeName: string, targetRef: objectReferenceSchema },
  "ip",
);

const port = object(
  { name: string, port: int32, protocol: defaulted("TCP", string), appProtocol: string },
  "port",
);

export const endpointsKind: Kind<Endpoints> = {
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  singular: "endpoints",
  namespaced: true,
  shortNames: ["ep"],
  schema: described(
    "Where a Service is reached, in the older form; EndpointSlices say more.",
    object({
      subsets: list(
        object({ addresses: list(address), notReadyAddresses: list(address), ports: list(port) }),
      ),
    }),
  ),
  columns: [nameColumn, column("Endpoints", "Its ready addresses, with their ports."), ageColumn],
  cells: ({ metadata, subsets = [] }, nowMs) => [
    metadata.name,
    addressesCell(subsets),
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  validate: ({ subsets = [] }) =>
    subsets.flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`)),
};

const shownMax = 3;

function addressesCell(subsets: readonly EndpointSubset[]): string {
  if (subsets.length === 0) return none;
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap((entry) => addresses.map(({ ip }) => `${ip}:${entry.port}`)),
  );
  const shown = all.slice(0, shownMax).join(",");
  return all.length > shownMax ? `${shown} + ${all.length - shownMax} more...` : shown;
}

/** Loopback addresses are no mistake here: pods have no others. */
function validateSubset(subset: EndpointSubset, field: string): readonly Cause[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const each = (list: readonly EndpointAddress[], name: string): readonly Cause[] =>
    list.flatMap(({ ip }, index) =>
      ipProblems(ip).map((problem) => invalid(`${field}.${name}[${index}].ip`, ip, problem)),
    );
  return [
    ...each(addresses, "addresses"),
    ...each(notReadyAddresses, "notReadyAddresses"),
    ...ports.flatMap((entry, index) =>
      portProblems(entry.port).map((problem) =>
        invalid(`${field}.ports[${index}].port`, entry.port, problem),
      ),
    ),
  ];
}
