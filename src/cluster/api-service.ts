// The Service `kubernetes` in the namespace `default`, by which pods reach the API, as in every cluster. It
// comes back when somebody deletes or changes it.
import type { Clock } from "../lib/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { runController, watching, type Controller } from "../kube/controller.ts";
import type { WatchCache } from "../kube/watch-cache.ts";
import type { EndpointSlice } from "../resources/endpoint-slice.ts";
import { keyOf, type KubeObject } from "../resources/object.ts";
import type { Service } from "../resources/service.ts";
import { apiServiceAddress } from "./address-blocks.ts";
import { publishService, type PublishedService } from "./published-service.ts";

const api = { namespace: "default", name: "kubernetes" };

export type ApiServiceOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly services: WatchCache<Service>;
  readonly slices: WatchCache<EndpointSlice>;
  readonly nodeAddress: string;
  readonly apiPort: number;
};

export function runApiService(options: ApiServiceOptions, signal: AbortSignal): Controller {
  const { client, clock, log, services, slices, nodeAddress, apiPort } = options;
  const clusterIP = apiServiceAddress(nodeAddress);
  const published: PublishedService = {
    ...api,
    clusterIP,
    portName: "https",
    port: 443,
    address: "127.0.0.1",
    targetPort: apiPort,
    labels: { component: "apiserver", provider: "kubernetes" },
  };
  const key = `${api.namespace}/${api.name}`;
  const own = (object: KubeObject): readonly string[] => (keyOf(object) === key ? [key] : []);
  const isRight = (): boolean =>
    services.get(key)?.spec.clusterIP === clusterIP &&
    services.get(key)?.spec.ports?.[0]?.port === published.port &&
    slices.get(key)?.endpoints[0]?.addresses[0] === published.address &&
    slices.get(key)?.ports?.[0]?.port === apiPort;
  const controller = runController(
    {
      name: "kubernetes-service",
      clock,
      log,
      sources: [watching(services, own), watching(slices, own)],
      reconcile: async () => {
        if (isRight()) return;
        await publishService(client, published);
      },
    },
    signal,
  );
  controller.enqueue(key);
  return controller;
}
