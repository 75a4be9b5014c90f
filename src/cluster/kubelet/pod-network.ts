// The addresses of one cluster on this machine: a block 127.N.0.0/16 of the loopback network, the
// node at its .0.1 and the pods above. Clusters keep apart by holding a listening socket at their
// node's address, so a block is free again the moment its owner is gone, however it ended.
import assert from "node:assert";
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

const firstBlock = 64;
const lastBlock = 126;
/** Where a kubelet listens; here nobody answers, and holding the port is what counts. */
const claimPort = 10250;
/** Pod addresses are 127.N.1.1 and up; 127.N.0.x is the cluster's own. */
const hostsPerSubnet = 254;
const podAddresses = 254 * hostsPerSubnet;

export class PodNetwork {
  readonly nodeAddress: string;
  readonly #block: number;
  readonly #claim: Server;
  readonly #taken = new Set<number>();
  /** Somewhere in the block: addresses of an earlier cluster may still wait in the kernel. */
  #next = randomInt(254) * hostsPerSubnet;

  constructor(block: number, claim: Server) {
    this.#block = block;
    this.#claim = claim;
    this.nodeAddress = nodeAddressOf(block);
  }

  /**
   * Takes the first free block. Throws off Linux, where one loopback address is all that an ordinary
   * user gets, and when every block is taken.
   */
  static async claim(platform: string = process.platform): Promise<PodNetwork> {
    if (platform !== "linux")
      throw new Error(
        `the embedded cluster needs Linux (this is ${platform}): it gives every pod an address of ` +
          "its own in 127.0.0.0/8, and other systems have 127.0.0.1 alone",
      );
    for (let block = firstBlock; block <= lastBlock; block++) {
      const claim = await listen(nodeAddressOf(block), claimPort);
      if (claim) return new PodNetwork(block, claim);
    }
    throw new Error(
      `no free loopback block: port ${claimPort} is taken on each of ${nodeAddressOf(firstBlock)} ` +
        `to ${nodeAddressOf(lastBlock)}; stop another cluster, or whatever listens on 0.0.0.0:${claimPort}`,
    );
  }

  /** Goes round the block, so that an address rests for as long as possible before its next use. */
  allocate(): string {
    assert(this.#taken.size < podAddresses, "more pods than addresses");
    while (this.#taken.has(this.#next)) this.#next = (this.#next + 1) % podAddresses;
    const index = this.#next;
    this.#next = (index + 1) % podAddresses;
    this.#taken.add(index);
    const subnet = 1 + Math.floor(index / hostsPerSubnet);
    return `127.${this.#block}.${subnet}.${1 + (index % hostsPerSubnet)}`;
  }

  release(address: string): void {
    const [, , subnet = 0, host = 0] = address.split(".").map(Number);
    this.#taken.delete((subnet - 1) * hostsPerSubnet + host - 1);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#claim.close(resolve));
  }
}

const nodeAddressOf = (block: number): string => `127.${block}.0.1`;

/** Undefined when somebody else listens there. */
function listen(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
