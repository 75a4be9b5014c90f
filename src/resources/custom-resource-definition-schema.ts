// The schema of a CustomResourceDefinition. The schemas inside of it are taken as they are.
import { observedConditionsSchema } from "./object-meta-schema.ts";
import {
  type Schema,
  anyObject,
  boolean,
  described,
  int32,
  int64,
  list,
  object,
  oneOf,
  string,
} from "./schema.ts";

const names = object(
  {
    plural: string,
    singular: string,
    kind: string,
    listKind: string,
    shortNames: list(string),
    categories: list(string),
  },
  "plural",
  "kind",
);

const printerColumn = object(
  {
    name: string,
    type: string,
    description: string,
    format: string,
    priority: int32,
    jsonPath: string,
  },
  "name",
  "type",
  "jsonPath",
);

const version = object(
  {
    name: string,
    served: boolean,
    storage: boolean,
    deprecated: boolean,
    deprecationWarning: string,
    schema: object({ openAPIV3Schema: { ...anyObject, holdsSchema: true } }),
    subresources: object({
      status: anyObject,
      scale: object(
        { specReplicasPath: string, statusReplicasPath: string, labelSelectorPath: string },
        "specReplicasPath",
        "statusReplicasPath",
      ),
    }),
    additionalPrinterColumns: list(printerColumn),
    selectableFields: list(object({ jsonPath: string }, "jsonPath")),
  },
  "name",
  "served",
  "storage",
);

const spec = object(
  {
    group: string,
    names,
    scope: oneOf("Namespaced", "Cluster"),
    versions: list(version),
    conversion: object({ strategy: string, webhook: anyObject }, "strategy"),
    preserveUnknownFields: boolean,
  },
  "group",
  "names",
  "scope",
  "versions",
);

const status = object({
  conditions: observedConditionsSchema,
  acceptedNames: names,
  storedVersions: list(string),
  observedGeneration: int64,
});

export const customResourceDefinitionSchema: Schema = described(
  "How a cluster is taught a kind.",
  object({ spec, status }, "spec"),
);
