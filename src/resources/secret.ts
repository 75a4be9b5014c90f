// Secret: configuration that is not printed. `data` is base64.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

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
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
