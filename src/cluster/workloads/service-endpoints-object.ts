// From a Service and its pods to the Endpoints object of its name, which older clients and `kubectl
// describe service` read; and from one that a user made to the slices that are acted on. Pure.
import { nameHash } from "../../lib/name-hash.ts";
import {
  headlessLabel,
  serviceNameLabel,
  type Endpoint,
  type EndpointSlice,
} from "../../resources/endpoint-slice.ts";
import type { EndpointAddress, Endpoints, EndpointSubset } from "../../resources/endpoints.ts";
import { isIPv4 } from "../../resources/ip-syntax.ts";
import { controllerReference } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { isReady, isTerminating } from "../../resources/pod-state.ts";
import type { Service } from "../../resources/service.ts";
import { groupByPorts, hostnameUnder, podReference, type PodPort } from "./service-pods.ts";
import { managedByLabel, mirrorManager } from "./service-slices.ts";

/** On those that the cluster keeps; the others are their makers'. */
const endpointsManagedBy = {
  "endpoints.kubernetes.io/managed-by": "endpoint-controller",
} as const;

export function isOurs({ metadata }: Endpoints): boolean {
  return Object.entries(endpointsManagedBy).every(
    ([key, value]) => metadata.labels?.[key] === value,
  );
}

/** Pods that are on their way out are left out, unless the Service wants even those that are not ready. */
export function endpointsOf(service: Service, pods: readonly Pod[]): Endpoints {
  const eager = service.spec.publishNotReadyAddresses === true;
  const subsets = groupByPorts(service, pods).flatMap(({ ports, pods: members }) => {
    const staying = members.filter((pod) => eager || !isTerminating(pod));
    return subsetOf(service, ports, staying, eager);
  });
  return endpointsNamed(service, subsets);
}

function endpointsNamed(service: Service, subsets: readonly EndpointSubset[]): Endpoints {
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: {
        ...labels,
        ...(service.spec.clusterIP === "None" && { [headlessLabel]: "" }),
        ...endpointsManagedBy,
      },
    },
    subsets,
  };
}

function subsetOf(
  service: Service,
  ports: readonly PodPort[],
  pods: readonly Pod[],
  eager: boolean,
): readonly EndpointSubset[] {
  if (pods.length === 0) return [];
  const address = (pod: Pod): EndpointAddress => {
    const hostname = hostnameUnder(service, pod);
    return {
      ip: pod.status?.podIP ?? "",
      ...(hostname !== undefined && { hostname }),
      ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
      targetRef: podReference(pod),
    };
  };
  const ready = pods.filter((pod) => eager || isReady(pod));
  const unready = pods.filter((pod) => !ready.includes(pod));
  return [subsetWith(ready.map(address), unready.map(address), ports)];
}

function subsetWith(
  addresses: readonly EndpointAddress[],
  notReadyAddresses: readonly EndpointAddress[],
  ports: readonly PodPort[],
): EndpointSubset {
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    ...(ports.length > 0 && {
      ports: ports.map(({ name, ...port }) => ({ ...(name !== "" && { name }), ...port })),
    }),
  };
}

/** For a Service without a selector whose slices somebody else keeps: what these say, for older clients. */
export function endpointsOfSlices(service: Service, slices: readonly EndpointSlice[]): Endpoints {
  const subsets = slices
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
    .map(({ endpoints, ports = [] }): EndpointSubset => {
      const of = (isReady: boolean): readonly EndpointAddress[] =>
        endpoints
          .filter(({ conditions }) => (conditions?.ready ?? true) === isReady)
          .flatMap(({ addresses, hostname, nodeName, targetRef }) =>
            addresses.map((ip) => ({
              ip,
              ...(hostname !== undefined && { hostname }),
              ...(nodeName !== undefined && { nodeName }),
              ...(targetRef && { targetRef }),
            })),
          );
      return subsetWith(
        of(true),
        of(false),
        ports.flatMap(({ port, name = "", protocol = "TCP", appProtocol }) =>
          port === undefined
            ? []
            : [{ name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) }],
        ),
      );
    });
  return endpointsNamed(
    service,
    subsets.filter(({ addresses, notReadyAddresses }) => addresses ?? notReadyAddresses),
  );
}

/** By which the maker of Endpoints says that it makes slices too. */
const skipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror";

/** The slices for Endpoints that a user keeps by hand for a Service without a selector. */
export function mirroredSlices(endpoints: Endpoints): readonly EndpointSlice[] {
  const { name, namespace, labels, uid } = endpoints.metadata;
  if (labels?.[skipMirrorLabel] === "true") return [];
  return (endpoints.subsets ?? []).map((subset, index) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${nameHash(JSON.stringify([uid, index])).slice(-5)}`,
      ...(namespace !== undefined && { namespace }),
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
      ownerReferences: [controllerReference(endpoints)],
    },
    addressType: "IPv4",
    endpoints: [
      ...(subset.addresses ?? []).flatMap((address) => mirrored(address, true)),
      ...(subset.notReadyAddresses ?? []).flatMap((address) => mirrored(address, false)),
    ],
    ports: (subset.ports ?? []).map((port) => ({ name: "", protocol: "TCP", ...port })),
  }));
}

function mirrored({ ip, ...rest }: EndpointAddress, ready: boolean): readonly Endpoint[] {
  return isIPv4(ip) ? [{ addresses: [ip], conditions: { ready }, ...rest }] : [];
}
