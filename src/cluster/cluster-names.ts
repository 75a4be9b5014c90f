// By which pods find each other: the cluster's DNS server and the proxy for programs that ask no DNS, both
// at the node's own address.
import type { WatchCache } from "../kube/watch-cache.ts";
import type { EndpointSlice } from "../resources/endpoint-slice.ts";
import { startForwardProxy } from "./ingress/forward-proxy.ts";
import type { NetworkPlaces } from "./network/child-environment.ts";
import { startDnsServer } from "./network/dns-server.ts";
import type { ServiceCaches } from "./network/service-endpoints.ts";

export type ClusterNamesOptions = {
  readonly nodeAddress: string;
  readonly services: ServiceCaches;
  readonly slices: Pick<WatchCache<EndpointSlice>, "list" | "subscribe">;
  readonly log: (line: string) => void;
};

export type ClusterNames = {
  readonly places: NetworkPlaces;
  readonly close: () => Promise<void>;
};

export async function startClusterNames(options: ClusterNamesOptions): Promise<ClusterNames> {
  const { nodeAddress, services, slices, log } = options;
  await using started = new AsyncDisposableStack();
  const dns = await startDnsServer({ address: nodeAddress, names: services, log });
  started.defer(dns.close);
  const proxy = await startForwardProxy({ address: nodeAddress, services, slices, log });
  started.defer(proxy.close);
  const running = started.move();
  return {
    places: { nodeAddress, dnsPort: dns.port, httpProxyPort: proxy.port },
    close: () => running.disposeAsync(),
  };
}
