// What the server itself fills in when an object of certain built-in kinds is created.
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Resource } from "../resource-catalog.ts";

/** Held until the objects of the kind are gone. */
export const customResourceFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export function withInitialState({ storageId }: Resource, object: KubeObject): KubeObject {
  switch (storageId) {
    case "namespaces":
      return withFields(object, {
        spec: { finalizers: ["kubernetes"] },
        status: { phase: "Active" },
      });
    case "pods":
      return withFields(object, { status: { phase: "Pending", ...(object as Pod).status } });
    case "customresourcedefinitions.apiextensions.k8s.io":
      return heldDefinition(object);
    default:
      return object;
  }
}

function withFields(object: KubeObject, fields: Readonly<Record<string, unknown>>): KubeObject {
  return { ...object, ...fields };
}

/** Its status is the business of those who serve it. */
function heldDefinition(definition: KubeObject): KubeObject {
  const { finalizers = [] } = definition.metadata;
  const others = finalizers.filter((name) => name !== customResourceFinalizer);
  return {
    ...definition,
    metadata: { ...definition.metadata, finalizers: [...others, customResourceFinalizer] },
  };
}
