// CustomResourceDefinition: how a cluster is taught a kind. Ours are generated from the kinds'
// descriptions, here.
import { nameColumn } from "./columns.ts";
import type { Column, Kind, ScalePaths } from "./kind.ts";
import { customResourceDefinitionSchema } from "./custom-resource-definition-schema.ts";
import {
  validateDefinition,
  validateDefinitionStatus,
} from "./custom-resource-definition-validation.ts";
import { apiVersionOf } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { Schema } from "./schema.ts";

export type CustomResourceVersion = {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  /** What clients of a deprecated version are told; absent for a sentence of the server's own. */
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: Schema };
  readonly subresources?: {
    readonly status?: Readonly<Record<string, never>>;
    readonly scale?: ScalePaths;
  };
  readonly additionalPrinterColumns?: readonly Column[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
};

export type CustomResourceNames = {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
};

export type CustomResourceDefinition = KubeObject & {
  readonly spec: {
    readonly group: string;
    readonly names: CustomResourceNames;
    readonly scope: "Namespaced" | "Cluster";
    readonly versions: readonly CustomResourceVersion[];
    readonly conversion?: { readonly strategy: string; readonly webhook?: unknown };
    readonly preserveUnknownFields?: boolean;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly acceptedNames?: CustomResourceNames;
    readonly storedVersions?: readonly string[];
  };
};

/** The definition that teaches a cluster one of our kinds; its status is left to the server. */
export function crdOf(kind: Kind): CustomResourceDefinition {
  const { group, version, plural, singular, shortNames, categories, subresources } = kind;
  return {
    apiVersion: apiVersionOf(customResourceDefinitionKind),
    kind: customResourceDefinitionKind.kind,
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        plural,
        singular,
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        ...(shortNames && { shortNames }),
        ...(categories && { categories }),
      },
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: structural(kind.schema) },
          subresources: {
            ...(subresources?.status && { status: {} }),
            ...(subresources?.scale && { scale: subresources.scale }),
          },
          additionalPrinterColumns: kind.columns,
        },
      ],
    },
  };
}

const quantityPattern =
  "^[+-]?([0-9]+|[0-9]+\\.[0-9]*|\\.[0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?$";

/**
 * The schema as a CRD may have it: without the directions for strategic merge patches, which are for
 * built-in kinds only, and with quantities spelled out.
 */
function structural(schema: Schema): Schema {
  const {
    "x-kubernetes-patch-strategy": _strategy,
    "x-kubernetes-patch-merge-key": _mergeKey,
    format,
    properties,
    items,
    additionalProperties,
    ...rest
  } = schema;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, structural(field)]);
  return {
    ...rest,
    ...(format === "quantity" ? { pattern: quantityPattern } : format && { format }),
    ...(properties && { properties: Object.fromEntries(fields) }),
    ...(items && { items: structural(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === "boolean"
          ? additionalProperties
          : structural(additionalProperties),
    }),
  };
}

export const customResourceDefinitionKind: Kind<CustomResourceDefinition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  namespaced: false,
  shortNames: ["crd", "crds"],
  schema: customResourceDefinitionSchema,
  subresources: { status: true },
  columns: [
    nameColumn,
    { name: "Created At", type: "date", description: "When the definition was stored." },
  ],
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp ?? null],
  withDefaults: (definition) => ({
    ...definition,
    spec: {
      conversion: { strategy: "None" },
      ...definition.spec,
      names: {
        singular: definition.spec.names.kind.toLowerCase(),
        listKind: `${definition.spec.names.kind}List`,
        ...definition.spec.names,
      },
    },
    ...(definition.status && { status: withStoredVersion(definition) }),
  }),
  validate: validateDefinition,
  validateStatus: validateDefinitionStatus,
};

/** Objects may from now on be stored in the storage version; in which ones they were is kept. */
function withStoredVersion({ spec, status }: CustomResourceDefinition) {
  const stored = status?.storedVersions ?? [];
  const storage = spec.versions.find((version) => version.storage)?.name;
  if (storage === undefined || stored.includes(storage)) return status;
  return { ...status, storedVersions: [...stored, storage] };
}
