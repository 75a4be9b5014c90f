// Keeps what the server gave Services right over time: addresses that an earlier run gave from another
// block are exchanged, and a load balancer's is told. What they get at once, service-admission.ts gives.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { isNotFound, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller } from "../../kube/controller.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import { serviceKind, type Service } from "../../resources/service.ts";
import { isOfAnotherRun } from "./service-address.ts";

export type ServiceControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly services: WatchCache<Service>;
  /** The cluster's node, whose block the virtual addresses come from. */
  readonly nodeAddress: string;
};

export function runServiceController(
  options: ServiceControllerOptions,
  signal: AbortSignal,
): Controller {
  const { clock, log, services } = options;
  return runController(
    {
      name: "service",
      clock,
      log,
      sources: [watching(services)],
      reconcile: (key) => reconcile(key, options),
    },
    signal,
  );
}

async function reconcile(key: string, options: ServiceControllerOptions): Promise<void> {
  const { services, client, nodeAddress } = options;
  const service = services.get(key);
  if (!service || service.metadata.deletionTimestamp !== undefined) return;
  try {
    if (isOfAnotherRun(service, nodeAddress)) {
      // Freed; the server gives one of this run's in the same moment.
      const spec = { clusterIP: null, clusterIPs: null };
      await client.patch(serviceKind, service.metadata, { spec });
      return;
    }
    const loadBalancer = balancerOf(service);
    if (!loadBalancer || jsonEqual(service.status?.loadBalancer ?? {}, loadBalancer)) return;
    const patch = { status: { loadBalancer: { ingress: null, ...loadBalancer } } };
    await client.patch(serviceKind, service.metadata, patch, { subresource: "status" });
  } catch (error) {
    // Deleted meanwhile: there is nothing left to repair.
    if (!isNotFound(error)) throw error;
  }
}

/**
 * The virtual address is reached from the whole machine, which is all the outside that there is. A
 * balancer of a class is somebody else's to make.
 */
function balancerOf({ spec }: Service): object | undefined {
  if (spec.loadBalancerClass !== undefined) return undefined;
  if (spec.type !== "LoadBalancer" || !spec.clusterIP) return {};
  return { ingress: [{ ip: spec.clusterIP, ipMode: "VIP" }] };
}
