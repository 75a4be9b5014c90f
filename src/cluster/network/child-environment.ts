// What a container's process is told of the cluster's network. Programs in Node get the hook that makes
// names work; docs/cluster-network.md says what others do with these variables.
import { fileURLToPath } from "node:url";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";
import { apiServiceAddress, serviceBlock } from "../address-blocks.ts";
import { serviceLinks } from "./service-links.ts";

export type NetworkPlaces = {
  readonly nodeAddress: string;
  readonly dnsPort: number;
  readonly httpProxyPort: number;
};

const hookFile = fileURLToPath(new URL("name-hook.cjs", import.meta.url));

/**
 * `services` are all of the cluster's. NODE_OPTIONS is to be joined with the container's own, which would
 * otherwise lose the hook; every other variable of the container wins over these.
 */
export function childEnvironment(
  pod: Pod,
  services: readonly Service[],
  { nodeAddress, dnsPort, httpProxyPort }: NetworkPlaces,
): Readonly<Record<string, string>> {
  const { namespace = "default" } = pod.metadata;
  const aliases = (pod.spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }) =>
    hostnames.map((name) => [name, ip] as const),
  );
  return {
    ...serviceLinks(linkedServices(pod, services, nodeAddress)),
    POD_NAMESPACE: namespace,
    DUNLIN_CLUSTER_DNS: `${nodeAddress}:${dnsPort}`,
    DUNLIN_SERVICE_RANGE: `${serviceBlock(nodeAddress)}0.0/16`,
    DUNLIN_HTTP_PROXY: `http://${nodeAddress}:${httpProxyPort}`,
    ...(aliases.length > 0 && { DUNLIN_HOST_ALIASES: JSON.stringify(Object.fromEntries(aliases)) }),
    NODE_OPTIONS: nodeOption(`--require=${hookFile}`),
  };
}

/** Those of the pod's namespace, unless it wants none; and in any case the API's, as it will be. */
function linkedServices(
  { metadata, spec }: Pod,
  services: readonly Service[],
  nodeAddress: string,
): readonly Service[] {
  const own = metadata.namespace ?? "default";
  const isLinked = ({ metadata: { namespace = "default", name } }: Service): boolean =>
    namespace === own && name !== "kubernetes" && spec.enableServiceLinks !== false;
  return [...services.filter(isLinked), apiService(nodeAddress)];
}

/** The first pods of a start come before the Service does. */
const apiService = (nodeAddress: string): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "kubernetes", namespace: "default" },
  spec: { clusterIP: apiServiceAddress(nodeAddress), ports: [{ name: "https", port: 443 }] },
});

/** Node takes its options apart at spaces, and reads quotes and backslashes. */
function nodeOption(option: string): string {
  return /[\s"\\]/.test(option) ? `"${option.replace(/["\\]/g, String.raw`\$&`)}"` : option;
}
