// Where a pod fits: its requests against what the nodes have left, cordons and node selectors.
// Pure; the loop stands in scheduler.ts. Taints, affinity and preemption mean nothing on one node.
import { quantityValue } from "../../lib/quantity.ts";
import type { Node } from "../../resources/node.ts";
import { conditionOf } from "../../resources/object.ts";
import type { Container, Pod } from "../../resources/pod.ts";
import { isFinished } from "../../resources/pod-state.ts";

export type Placement =
  | { readonly kind: "node"; readonly name: string }
  /** `message` is the sentence of the PodScheduled condition, as Kubernetes words it. */
  | { readonly kind: "nowhere"; readonly message: string };

/** `placed` are the pods that are on a node already, terminating ones too: they hold what they have. */
export function placePod(pod: Pod, nodes: readonly Node[], placed: readonly Pod[]): Placement {
  const obstacles = new Map<string, number>();
  for (const node of nodes) {
    const found = obstaclesOn(node, pod, placed);
    if (found.length === 0) return { kind: "node", name: node.metadata.name };
    for (const obstacle of found) obstacles.set(obstacle, (obstacles.get(obstacle) ?? 0) + 1);
  }
  if (nodes.length === 0)
    return { kind: "nowhere", message: "no nodes available to schedule pods" };
  const reasons = [...obstacles].map(([obstacle, count]) => `${count} ${obstacle}`).toSorted();
  return {
    kind: "nowhere",
    message: `0/${nodes.length} nodes are available: ${reasons.join(", ")}.`,
  };
}

function obstaclesOn(node: Node, pod: Pod, placed: readonly Pod[]): readonly string[] {
  if (node.spec?.unschedulable === true) return ["node(s) were unschedulable"];
  if (conditionOf(node.status?.conditions, "Ready")?.status !== "True")
    return ["node(s) were not ready"];
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  if (!selected) return ["node(s) didn't match Pod's node affinity/selector"];
  return shortages(node, pod, placed);
}

function shortages(node: Node, pod: Pod, placed: readonly Pod[]): readonly string[] {
  const allocatable = node.status?.allocatable ?? {};
  const used = new Map<string, number>();
  const held = placed.filter(
    (other) => other.spec.nodeName === node.metadata.name && !isFinished(other),
  );
  for (const other of held)
    for (const [resource, amount] of requestsOf(other))
      used.set(resource, (used.get(resource) ?? 0) + amount);
  const short = [...requestsOf(pod)]
    .filter(([, amount]) => amount > 0)
    .filter(
      ([resource, amount]) =>
        amount >
        (quantityValue(allocatable[resource] ?? "0") ?? 0) - (used.get(resource) ?? 0) + 1e-9,
    )
    .map(([resource]) => `Insufficient ${resource}`);
  const podsMax = quantityValue(allocatable["pods"] ?? "110") ?? 110;
  return held.length >= podsMax ? ["Too many pods", ...short] : short;
}

/**
 * What a pod takes of each resource, in base units: its containers together, or the largest init
 * container if that takes more. A limit stands in for a request that is not given.
 */
function requestsOf({ spec }: Pod): ReadonlyMap<string, number> {
  const total = new Map<string, number>();
  for (const container of spec.containers)
    for (const [resource, amount] of amountsOf(container))
      total.set(resource, (total.get(resource) ?? 0) + amount);
  for (const container of spec.initContainers ?? [])
    for (const [resource, amount] of amountsOf(container))
      total.set(resource, Math.max(total.get(resource) ?? 0, amount));
  return total;
}

function amountsOf({ resources }: Container): readonly (readonly [string, number])[] {
  return Object.entries({ ...resources?.limits, ...resources?.requests }).map(
    ([resource, amount]) => [resource, quantityValue(amount) ?? 0],
  );
}
