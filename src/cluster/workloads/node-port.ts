// The ports of NodePort and LoadBalancer Services, from Kubernetes' usual range. Pure.
import { fnv1a } from "../../lib/name-hash.ts";
import type { Service } from "../../resources/service.ts";

/** The first 86 of 30000-32767 are left to those who choose their port, as upstream does. */
const firstPort = 30_086;
const lastPort = 32_767;

export function hasNodePorts({ type, allocateLoadBalancerNodePorts }: Service["spec"]): boolean {
  return (
    type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false)
  );
}

/** Found from `seed` on; undefined when none is left. */
export function freeNodePort(seed: string, taken: ReadonlySet<number>): number | undefined {
  const count = lastPort - firstPort + 1;
  const start = fnv1a(seed) % count;
  for (let step = 0; step < count; step++) {
    const port = firstPort + ((start + step) % count);
    if (!taken.has(port)) return port;
  }
  return undefined;
}
