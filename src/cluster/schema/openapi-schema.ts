// A schema of ours as readers of plain OpenAPI expect it: what may be a number or text says so in
// the standard words too, and a CRD's schema refers to the description of all schemas.
import { isJsonObject } from "../../lib/json.ts";
import { keywordSchemas } from "./schema-keywords.ts";

const propsName = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/** Refers to `schemaProps` where a value holds a schema. */
export function plainOpenApi(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item: unknown) => plainOpenApi(item));
  if (!isJsonObject(schema)) return schema;
  if (schema["holdsSchema"] === true)
    return {
      description: "The schema of the kind's objects.",
      allOf: [{ $ref: `#/components/schemas/${propsName}` }],
    };
  const entries = Object.entries(schema).map(([key, value]) => [key, plainOpenApi(value)]);
  const plain = Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
  if (schema["x-kubernetes-int-or-string"] !== true) return plain;
  return { ...plain, format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] };
}

/** The description of all schemas, by its name. */
export function schemaProps(): Readonly<Record<string, unknown>> {
  return { [propsName]: plainOpenApi({ type: "object", properties: keywordSchemas() }) };
}
