// A schema of ours as readers of plain OpenAPI expect it: what may be a number or text says so in
// the standard words too.
import { isJsonObject } from "../../lib/json.ts";

export function expandIntOrString(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item: unknown) => expandIntOrString(item));
  if (!isJsonObject(schema)) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, expandIntOrString(value)]);
  const expanded = Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
  if (schema["x-kubernetes-int-or-string"] !== true) return expanded;
  return { ...expanded, format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] };
}
