// ServiceAccount: the identity of pods. Nothing is authorised by it here; clients expect it.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type ServiceAccount = KubeObject & {
  readonly secrets?: readonly { readonly name?: string }[];
};

export const serviceAccountKind: Kind<ServiceAccount> = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  singular: "serviceaccount",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
