// Secret: configuration that is not printed. `data` is base64.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { base64, boolean, map, object, string } from "./schema.ts";

export type Secret = KubeObject & {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
};

export const secretKind: Kind<Secret> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  singular: "secret",
  namespaced: true,
  schema: object({
    type: string,
    data: map(base64),
    stringData: map(string),
    immutable: boolean,
  }),
  columns: [
    nameColumn,
    column("Type", "What the keys are for."),
    column("Data", "How many keys it holds."),
    ageColumn,
  ],
  cells: ({ metadata, type, data = {} }, nowMs) => [
    metadata.name,
    type ?? "Opaque",
    `${Object.keys(data).length}`,
    ageCell(metadata.creationTimestamp, nowMs),
  ],
};
