// How a cluster's loopback addresses are dealt out. Its node is 127.N.0.1 with N from 64 to 126, its pods
// stand above in the same block, and its Services have the block 64 above, which nobody else uses. Pure.

/** `127.128.` for the node 127.64.0.1: what the addresses of its Services begin with. */
export function serviceBlock(nodeAddress: string): string {
  return `127.${Number(nodeAddress.split(".")[1]) + 64}.`;
}

/** The address of the Service `kubernetes`, the first of the block, as every cluster has it. */
export const apiServiceAddress = (nodeAddress: string): string => `${serviceBlock(nodeAddress)}0.1`;

/** Every address that the Service `kubernetes` of any cluster on this machine may have. */
export const apiServiceAddresses: readonly string[] = Array.from({ length: 63 }, (_, index) =>
  apiServiceAddress(`127.${64 + index}.0.1`),
);
