// Whether a pod may be added to a node without its like being spread too unevenly: the constraints that
// forbid it. Those that only prefer another place are left out. Pure.
import type { Pod } from "../../resources/pod.ts";
import { isFinished, isTerminating } from "../../resources/pod-state.ts";
import { matchesSelector, selectorOf } from "../../resources/selector.ts";
import type { Objection } from "./placement.ts";
import type { NodeView } from "./pod-affinity.ts";

const text = "node(s) didn't match pod topology spread constraints";

/**
 * The skew is how many more of the selected pods the node's domain would have than the one that has the
 * fewest. Where there are fewer domains than `minDomains`, the missing ones count as empty.
 */
export function spreadObjections(
  { node }: NodeView,
  pod: Pod,
  nodes: readonly NodeView[],
): readonly Objection[] {
  for (const constraint of pod.spec.topologySpreadConstraints ?? []) {
    const { topologyKey, whenUnsatisfiable, maxSkew, minDomains = 1, labelSelector } = constraint;
    if (whenUnsatisfiable === "ScheduleAnyway") continue;
    const domain = node.metadata.labels?.[topologyKey];
    if (domain === undefined) return [{ text: `${text} (missing required label)`, isFinal: true }];
    const selector = labelSelector && selectorOf(labelSelector);
    const counts = (other: Pod): boolean =>
      selector !== undefined &&
      other.metadata.namespace === pod.metadata.namespace &&
      matchesSelector(selector, other.metadata.labels);
    const sizes = new Map<string, number>();
    for (const view of nodes) {
      const place = view.node.metadata.labels?.[topologyKey];
      if (place === undefined) continue;
      const own = view.pods.filter((other) => !isFinished(other) && !isTerminating(other));
      sizes.set(place, (sizes.get(place) ?? 0) + own.filter(counts).length);
    }
    const fewest = sizes.size < minDomains ? 0 : Math.min(...sizes.values());
    const skew = (sizes.get(domain) ?? 0) + (counts(pod) ? 1 : 0) - fewest;
    if (skew > maxSkew) return [{ text, isFinal: false }];
  }
  return [];
}
