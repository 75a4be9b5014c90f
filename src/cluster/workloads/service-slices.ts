// From a Service and its pods to the EndpointSlices that say where it is reached. Pods whose named
// ports differ, as between two revisions, get a slice each. Pure; the loop stands in
// endpoint-slice-controller.ts.
import { jsonEqual } from "../../lib/json.ts";
import {
  serviceNameLabel,
  type Endpoint,
  type EndpointSlice,
} from "../../resources/endpoint-slice.ts";
import { controllerReference } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { matchesSelector, selectorOfLabels } from "../../resources/selector.ts";
import type { Service, ServicePort } from "../../resources/service.ts";
import { nameHash } from "../../lib/name-hash.ts";
import { isFinished, isReady, isTerminating } from "../../resources/pod-state.ts";

type SlicePorts = NonNullable<EndpointSlice["ports"]>;

const managedByLabel = "endpointslice.kubernetes.io/managed-by";
const sliceManager = "endpointslice-controller.kubernetes.io";

/** The slices that a Service with a selector should have; at least one, be it without endpoints. */
export function slicesOf(service: Service, pods: readonly Pod[]): readonly EndpointSlice[] {
  const selector = selectorOfLabels(service.spec.selector);
  const groups: { readonly ports: SlicePorts; readonly endpoints: Endpoint[] }[] = [];
  const reachable = pods
    .filter(({ metadata }) => metadata.namespace === service.metadata.namespace)
    .filter(({ metadata }) => matchesSelector(selector, metadata.labels))
    .filter((pod) => pod.status?.podIP !== undefined && !isFinished(pod));
  for (const pod of reachable) {
    const ports = portsOf(service, pod);
    const group = groups.find((known) => jsonEqual(known.ports, ports));
    const endpoint = endpointOf(pod, service.spec.publishNotReadyAddresses === true);
    if (group) group.endpoints.push(endpoint);
    else groups.push({ ports, endpoints: [endpoint] });
  }
  if (groups.length === 0) groups.push({ ports: portsOf(service, undefined), endpoints: [] });
  return groups.map(({ ports, endpoints }) => sliceOf(service, ports, endpoints));
}

function endpointOf(pod: Pod, publishesNotReady: boolean): Endpoint {
  const { name, namespace, uid } = pod.metadata;
  const ready = isReady(pod);
  const terminating = isTerminating(pod);
  return {
    addresses: [pod.status?.podIP ?? ""],
    conditions: {
      ready: publishesNotReady || (ready && !terminating),
      serving: ready,
      terminating,
    },
    targetRef: {
      kind: "Pod",
      ...(namespace !== undefined && { namespace }),
      name,
      ...(uid !== undefined && { uid }),
    },
    ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
  };
}

/** The Service's ports as this pod has them; a named port that it lacks is left out. */
function portsOf({ spec }: Service, pod: Pod | undefined): SlicePorts {
  return (spec.ports ?? []).flatMap((port) => {
    const number = targetPortOf(port, pod);
    if (number === undefined) return [];
    return [
      {
        name: port.name ?? "",
        port: number,
        protocol: port.protocol ?? "TCP",
        ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
      },
    ];
  });
}

function targetPortOf(
  { port, targetPort = port }: ServicePort,
  pod: Pod | undefined,
): number | undefined {
  if (typeof targetPort === "number") return targetPort === 0 ? port : targetPort;
  const declared = (pod?.spec.containers ?? []).flatMap(({ ports }) => ports ?? []);
  return declared.find(({ name }) => name === targetPort)?.containerPort;
}

/**
 * The name follows from the Service's identity and the ports, so that a pass over an old copy can
 * never make a second slice of the same.
 */
function sliceOf(
  service: Service,
  ports: SlicePorts,
  endpoints: readonly Endpoint[],
): EndpointSlice {
  const { name, namespace, uid } = service.metadata;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${nameHash(JSON.stringify([uid, ports])).slice(-5)}`,
      ...(namespace !== undefined && { namespace }),
      labels: { [serviceNameLabel]: name, [managedByLabel]: sliceManager },
      ownerReferences: [controllerReference(service)],
    },
    addressType: "IPv4",
    endpoints,
    ports,
  };
}
