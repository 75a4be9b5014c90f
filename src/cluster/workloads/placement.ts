// Where a pod fits, and what to say where it fits nowhere, in the words of Kubernetes' scheduler. Each
// node is asked filter by filter, in upstream's order; the first that objects is told. Preferences do
// not count, for there is one node. Pure; the loop stands in scheduler.ts.
import type { Node } from "../../resources/node.ts";
import { conditionOf } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { matchesNode } from "./node-affinity.ts";
import { affinityObjections, type NamespaceLabels, type NodeView } from "./pod-affinity.ts";
import { portConflicts, shortages } from "./node-room.ts";
import { spreadObjections } from "./topology-spread.ts";
import { isTolerated, schedulingTaints, unschedulableTaint } from "./taints.ts";

export type Placement =
  | { readonly kind: "node"; readonly name: string }
  /** `message` is the sentence of the PodScheduled condition, as Kubernetes words it. */
  | { readonly kind: "nowhere"; readonly message: string };

/** Why a node cannot take the pod; `isFinal` where no pod that left it would change that. */
export type Objection = { readonly text: string; readonly isFinal: boolean };

/** The pods of a node are all that are bound to it, terminating ones too: they hold what they have. */
export function placePod(
  pod: Pod,
  nodes: readonly NodeView[],
  namespaceLabels: NamespaceLabels,
): Placement {
  const objections: (readonly Objection[])[] = [];
  for (const view of nodes) {
    const found = objectionsOf(view, pod, nodes, namespaceLabels);
    if (found.length === 0) return { kind: "node", name: view.node.metadata.name };
    objections.push(found);
  }
  if (nodes.length === 0)
    return { kind: "nowhere", message: "no nodes available to schedule pods" };
  const available = `0/${nodes.length} nodes are available`;
  const reasons = tally(objections.flatMap((found) => found.map(({ text }) => text)));
  return { kind: "nowhere", message: `${available}: ${reasons}. ${preemption(pod, objections)}` };
}

/** What became of the thought to make room by ending other pods; priorities are all the same here. */
function preemption(pod: Pod, objections: readonly (readonly Objection[])[]): string {
  if (pod.spec.preemptionPolicy === "Never")
    return "preemption: not eligible due to preemptionPolicy=Never.";
  const outcomes = objections.map((found) =>
    found.some(({ isFinal }) => isFinal)
      ? "Preemption is not helpful for scheduling"
      : "No preemption victims found for incoming pod",
  );
  return `preemption: 0/${objections.length} nodes are available: ${tally(outcomes)}.`;
}

/** `1 Insufficient cpu, 2 Too many pods`. */
function tally(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .map(([text, count]) => `${count} ${text}`)
    .toSorted()
    .join(", ");
}

type Filter = (
  view: NodeView,
  pod: Pod,
  nodes: readonly NodeView[],
  namespaceLabels: NamespaceLabels,
) => readonly Objection[];

const final = (text: string): readonly Objection[] => [{ text, isFinal: true }];

const filters: readonly Filter[] = [
  ({ node }, pod) =>
    node.spec?.unschedulable === true && !isTolerated(pod, unschedulableTaint)
      ? final("node(s) were unschedulable")
      : [],
  ({ node }, pod) => {
    const taint = taintsOf(node).find((one) => !isTolerated(pod, one));
    return taint ? final(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`) : [];
  },
  ({ node }, pod) =>
    matchesNode(pod, node) ? [] : final("node(s) didn't match Pod's node affinity/selector"),
  portConflicts,
  shortages,
  spreadObjections,
  affinityObjections,
];

function objectionsOf(...[view, ...rest]: Parameters<Filter>): readonly Objection[] {
  for (const filter of filters) {
    const found = filter(view, ...rest);
    if (found.length > 0) return found;
  }
  return [];
}

/** A node that is away counts as tainted, as upstream's controllers taint it. */
function taintsOf(node: Node) {
  const isReady = conditionOf(node.status?.conditions, "Ready")?.status === "True";
  const taints = schedulingTaints(node).filter(({ key }) => key !== unschedulableTaint.key);
  return isReady
    ? taints
    : [...taints, { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }];
}
