// metrics.k8s.io: what pods and the node use at the moment, for `kubectl top`. Nothing of it is stored:
// each answer is made of the stored pods and nodes, and of what the node says of its processes.
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { Kind } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { notFound } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";
import type { PodRate } from "./usage-sampler.ts";

export const metricsGroup = "metrics.k8s.io";

type Usage = { readonly cpu: string; readonly memory: string };
type NodeMetrics = KubeObject & {
  readonly timestamp: string;
  readonly window: string;
  readonly usage: Usage;
};
type PodMetrics = KubeObject & {
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
};

const columns = [
  { name: "Name", type: "string" },
  { name: "Cpu", type: "string" },
  { name: "Memory", type: "string" },
  { name: "Window", type: "string" },
] as const;

const nodeMetricsKind: Kind<NodeMetrics> = {
  group: metricsGroup,
  version: "v1beta1",
  kind: "NodeMetrics",
  plural: "nodes",
  singular: "",
  namespaced: false,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns,
  cells: ({ metadata, usage, window }) => [metadata.name, usage.cpu, usage.memory, window],
};

const podMetricsKind: Kind<PodMetrics> = {
  group: metricsGroup,
  version: "v1beta1",
  kind: "PodMetrics",
  plural: "pods",
  singular: "",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns,
  cells: ({ metadata, containers, window }) => {
    const sum = (of: (usage: Usage) => string): number =>
      containers.reduce((total, { usage }) => total + Number.parseInt(of(usage)), 0);
    const cpu = `${sum((usage) => usage.cpu)}n`;
    return [metadata.name, cpu, `${sum((usage) => usage.memory)}Ki`, window];
  },
};

export const metricKinds: readonly Kind[] = [nodeMetricsKind, podMetricsKind];

/** The resource of that name as the rest of the server knows resources; undefined for others. */
export function metricResource(plural: string): Resource | undefined {
  const kind = metricKinds.find((one) => one.plural === plural);
  return kind && { kind, custom: false, storageId: `${plural}.${metricsGroup}` };
}

/** Of those of the pods that run, in their order. */
export function podMetrics(pods: readonly Pod[], rates: readonly PodRate[]): readonly PodMetrics[] {
  const byUid = new Map(rates.map((rate) => [rate.uid, rate]));
  return pods.flatMap((pod) => {
    const rate = byUid.get(pod.metadata.uid ?? "");
    if (!rate) return [];
    const { atMs, windowMs, containers } = rate;
    return [
      {
        apiVersion: `${metricsGroup}/v1beta1`,
        kind: "PodMetrics",
        ...stampsOf(pod, atMs, windowMs),
        containers: containers.map(({ name, cpuNanocores, memoryBytes }) => ({
          name,
          usage: usageOf(cpuNanocores, memoryBytes),
        })),
      },
    ];
  });
}

/** The node is this cluster's own: what its pods use, of a machine that others use as well. */
export function nodeMetrics(
  nodes: readonly KubeObject[],
  rates: readonly PodRate[],
  nowMs: number,
): readonly NodeMetrics[] {
  const containers = rates.flatMap((rate) => rate.containers);
  const sum = (of: (one: (typeof containers)[number]) => number): number =>
    containers.reduce((total, one) => total + of(one), 0);
  const windowMs = Math.max(0, ...rates.map((rate) => rate.windowMs));
  const usage = usageOf(
    sum((one) => one.cpuNanocores),
    sum((one) => one.memoryBytes),
  );
  return nodes.map((node) => ({
    apiVersion: `${metricsGroup}/v1beta1`,
    kind: "NodeMetrics",
    ...stampsOf(node, nowMs, windowMs),
    usage,
  }));
}

/** As metrics-server says it of an object that has no metrics, or does not exist. */
export function metricsNotFound(plural: string, namespace: string | undefined, name: string) {
  const kind = plural === "nodes" ? "nodemetrics" : "podmetrics";
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  return notFound({ group: metricsGroup, plural: kind }, path);
}

function stampsOf({ metadata }: KubeObject, atMs: number, windowMs: number) {
  const { name, namespace, labels } = metadata;
  const timestamp = formatTimestamp(atMs);
  return {
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      creationTimestamp: timestamp,
    },
    timestamp,
    window: `${(windowMs / 1000).toFixed(3)}s`,
  };
}

function usageOf(cpuNanocores: number, memoryBytes: number): Usage {
  return { cpu: `${cpuNanocores}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}
