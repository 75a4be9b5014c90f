// Reads how targets (and discovery) are asked over HTTP: basic_auth, authorization, bearer_token,
// tls_config, follow_redirects. Certificates are read here and now; other secrets at each request.
import type { YamlFields, YamlReader, YamlValue } from "../lib/yaml-reader.ts";
import { optional } from "./config-values.ts";
import type { Authorization, HttpSettings, Secret, TlsSettings } from "./scrape-job.ts";

export const httpFields = [
  "basic_auth",
  "authorization",
  "bearer_token",
  "bearer_token_file",
  "follow_redirects",
  "tls_config",
];

/** What Prometheus has beyond that, and what to do instead. */
export const refusedHttpFields: Readonly<Record<string, string>> = {
  oauth2: "is not supported; authorization takes a token, also from a file",
  proxy_url: "is not supported; targets are asked directly",
  no_proxy: "is not supported; targets are asked directly",
  proxy_from_environment: "is not supported; targets are asked directly",
  proxy_connect_header: "is not supported; targets are asked directly",
  http_headers: "is not supported; authorization and basic_auth are",
  enable_http2: "is not supported; targets are asked over HTTP/1.1, leave it out",
};

export type Files = {
  /** The absolute path of one that the configuration names. */
  resolve(path: string): string;
  /** Throws an Error with the reason. */
  read(path: string): string;
};

export function httpSettingsOf(
  reader: YamlReader,
  fields: YamlFields,
  files: Files,
  defaults: HttpSettings,
): HttpSettings {
  const followRedirects = optional(fields, "follow_redirects", (each) => reader.boolean(each));
  const authorization = authorizationOf(reader, fields, files);
  const tls = optional(fields, "tls_config", (each) => tlsOf(reader, each, files));
  return {
    ...defaults,
    ...(followRedirects !== undefined && { followRedirects }),
    ...(authorization && { authorization }),
    ...(tls && { tls }),
  };
}

function authorizationOf(
  reader: YamlReader,
  fields: YamlFields,
  files: Files,
): Authorization | undefined {
  const names = ["basic_auth", "authorization", "bearer_token", "bearer_token_file"];
  const [first, second] = names.filter((name) => fields.has(name));
  if (second !== undefined)
    reader.complain(fields.get(second), `at most one of ${names.join(", ")} must be configured`);
  if (first === undefined) return undefined;
  if (first === "basic_auth") return basicOf(reader, fields.get(first), files);
  if (first === "authorization") return credentialsOf(reader, fields.get(first), files);
  const credentials = secretOf(reader, fields, "bearer_token", files);
  return credentials && { kind: "credentials", type: "Bearer", credentials };
}

function basicOf(reader: YamlReader, value: YamlValue, files: Files): Authorization | undefined {
  const known = ["username", "username_file", "password", "password_file"];
  const fields = reader.fields(value, known);
  if (!fields) return undefined;
  const username = secretOf(reader, fields, "username", files) ?? { text: "" };
  const password = secretOf(reader, fields, "password", files) ?? { text: "" };
  return { kind: "basic", username, password };
}

function credentialsOf(
  reader: YamlReader,
  value: YamlValue,
  files: Files,
): Authorization | undefined {
  const fields = reader.fields(value, ["type", "credentials", "credentials_file"]);
  if (!fields) return undefined;
  const type = optional(fields, "type", (each) => reader.text(each)) ?? "Bearer";
  if (type.toLowerCase() === "basic")
    reader.complain(fields.get("type"), 'cannot be "basic"; use basic_auth');
  const credentials = secretOf(reader, fields, "credentials", files);
  if (!credentials) reader.complain(value, "needs credentials or credentials_file");
  return credentials && { kind: "credentials", type, credentials };
}

/** `name` itself, or `name_file`, but not both. */
function secretOf(
  reader: YamlReader,
  fields: YamlFields,
  name: string,
  files: Files,
): Secret | undefined {
  const fileField = `${name}_file`;
  if (fields.has(name) && fields.has(fileField))
    reader.complain(
      fields.get(fileField),
      `at most one of ${name} & ${fileField} must be configured`,
    );
  const file = optional(fields, fileField, (each) => reader.text(each));
  if (file !== undefined) return { file: files.resolve(file) };
  const text = optional(fields, name, (each) => reader.text(each, { mayBeEmpty: true }));
  return text === undefined ? undefined : { text };
}

function tlsOf(reader: YamlReader, value: YamlValue, files: Files): TlsSettings | undefined {
  const pems = ["ca", "cert", "key"] as const;
  const known = [
    ...pems.flatMap((pem) => [pem, `${pem}_file`]),
    "server_name",
    "insecure_skip_verify",
  ];
  const fields = reader.fields(value, known);
  if (!fields) return undefined;
  const pemOf = (name: (typeof pems)[number]): string | undefined => {
    const secret = secretOf(reader, fields, name, files);
    if (!secret || "text" in secret) return secret?.text;
    try {
      return files.read(secret.file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reader.complain(fields.get(`${name}_file`), `cannot be read: ${reason}`);
      return undefined;
    }
  };
  const [ca, cert, key] = pems.map(pemOf);
  if ((cert === undefined) !== (key === undefined))
    reader.complain(value, "exactly one of key or cert is given; both are needed, or none");
  const serverName = optional(fields, "server_name", (each) => reader.text(each));
  const skip = optional(fields, "insecure_skip_verify", (each) => reader.boolean(each));
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
    ...(skip !== undefined && { insecureSkipVerify: skip }),
  };
}
