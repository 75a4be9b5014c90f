// The virtual address of a Service, from the cluster's block of them. Pure.
import type { Service } from "../../resources/service.ts";
import { fnv1a } from "../../lib/name-hash.ts";
import { serviceBlock } from "../address-blocks.ts";

const hostsPerBlock = 256 * 256;

/** Whether the Service should get an address and has none that belongs to this cluster. */
export function wantsAddress({ spec }: Service, nodeAddress: string): boolean {
  if (spec.type === "ExternalName" || spec.clusterIP === "None") return false;
  // State outlives a restart, and the next run may hold another block.
  return !(spec.clusterIP ?? "").startsWith(serviceBlock(nodeAddress));
}

/**
 * A free address of the block, found from the Service's uid on, so that a Service that comes back
 * does not meet clients of its predecessor. Undefined when none of the 65,534 is left.
 */
export function freeServiceAddress(
  uid: string,
  nodeAddress: string,
  taken: ReadonlySet<string>,
): string | undefined {
  const start = fnv1a(uid);
  for (let step = 0; step < hostsPerBlock; step++) {
    const host = (start + step) % hostsPerBlock;
    if (host === 0 || host === hostsPerBlock - 1) continue;
    const address = `${serviceBlock(nodeAddress)}${host >> 8}.${host & 255}`;
    if (!taken.has(address)) return address;
  }
  return undefined;
}
