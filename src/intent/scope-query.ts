// Narrows a query to one service's own pods. Every other vLLM in the same Prometheus has series of
// the same name, and a service must not be scaled by them.
import { mapSelectors } from "../promql/ast.ts";
import type { Expr, VectorSelector } from "../promql/ast.ts";
import type { LabelMatcher } from "../metrics/matcher.ts";

/** On an InferenceService, "off" leaves its queries as they are written. */
export const queryScopeAnnotation = "dunlin.dev/query-scope";

export type Scope = { readonly namespace: string; readonly deployment: string };

export type ScopedQuery = {
  readonly expr: Expr;
  /** How many selectors were narrowed, and those that say themselves whom they mean. */
  readonly narrowed: number;
  readonly kept: readonly VectorSelector[];
};

/**
 * Adds `namespace` and `pod` matchers to every selector that has no matcher of its own on a label
 * that tells pods, services or namespaces apart. Only narrowing inside aggregations helps: their
 * results have no such labels.
 */
export function scopeQuery(expr: Expr, scope: Scope): ScopedQuery {
  const kept: VectorSelector[] = [];
  let narrowed = 0;
  const own: readonly LabelMatcher[] = [
    { label: "namespace", op: "=", value: scope.namespace },
    { label: "pod", op: "=~", value: podPattern(scope.deployment) },
  ];
  const scoped = mapSelectors(expr, (selector) => {
    if (selector.matchers.some(({ label }) => identityLabels.has(label))) {
      kept.push(selector);
      return selector;
    }
    narrowed++;
    return { ...selector, matchers: [...selector.matchers, ...own] };
  });
  return { expr: scoped, narrowed, kept };
}

const identityLabels = new Set([
  "pod",
  "pod_name",
  "kubernetes_pod_name",
  "exported_pod",
  "namespace",
  "kubernetes_namespace",
  "exported_namespace",
  "instance",
  "service",
  "deployment",
  "app",
]);

/** Kubernetes cuts what stands before the five random letters of a name to this length. */
const generatedBaseMax = 58;
/** The longest hash of a pod template, in the name of its ReplicaSet. */
const templateHashMax = 10;

/**
 * The names of a Deployment's pods: `name-TEMPLATEHASH-xxxxx`, anchored as PromQL anchors. In long
 * names the hash is cut, and the dash after it may be lost.
 */
function podPattern(deployment: string): string {
  return deployment.length + templateHashMax + 2 > generatedBaseMax
    ? `${deployment}-[a-z0-9]+(-[a-z0-9]{5})?`
    : `${deployment}-[a-z0-9]+-[a-z0-9]{5}`;
}
