// The selectors of list and watch requests, from their text to a test of objects. The languages are
// those of src/resources; which fields of a kind can be asked for is the server's own rule.
import { matchesFieldSelector, parseFieldSelector } from "../../resources/field-selector.ts";
import type { KubeObject } from "../../resources/object.ts";
import { matchesSelector, parseLabelSelector } from "../../resources/selector.ts";
import { badRequest } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";

export type Matcher = (object: KubeObject) => boolean;

/** Throws 400 for what is no selector, or for a field that objects of this kind are not found by. */
export function matcherOf(
  selectors: { readonly labelSelector: string | null; readonly fieldSelector: string | null },
  resource: Resource,
): Matcher {
  const tests: Matcher[] = [];
  if (selectors.labelSelector) tests.push(labelMatcher(selectors.labelSelector));
  if (selectors.fieldSelector) tests.push(fieldMatcher(selectors.fieldSelector, resource));
  return (object) => tests.every((matches) => matches(object));
}

/** The same lists as upstream's; a definition names those of its kind. Other fields are refused. */
const commonFields = ["metadata.name", "metadata.namespace"];
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  events: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
  secrets: ["type"],
  services: ["spec.clusterIP", "spec.type"],
  "replicasets.apps": ["status.replicas"],
};

function labelMatcher(text: string): Matcher {
  const parsed = parseLabelSelector(text);
  if (parsed.kind === "malformed") throw badRequest(parsed.message);
  return (object) => matchesSelector(parsed.selector, object.metadata.labels);
}

function fieldMatcher(text: string, resource: Resource): Matcher {
  const parsed = parseFieldSelector(text);
  if (parsed.kind === "malformed") throw badRequest(parsed.message);
  const own = fieldsOf[resource.storageId] ?? resource.kind.selectableFields ?? [];
  for (const { path } of parsed.selector)
    if (![...commonFields, ...own].includes(path))
      throw badRequest(unsupportedField(path, resource, own));
  const selector = parsed.selector.map((requirement) =>
    requirement.path === "source" ? { ...requirement, path: "source.component" } : requirement,
  );
  return (object) => matchesFieldSelector(selector, object);
}

/** Upstream has two sentences for it. The first is for built-in kinds without fields of their own. */
function unsupportedField(path: string, { custom }: Resource, own: readonly string[]): string {
  if (custom || own.length > 0) return `field label not supported: ${path}`;
  const known = commonFields.map((field) => JSON.stringify(field)).join(", ");
  return `${JSON.stringify(path)} is not a known field selector: only ${known}`;
}
