// ServiceAccount: the identity of pods. Nothing is authorised by it here; clients expect it.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { localReferenceSchema, objectReferenceSchema } from "./object-meta-schema.ts";
import type { KubeObject } from "./object.ts";
import { boolean, described, list, mapList, object } from "./schema.ts";

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
  shortNames: ["sa"],
  schema: described(
    "The identity of pods.",
    object({
      secrets: mapList(objectReferenceSchema, "name"),
      imagePullSecrets: list(localReferenceSchema),
      automountServiceAccountToken: boolean,
    }),
  ),
  columns: [nameColumn, column("Secrets", "How many secrets it names."), ageColumn],
  cells: ({ metadata, secrets }, nowMs) => [
    metadata.name,
    `${secrets?.length ?? 0}`,
    ageCell(metadata.creationTimestamp, nowMs),
  ],
};
