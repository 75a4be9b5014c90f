// Services and their endpoints as a test lays them out, in place of copies of the API's objects.
import type { Endpoint, EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Service } from "../../resources/service.ts";
import type { ServiceCaches } from "./service-endpoints.ts";

export function serviceFixture(name: string, spec: Service["spec"], namespace = "shop"): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, uid: `uid-${name}` },
    spec,
  };
}

export function sliceFixture(
  service: Service,
  ports: NonNullable<EndpointSlice["ports"]>,
  endpoints: readonly Endpoint[],
): EndpointSlice {
  const { name, namespace } = service.metadata;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-1`,
      ...(namespace !== undefined && { namespace }),
      labels: { "kubernetes.io/service-name": name },
    },
    addressType: "IPv4",
    endpoints,
    ports,
  };
}

export function cachesFixture(
  ...entries: readonly (readonly [Service, ...EndpointSlice[]])[]
): ServiceCaches {
  const keyed = new Map(
    entries.map(([service, ...slices]) => [
      `${service.metadata.namespace}/${service.metadata.name}`,
      { service, slices },
    ]),
  );
  return {
    services: { get: (key) => keyed.get(key)?.service },
    slicesOf: (key) => keyed.get(key)?.slices ?? [],
    pods: { get: () => undefined },
  };
}
