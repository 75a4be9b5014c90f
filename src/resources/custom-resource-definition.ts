// CustomResourceDefinition: how a cluster is taught a kind. Ours are generated from the kinds'
// descriptions, here.
import { immutable, invalid, required, type Cause } from "./cause.ts";
import { nameColumn } from "./columns.ts";
import type { Column, Kind, ScalePaths } from "./kind.ts";
import { customResourceDefinitionSchema } from "./custom-resource-definition-schema.ts";
import { apiVersionOf } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { Schema } from "./schema.ts";

export type CustomResourceVersion = {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema?: { readonly openAPIV3Schema?: Schema };
  readonly subresources?: {
    readonly status?: Readonly<Record<string, never>>;
    readonly scale?: ScalePaths;
  };
  readonly additionalPrinterColumns?: readonly Column[];
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
    readonly conversion?: { readonly strategy: string };
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
  }),
  validate: validateDefinition,
};

function validateDefinition(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly Cause[] {
  const causes: Cause[] = [];
  if (metadata.name !== `${spec.names.plural}.${spec.group}`)
    causes.push(
      invalid("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group'),
    );
  const stored = spec.versions.filter(({ storage }) => storage);
  if (stored.length !== 1)
    causes.push(
      invalid(
        "spec.versions",
        spec.versions.map(({ name }) => name),
        "must have exactly one version marked as storage version",
      ),
    );
  for (const [index, { schema }] of spec.versions.entries())
    if (!schema?.openAPIV3Schema)
      causes.push(
        required(`spec.versions[${index}].schema.openAPIV3Schema`, "schemas are required"),
      );
  if (old && old.spec.scope !== spec.scope) causes.push(immutable("spec.scope", spec.scope));
  if (old && old.spec.names.kind !== spec.names.kind)
    causes.push(immutable("spec.names.kind", spec.names.kind));
  return causes;
}
