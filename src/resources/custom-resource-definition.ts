// CustomResourceDefinition: how a cluster is taught a kind. Ours are generated from the kinds'
// descriptions, here.
import type { Column, Kind, ScalePaths } from "./kind.ts";
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
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly acceptedNames?: CustomResourceNames;
    readonly storedVersions?: readonly string[];
  };
};

export const customResourceDefinitionKind: Kind<CustomResourceDefinition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  namespaced: false,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
