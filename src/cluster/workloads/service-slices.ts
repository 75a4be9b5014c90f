// From a Service and its pods to the EndpointSlices that say where it is reached. Pods whose named
// ports differ, as between two revisions, get a slice each. Pure; the loop stands in
// endpoint-slice-controller.ts.
import { nameHash } from "../../lib/name-hash.ts";
import {
  headlessLabel,
  serviceNameLabel,
  type Endpoint,
  type EndpointSlice,
} from "../../resources/endpoint-slice.ts";
import { controllerReference } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { isReady, isTerminating } from "../../resources/pod-state.ts";
import type { Service } from "../../resources/service.ts";
import { groupByPorts, hostnameUnder, podReference } from "./service-pods.ts";

type SlicePorts = NonNullable<EndpointSlice["ports"]>;

export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
const sliceManager = "endpointslice-controller.kubernetes.io";
/** Of slices that stand for Endpoints which a user keeps by hand. */
export const mirrorManager = "endpointslicemirroring-controller.k8s.io";
/** Slices of these are the cluster's own to change. */
export const managers: ReadonlySet<string> = new Set([sliceManager, mirrorManager]);

/** As upstream: a change of one pod rewrites one slice, so slices must not be large. */
const endpointsPerSlice = 100;

/** The slices that a Service with a selector should have; at least one, be it without endpoints. */
export function slicesOf(service: Service, pods: readonly Pod[]): readonly EndpointSlice[] {
  return groupByPorts(service, pods).flatMap(({ ports, pods: members }) =>
    chunksOf(members, endpointsPerSlice).map((chunk, index) =>
      sliceOf(
        service,
        ports,
        index,
        chunk.map((pod) => endpointOf(service, pod)),
      ),
    ),
  );
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const ready = isReady(pod);
  const terminating = isTerminating(pod);
  const hostname = hostnameUnder(service, pod);
  return {
    addresses: [pod.status?.podIP ?? ""],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (ready && !terminating),
      serving: ready,
      terminating,
    },
    ...(hostname !== undefined && { hostname }),
    targetRef: podReference(pod),
    ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
  };
}

/** One empty chunk of nothing. */
function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/**
 * The name follows from the Service's identity, the ports and the place among slices of the same ports,
 * so that a pass over an old copy can never make a second slice of the same.
 */
function sliceOf(
  service: Service,
  ports: SlicePorts,
  index: number,
  endpoints: readonly Endpoint[],
): EndpointSlice {
  const { name, namespace, uid, labels } = service.metadata;
  const identity = JSON.stringify(index === 0 ? [uid, ports] : [uid, ports, index]);
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${nameHash(identity).slice(-5)}`,
      ...(namespace !== undefined && { namespace }),
      labels: {
        ...labels,
        ...(service.spec.clusterIP === "None" && { [headlessLabel]: "" }),
        [serviceNameLabel]: name,
        [managedByLabel]: sliceManager,
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType: "IPv4",
    endpoints,
    ports,
  };
}
