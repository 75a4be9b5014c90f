// Two requests that are made of a pod as subresources: Binding puts it on a node, Eviction deletes it
// for whoever empties one. Both are answered with a Status.
import { isJsonObject } from "../../lib/json.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { ApiProblem, badRequest, type Status } from "../api-status.ts";
import { deleteOptionsOf } from "./delete-options.ts";
import type { DeleteOptions } from "./deletion.ts";

/** The pod on the node that the Binding names. Throws 400 for what is no Binding, 409 if it has one. */
export function boundPod(object: KubeObject, binding: unknown): Pod {
  // What is stored as a pod was checked to be one.
  const pod = object as Pod;
  const { name } = pod.metadata;
  const { kind = "Node", name: nodeName } = fieldsOf(binding, "target");
  namedAlike(name, binding, "Binding");
  if (kind !== "Node" || typeof nodeName !== "string" || nodeName === "")
    throw badRequest("target: a Binding must name a Node: target.kind is Node, target.name is set");
  if (pod.metadata.deletionTimestamp !== undefined)
    throw bindingConflict(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName)
    throw bindingConflict(name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  return { ...pod, spec: { ...pod.spec, nodeName } };
}

/** What an Eviction says of the deletion. No disruption budget stands against it: none is served. */
export function evictionOptions(
  podName: string,
  eviction: unknown,
  query: URLSearchParams,
): DeleteOptions {
  namedAlike(podName, eviction, "Eviction");
  const given = isJsonObject(eviction) ? eviction["deleteOptions"] : undefined;
  return deleteOptionsOf(given ?? undefined, query);
}

export const createdStatus: Status = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  code: 201,
};

function namedAlike(podName: string, body: unknown, kind: string): void {
  const { name } = fieldsOf(body, "metadata");
  if (name !== undefined && name !== "" && name !== podName)
    throw badRequest(`name in URL does not match name in ${kind} object`);
}

function fieldsOf(body: unknown, field: string): Readonly<Record<string, unknown>> {
  if (!isJsonObject(body)) throw badRequest("the body of the request is not an object");
  const value = body[field];
  return isJsonObject(value) ? value : {};
}

function bindingConflict(name: string, why: string): ApiProblem {
  const message = `Operation cannot be fulfilled on pods/binding "${name}": ${why}`;
  return new ApiProblem(409, "Conflict", message, { name, kind: "pods/binding" });
}
