// Secret: configuration that is not printed. `data` is base64.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import { immutable, invalid, required, type Cause } from "./cause.ts";
import { validateData, validateImmutable } from "./config-data-validation.ts";
import { filled } from "./filled.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { base64, boolean, described, map, object, string } from "./schema.ts";

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
  schema: described(
    "Configuration that is not printed; its data is base64.",
    object({
      type: string,
      data: map(base64),
      stringData: map(string),
      immutable: boolean,
    }),
  ),
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
  withDefaults: secretWithDefaults,
  validate: validateSecret,
};

/** `stringData` is only ever written: it becomes part of `data`, and wins over it. */
function secretWithDefaults({ stringData, ...secret }: Secret): Secret {
  const encoded = Object.entries(stringData ?? {}).map(([key, text]) => [key, toBase64(text)]);
  const data = stringData ? { ...secret.data, ...Object.fromEntries(encoded) } : secret.data;
  return { ...filled({ type: "Opaque" }, secret), ...(data && { data }) };
}

/** The keys that each of Kubernetes' own secret types must have. */
const keysOfType: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

/** Types of which the data must be JSON, under this key. */
const jsonOfType: Readonly<Record<string, string | undefined>> = {
  "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
  "kubernetes.io/dockercfg": ".dockercfg",
};

function validateType({ type = "Opaque", data = {}, metadata }: Secret): readonly Cause[] {
  const accountAnnotation = "kubernetes.io/service-account.name";
  if (type === "kubernetes.io/service-account-token")
    return metadata.annotations?.[accountAnnotation]
      ? []
      : [required(`metadata.annotations[${accountAnnotation}]`)];
  if (type === "kubernetes.io/basic-auth")
    return data["username"] !== undefined || data["password"] !== undefined
      ? []
      : [required("data[username]"), required("data[password]")];
  const missing = (keysOfType[type] ?? []).filter((key) => !Object.hasOwn(data, key));
  if (missing.length > 0) return missing.map((key) => required(`data[${key}]`));
  const key = jsonOfType[type];
  if (key === undefined || isJson(data[key] ?? "")) return [];
  return [invalid(`data[${key}]`, "<secret contents redacted>", "invalid JSON")];
}

function isJson(base64Text: string): boolean {
  try {
    const bytes = Uint8Array.from(atob(base64Text), (letter) => letter.charCodeAt(0));
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function validateSecret(secret: Secret, old: Secret | undefined): readonly Cause[] {
  const { type = "Opaque", data = {} } = secret;
  return [
    ...Object.entries(data)
      .filter(([, value]) => !isBase64(value))
      .map(([key]) => invalid(`data[${key}]`, "<secret>", "illegal base64 data")),
    ...validateData({ data }, (value) => (value.length * 3) / 4),
    ...validateType(secret),
    ...(old && (old.type ?? "Opaque") !== type ? [immutable("type", type)] : []),
    ...validateImmutable(secret, old, ["data"]),
  ];
}

function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
