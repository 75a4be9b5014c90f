// ConfigMap: configuration as text.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import { invalid, type Cause } from "./cause.ts";
import { validateData, validateImmutable } from "./config-data-validation.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { base64, boolean, described, map, object, string } from "./schema.ts";

export type ConfigMap = KubeObject & {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
};

export const configMapKind: Kind<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  namespaced: true,
  shortNames: ["cm"],
  schema: described(
    "Configuration as text, for pods to read.",
    object({ data: map(string), binaryData: map(base64), immutable: boolean }),
  ),
  columns: [nameColumn, column("Data", "How many keys it holds."), ageColumn],
  cells: ({ metadata, data = {}, binaryData = {} }, nowMs) => [
    metadata.name,
    `${Object.keys(data).length + Object.keys(binaryData).length}`,
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  validate: validateConfigMap,
};

function validateConfigMap(configMap: ConfigMap, old: ConfigMap | undefined): readonly Cause[] {
  const { data, binaryData } = configMap;
  const encoder = new TextEncoder();
  const inBoth = Object.keys(binaryData ?? {}).filter((key) => Object.hasOwn(data ?? {}, key));
  return [
    ...validateData({ data, binaryData }, (value) => encoder.encode(value).length),
    ...inBoth.map((key) => invalid(`data[${key}]`, key, "duplicate of key present in binaryData")),
    ...validateImmutable(configMap, old, ["data", "binaryData"]),
  ];
}
