// Namespace: the scope of names.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { conditionsSchema } from "./object-meta-schema.ts";
import type { Condition, KubeObject } from "./object.ts";
import { described, list, object, string } from "./schema.ts";

export type Namespace = KubeObject & {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: {
    readonly phase?: "Active" | "Terminating";
    /** Only while it empties: what of it is left, and what holds that. */
    readonly conditions?: readonly Condition[];
  };
};

/** The label by which namespace selectors name one namespace. */
const namespaceNameLabel = "kubernetes.io/metadata.name";

export const namespaceKind: Kind<Namespace> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  namespaced: false,
  shortNames: ["ns"],
  schema: described(
    "The scope of names.",
    object({
      spec: object({ finalizers: list(string) }),
      status: object({ phase: string, conditions: conditionsSchema }),
    }),
  ),
  subresources: { status: true },
  columns: [nameColumn, column("Status", "Active, or Terminating while it empties."), ageColumn],
  cells: ({ metadata, status }, nowMs) => [
    metadata.name,
    status?.phase ?? "Active",
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  withDefaults: (namespace) => ({
    ...namespace,
    metadata: {
      ...namespace.metadata,
      labels: { ...namespace.metadata.labels, [namespaceNameLabel]: namespace.metadata.name },
    },
    spec: { finalizers: ["kubernetes"], ...namespace.spec },
    status: { phase: "Active", ...namespace.status },
  }),
};
