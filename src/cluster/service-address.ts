// The virtual address of a Service: one of the upper half of the cluster's block, 127.N.128.0/17. The
// lower half belongs to the node and the pods. Pure.
import type { Service } from "../resources/service.ts";
import { fnv1a } from "./name-hash.ts";

const hostsPerBlock = 128 * 256;

/** Whether the Service should get an address and has none that belongs to this cluster. */
export function wantsAddress({ spec }: Service, nodeAddress: string): boolean {
  if (spec.type === "ExternalName" || spec.clusterIP === "None") return false;
  // State outlives a restart, and the next run may hold another block.
  return !isServiceAddress(spec.clusterIP ?? "", nodeAddress);
}

/**
 * A free address of the block, found from the Service's uid on, so that a Service that comes back
 * does not meet clients of its predecessor. Undefined when none of the 32,766 is left.
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
    const address = `${blockOf(nodeAddress)}${128 + (host >> 8)}.${host & 255}`;
    if (!taken.has(address)) return address;
  }
  return undefined;
}

function isServiceAddress(address: string, nodeAddress: string): boolean {
  const block = blockOf(nodeAddress);
  return address.startsWith(block) && Number(address.slice(block.length).split(".")[0]) >= 128;
}

/** `127.64.` of `127.64.0.1`. */
function blockOf(nodeAddress: string): string {
  return nodeAddress.split(".").slice(0, 2).join(".") + ".";
}
