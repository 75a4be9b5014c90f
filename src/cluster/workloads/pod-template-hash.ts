// The short hash that names a revision of a pod template: the middle of `web-58f9c58b85-l69f7`. Pure.
import { jsonEqual } from "../../lib/json.ts";
import type { PodTemplateSpec } from "../../resources/pod.ts";
import { nameHash } from "../../lib/name-hash.ts";

export const podTemplateHashLabel = "pod-template-hash";

/**
 * Up to ten letters. The value differs from what Kubernetes' own controller would give the same
 * template, as it does between releases of Kubernetes; only its form and its stability count.
 * `attempt` gives another hash to a template whose first one is taken.
 */
export function podTemplateHash(template: PodTemplateSpec, attempt = 0): string {
  return nameHash(canonicalJson(template) + (attempt === 0 ? "" : `#${attempt}`));
}

/** Whether two templates make the same pods: the hash label itself does not count. */
export function sameTemplate(left: PodTemplateSpec, right: PodTemplateSpec): boolean {
  return jsonEqual(withoutHash(left), withoutHash(right));
}

export function withHash(template: PodTemplateSpec, hash: string): PodTemplateSpec {
  const { metadata } = template;
  const labels = { ...metadata?.labels, [podTemplateHashLabel]: hash };
  return { ...template, metadata: { ...metadata, labels } };
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [podTemplateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** JSON with sorted keys, so that the order in which a client wrote the fields does not count. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
