// What Deployments and ReplicaSets have in common: a selector that must find the template's pods.
import { jsonEqual } from "../lib/json.ts";
import { immutable, invalid, negative, type Cause } from "./cause.ts";
import { validateSelector } from "./metadata-validation.ts";
import type { LabelSelector } from "./object.ts";
import { validateTemplate } from "./pod-validation.ts";
import type { PodTemplateSpec } from "./pod.ts";
import { matchesSelector, selectorOf } from "./selector.ts";

type WorkloadSpec = {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
};

/** `kindName` in lower case stands in the complaint about an empty selector. */
export function validateWorkload(
  spec: WorkloadSpec,
  old: WorkloadSpec | undefined,
  kindName: string,
): readonly Cause[] {
  return [
    ...negative("spec.replicas", spec.replicas),
    ...negative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateSelector(spec.selector, "spec.selector"),
    ...validateMatch(spec, kindName),
    ...validateTemplate(spec.template, "spec.template"),
    ...(old && !jsonEqual(old.selector, spec.selector)
      ? [immutable("spec.selector", spec.selector)]
      : []),
  ];
}

function validateMatch({ selector, template }: WorkloadSpec, kindName: string): readonly Cause[] {
  const requirements = selectorOf(selector);
  if (requirements.length === 0)
    return [invalid("spec.selector", selector, `empty selector is invalid for ${kindName}`)];
  const labels = template.metadata?.labels ?? {};
  if (matchesSelector(requirements, labels)) return [];
  return [
    invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"),
  ];
}
