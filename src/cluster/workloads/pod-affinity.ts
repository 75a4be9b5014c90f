// Whether a pod may stand beside the others: required affinity and anti-affinity between pods. A term is
// about a topology, the nodes that share a label's value. Pure.
import type { Node } from "../../resources/node.ts";
import type { Pod, PodAffinityTerm } from "../../resources/pod.ts";
import { isFinished } from "../../resources/pod-state.ts";
import { matchesSelector, selectorOf } from "../../resources/selector.ts";
import type { Objection } from "./placement.ts";

export type NodeView = { readonly node: Node; readonly pods: readonly Pod[] };
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined;

export function affinityObjections(
  { node }: NodeView,
  pod: Pod,
  nodes: readonly NodeView[],
  namespaceLabels: NamespaceLabels,
): readonly Objection[] {
  /** The pods that share the term's topology with this node, and the node must have one. */
  const neighbours = (topologyKey: string): readonly Pod[] => {
    const place = node.metadata.labels?.[topologyKey];
    if (place === undefined) return [];
    return nodes
      .filter((view) => view.node.metadata.labels?.[topologyKey] === place)
      .flatMap(({ pods }) => pods)
      .filter((other) => !isFinished(other));
  };
  const meets = (owner: Pod, term: PodAffinityTerm, other: Pod): boolean =>
    isMeant(owner, term, other, namespaceLabels);

  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const wanted = requiredOf(podAffinity);
  const isMet = wanted.every((term) =>
    neighbours(term.topologyKey).some((other) => meets(pod, term, other)),
  );
  // The first of a group that keeps together finds nobody to keep to, and may begin.
  const everybody = nodes.flatMap(({ pods }) => pods).filter((other) => !isFinished(other));
  const isFirst =
    wanted.every((term) => node.metadata.labels?.[term.topologyKey] !== undefined) &&
    wanted.every((term) => meets(pod, term, pod)) &&
    !everybody.some((other) => wanted.every((term) => meets(pod, term, other)));
  if (!isMet && !isFirst)
    return [{ text: "node(s) didn't match pod affinity rules", isFinal: true }];

  const isCrowded = requiredOf(podAntiAffinity).some((term) =>
    neighbours(term.topologyKey).some((other) => meets(pod, term, other)),
  );
  if (isCrowded) return [{ text: "node(s) didn't match pod anti-affinity rules", isFinal: false }];

  const isUnwelcome = everybody.some((other) =>
    requiredOf(other.spec.affinity?.podAntiAffinity).some(
      (term) => meets(other, term, pod) && neighbours(term.topologyKey).includes(other),
    ),
  );
  if (isUnwelcome)
    return [{ text: "node(s) didn't satisfy existing pods anti-affinity rules", isFinal: false }];
  return [];
}

type PodAffinity = NonNullable<NonNullable<Pod["spec"]["affinity"]>["podAffinity"]>;

function requiredOf(affinity: PodAffinity | undefined): readonly PodAffinityTerm[] {
  return affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Without a word about namespaces a term means the owner's own; without a selector it means no pod. */
function isMeant(
  owner: Pod,
  { labelSelector, namespaces = [], namespaceSelector }: PodAffinityTerm,
  other: Pod,
  namespaceLabels: NamespaceLabels,
): boolean {
  const { namespace = "", labels } = other.metadata;
  const isNear =
    namespaces.length === 0 && namespaceSelector === undefined
      ? namespace === owner.metadata.namespace
      : namespaces.includes(namespace) ||
        (namespaceSelector !== undefined &&
          matchesSelector(selectorOf(namespaceSelector), namespaceLabels(namespace)));
  return (
    isNear && labelSelector !== undefined && matchesSelector(selectorOf(labelSelector), labels)
  );
}
