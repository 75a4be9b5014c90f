// How long a pod may stay on a node with taints of the effect NoExecute. Pure; the loop stands in
// node-controller.ts.
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Node } from "../../resources/node.ts";
import type { Pod } from "../../resources/pod.ts";
import { tolerates } from "./taints.ts";

/** Milliseconds until the pod has to go: 0 is at once, undefined never. */
export function evictedInMs({ spec }: Pod, node: Node, nowMs: number): number | undefined {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
  const waits = taints.map((taint) => {
    const found = (spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (found.length === 0) return 0;
    const seconds = found.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
    if (seconds.length === 0) return Infinity;
    const sinceMs = parseTimestamp(taint.timeAdded ?? "") ?? nowMs;
    return Math.max(0, sinceMs + Math.max(0, Math.min(...seconds)) * 1000 - nowMs);
  });
  const shortest = Math.min(Infinity, ...waits);
  return shortest === Infinity ? undefined : shortest;
}
