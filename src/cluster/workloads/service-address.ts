// The virtual address of a Service. A cluster's node and pods have 127.N.0.0/16 with N from 64 to 126;
// its Services have the block 64 above, 127.(N+64).0.0/16, which nobody else uses. Pure.
import type { Service } from "../../resources/service.ts";
import { fnv1a } from "../../lib/name-hash.ts";

const hostsPerBlock = 256 * 256;

/** Whether the Service should get an address and has none that belongs to this cluster. */
export function wantsAddress({ spec }: Service, nodeAddress: string): boolean {
  if (spec.type === "ExternalName" || spec.clusterIP === "None") return false;
  // State outlives a restart, and the next run may hold another block.
  return !(spec.clusterIP ?? "").startsWith(blockOf(nodeAddress));
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
    const address = `${blockOf(nodeAddress)}${host >> 8}.${host & 255}`;
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** `127.128.` for the node 127.64.0.1. */
function blockOf(nodeAddress: string): string {
  return `127.${Number(nodeAddress.split(".")[1]) + 64}.`;
}
