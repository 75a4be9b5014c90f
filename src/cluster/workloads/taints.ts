// Taints of nodes and what pods tolerate. Pure.
import type { Node, Taint } from "../../resources/node.ts";
import type { Pod, Toleration } from "../../resources/pod.ts";

/** What a cordoned node has, and who tolerates it may run there all the same. */
export const unschedulableTaint: Taint = {
  key: "node.kubernetes.io/unschedulable",
  effect: "NoSchedule",
};

/** Those that keep new pods away; PreferNoSchedule only asks for another node. */
export function schedulingTaints({ spec }: Node): readonly Taint[] {
  return (spec?.taints ?? []).filter(({ effect }) => effect !== "PreferNoSchedule");
}

export function isTolerated({ spec }: Pod, taint: Taint): boolean {
  return (spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint));
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = "", operator = "Equal", value = "", effect = "" } = toleration;
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  return operator === "Exists" || value === (taint.value ?? "");
}
