// Namespace: the scope of names.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type Namespace = KubeObject & {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: "Active" | "Terminating" };
};

export const namespaceKind: Kind<Namespace> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  namespaced: false,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
