// What the server itself fills in when an object of certain built-in kinds is created.
import type { CustomResourceDefinition } from "../../resources/custom-resource-definition.ts";
import { nameConditions } from "./definition-names.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Resource } from "../resource-catalog.ts";

/** Held until the objects of the kind are gone. */
export const customResourceFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export function withInitialState(
  { storageId }: Resource,
  object: KubeObject,
  now: string,
): KubeObject {
  switch (storageId) {
    case "namespaces":
      return withFields(object, {
        spec: { finalizers: ["kubernetes"] },
        status: { phase: "Active" },
      });
    case "pods":
      return withFields(object, { status: { phase: "Pending", ...(object as Pod).status } });
    case "customresourcedefinitions.apiextensions.k8s.io":
      return acceptedDefinition(object as CustomResourceDefinition, now);
    default:
      return object;
  }
}

function withFields(object: KubeObject, fields: Readonly<Record<string, unknown>>): KubeObject {
  return { ...object, ...fields };
}

/** Nothing has to be waited for: the kind is served as soon as its definition is stored. */
function acceptedDefinition(
  definition: CustomResourceDefinition,
  now: string,
): CustomResourceDefinition {
  const { names, versions } = definition.spec;
  const finalizers = definition.metadata.finalizers ?? [];
  return {
    ...definition,
    metadata: {
      ...definition.metadata,
      finalizers: [
        ...finalizers.filter((name) => name !== customResourceFinalizer),
        customResourceFinalizer,
      ],
    },
    status: {
      conditions: nameConditions(undefined, now),
      acceptedNames: names,
      storedVersions: versions.filter(({ storage }) => storage).map(({ name }) => name),
    },
  };
}
