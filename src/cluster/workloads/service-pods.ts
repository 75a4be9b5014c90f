// Which pods stand behind a Service, and by which ports each is reached: what EndpointSlices and the older
// Endpoints both say. Pure.
import type { Pod } from "../../resources/pod.ts";
import { isFinished } from "../../resources/pod-state.ts";
import { matchesSelector, selectorOfLabels } from "../../resources/selector.ts";
import type { Service, ServicePort } from "../../resources/service.ts";

export type PodPort = {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
};

export type PortGroup = { readonly ports: readonly PodPort[]; readonly pods: readonly Pod[] };

/**
 * A Service without a selector has no pods of its own: others say where it is reached. Nor has one that
 * stands for another name.
 */
export function hasSelector({ spec }: Service): boolean {
  return spec.type !== "ExternalName" && Object.keys(spec.selector ?? {}).length > 0;
}

export function selects({ metadata, spec }: Service, pod: Pod): boolean {
  return (
    metadata.namespace === pod.metadata.namespace &&
    matchesSelector(selectorOfLabels(spec.selector), pod.metadata.labels)
  );
}

/**
 * The pods with an address that have not finished, by name, those of equal ports together. Without any
 * there is one group of none, with the ports that are known without a pod.
 */
export function groupByPorts(service: Service, pods: readonly Pod[]): readonly PortGroup[] {
  const groups = new Map<string, { readonly ports: readonly PodPort[]; readonly pods: Pod[] }>();
  const selector = selectorOfLabels(service.spec.selector);
  const reachable = pods
    .filter(({ metadata }) => metadata.namespace === service.metadata.namespace)
    .filter((pod) => pod.status?.podIP !== undefined && !isFinished(pod))
    .filter(({ metadata }) => matchesSelector(selector, metadata.labels))
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  // Ports that are told by number are the same in every pod.
  const numbered = (service.spec.ports ?? []).every(
    ({ targetPort }) => typeof targetPort !== "string",
  );
  if (numbered) return [{ ports: portsOf(service, undefined), pods: reachable }];
  for (const pod of reachable) {
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key);
    if (group) group.pods.push(pod);
    else groups.set(key, { ports, pods: [pod] });
  }
  return groups.size > 0
    ? [...groups.values()]
    : [{ ports: portsOf(service, undefined), pods: [] }];
}

/** The name that a pod has beneath the Service's own, where it asks for one. */
export function hostnameUnder(service: Service, { spec }: Pod): string | undefined {
  return spec.hostname && spec.subdomain === service.metadata.name ? spec.hostname : undefined;
}

export function podReference({ metadata }: Pod) {
  const { name, namespace, uid } = metadata;
  return {
    kind: "Pod",
    ...(namespace !== undefined && { namespace }),
    name,
    ...(uid !== undefined && { uid }),
  };
}

/** The Service's ports as this pod has them; a named port that it lacks is left out. */
function portsOf({ spec }: Service, pod: Pod | undefined): readonly PodPort[] {
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
  { port, targetPort = port, protocol = "TCP" }: ServicePort,
  pod: Pod | undefined,
): number | undefined {
  if (typeof targetPort === "number") return targetPort === 0 ? port : targetPort;
  const { initContainers = [], containers = [] } = pod?.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  const declared = [...containers, ...sidecars].flatMap(({ ports }) => ports ?? []);
  return declared.find((own) => own.name === targetPort && (own.protocol ?? "TCP") === protocol)
    ?.containerPort;
}
