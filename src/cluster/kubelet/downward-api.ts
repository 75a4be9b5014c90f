// What a container may know of its own pod through its environment: fields of the pod, and the
// resources that it may use.
import { ownValue } from "../../lib/json.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import type { Container, EnvVar, Pod, ResourceList } from "../../resources/pod.ts";
import { containersOf } from "../../resources/pod-state.ts";
import { ConfigError } from "./config-error.ts";

export type PodFacts = {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIp: string;
  readonly hostIp: string;
  readonly allocatable: ResourceList;
};

/** Throws a ConfigError for a path that is no field for variables. */
export function fieldValue(path: string, { pod, podIp, hostIp }: PodFacts): string {
  const { metadata, spec } = pod;
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return ownValue(metadata[map] ?? {}, key) ?? "";
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "default";
    case "metadata.uid":
      return metadata.uid ?? "";
    case "spec.nodeName":
      return spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "default";
    case "status.podIP":
    case "status.podIPs":
      return podIp;
    case "status.hostIP":
    case "status.hostIPs":
      return hostIp;
    default:
      throw new ConfigError(`unsupported fieldPath: ${path}`);
  }
}

type ResourceFieldRef = NonNullable<NonNullable<EnvVar["valueFrom"]>["resourceFieldRef"]>;

/**
 * The amount in units of the divisor, rounded up. A limit that is not set counts as all that the node
 * has to give, a request that is not set as the limit.
 */
export function resourceValue(
  { containerName, resource, divisor = "1" }: ResourceFieldRef,
  { pod, container, allocatable }: PodFacts,
): string {
  const subject =
    containerName === undefined
      ? container
      : containersOf(pod).find(({ name }) => name === containerName);
  if (!subject) throw new ConfigError(`container ${containerName} not found`);
  const [list, name = ""] = resource.split(/\.(.*)/s);
  const { limits, requests } = subject.resources ?? {};
  const limit = limits?.[name] ?? allocatable[name] ?? "0";
  const text = list === "requests" ? (requests?.[name] ?? limits?.[name] ?? "0") : limit;
  const amount = parseQuantity(text)?.nano ?? 0n;
  // The API lets "0" stand for the default.
  const unit = parseQuantity(divisor)?.nano || 1_000_000_000n;
  return String((amount + unit - 1n) / unit);
}
