// From a Service to the places where its virtual address listens, and to what of it is not served. Pure;
// service-proxy.ts does the listening.
import type { Service } from "../../resources/service.ts";
import { serviceBlock } from "../address-blocks.ts";

export type ListenPlace = {
  /** `address:port`. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  /** The Service's port that is meant. */
  readonly servicePort: number;
  /** Whether only a privileged user can listen there, so that it may well fail. */
  readonly privileged: boolean;
};

/** A port of the Service, or another part of it, that this cluster does not serve. */
export type Unserved = { readonly reason: string; readonly message: string };

const firstUnprivilegedPort = 1024;

/**
 * Where a Service's port is reached by everybody: an ordinary user cannot listen below 1024, so those
 * ports have a second place at the upper end, 64512 higher. 80 is 64592 and 443 is 64955.
 */
export function mappedPort(port: number): number {
  return port < firstUnprivilegedPort ? 65_536 - firstUnprivilegedPort + port : port;
}

/**
 * Where a Service listens: at its own address and, for a node port, at the node's. An address outside of
 * this cluster's block is of an earlier run, and is about to be exchanged.
 */
export function listenPlaces({ spec }: Service, nodeAddress: string): readonly ListenPlace[] {
  const { clusterIP = "", ports = [] } = spec;
  if (!clusterIP.startsWith(serviceBlock(nodeAddress)) || spec.type === "ExternalName") return [];
  const placeAt = (address: string, port: number, servicePort: number): ListenPlace => ({
    key: `${address}:${port}`,
    address,
    port,
    servicePort,
    privileged: port < firstUnprivilegedPort,
  });
  return ports
    .filter(({ protocol = "TCP" }) => protocol === "TCP")
    .flatMap(({ port, nodePort }) => [
      ...[...new Set([mappedPort(port), port])].map((at) => placeAt(clusterIP, at, port)),
      ...(nodePort ? [placeAt(nodeAddress, nodePort, port)] : []),
    ]);
}

export function unservedParts({ spec }: Service): readonly Unserved[] {
  const ports = (spec.ports ?? []).flatMap(({ port, protocol = "TCP" }) =>
    protocol === "TCP"
      ? []
      : [
          {
            reason: "ProtocolNotSupported",
            message: `port ${port}/${protocol} is not served: this cluster forwards TCP only`,
          },
        ],
  );
  const outside = (spec.externalIPs ?? []).map((address) => ({
    reason: "ExternalIPNotSupported",
    message: `external address ${address} is not served: reach the Service at its cluster IP or through an Ingress`,
  }));
  return [...ports, ...outside];
}
