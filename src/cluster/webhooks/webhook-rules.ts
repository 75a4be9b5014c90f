// Which webhooks want to see a request: their rules, their scope and their two selectors, as plain
// functions of the configuration and the request.
import type { LabelSelector } from "../../resources/object.ts";
import type { WebhookRule } from "../../resources/webhook-configuration.ts";
import { matchesSelector, selectorOf } from "../../resources/selector.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
type Labels = Readonly<Record<string, string>>;

/** What of a request rules look at. */
export type Attributes = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Absent for the object itself. */
  readonly subresource: string | undefined;
  readonly operation: Operation;
  readonly isNamespaced: boolean;
};

export function ruleMatches(rule: WebhookRule, request: Attributes): boolean {
  const { group, version, operation, isNamespaced } = request;
  const scope = rule.scope ?? "*";
  return (
    (scope === "*" || (scope === "Namespaced") === isNamespaced) &&
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, group) &&
    includes(rule.apiVersions, version) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, request))
  );
}

/** Patterns are `pods`, `pods/status` or with `*` for either half; without a slash no subresource is meant. */
function resourceMatches(pattern: string, { plural, subresource = "" }: Attributes): boolean {
  const [resource = "", sub = ""] = pattern.split("/", 2);
  return (resource === "*" || resource === plural) && (sub === "*" || sub === subresource);
}

function includes(values: readonly string[] | undefined, value: string): boolean {
  return values?.some((one) => one === "*" || one === value) ?? false;
}

export function selects(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  return selector === undefined || matchesSelector(selectorOf(selector), labels ?? {});
}

/** Either state of the object will do; an empty selector also matches what has no metadata at all. */
export function selectsObject(
  selector: LabelSelector | undefined,
  object: object | undefined,
  oldObject: object | undefined,
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return true;
  return [object, oldObject].some(
    (one) => one !== undefined && "metadata" in one && selects(selector, labelsOf(one)),
  );
}

function labelsOf(object: object): Labels | undefined {
  const { metadata } = object as { readonly metadata?: { readonly labels?: Labels } };
  return metadata?.labels;
}
