// The virtual address of a Service, from the cluster's block of them. Pure.
import type { Service } from "../../resources/service.ts";
import { fnv1a } from "../../lib/name-hash.ts";
import { serviceBlock } from "../address-blocks.ts";

const hostsPerBlock = 256 * 256;

export function hasAddress({ type }: Service["spec"]): boolean {
  return type !== "ExternalName";
}

/** Whether it has an address of another block: state outlives a restart, and each run takes its own. */
export function isOfAnotherRun({ spec }: Service, nodeAddress: string): boolean {
  const { clusterIP } = spec;
  if (!hasAddress(spec) || clusterIP === "None") return false;
  return !(clusterIP ?? "").startsWith(serviceBlock(nodeAddress));
}

/**
 * A free address of the block, found from the Service's uid on, so that a Service that comes back
 * does not meet clients of its predecessor. The first one is kept for the Service
 * `kubernetes`. Undefined when none of the 65,533 others is left.
 */
export function freeServiceAddress(
  uid: string,
  nodeAddress: string,
  taken: ReadonlySet<string>,
): string | undefined {
  const start = fnv1a(uid);
  for (let step = 0; step < hostsPerBlock; step++) {
    const host = (start + step) % hostsPerBlock;
    if (host <= 1 || host === hostsPerBlock - 1) continue;
    const address = `${serviceBlock(nodeAddress)}${host >> 8}.${host & 255}`;
    if (!taken.has(address)) return address;
  }
  return undefined;
}
