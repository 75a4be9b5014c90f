// placeholder, see next commit
import type { Cause } from "../resources/cause.ts";
import type { Schema } from "../resources/schema.ts";
export function applyDefaults(_schema: Schema, value: unknown): unknown {
  return value;
}
export function validateSchema(_schema: Schema, _value: unknown): readonly Cause[] {
  return [];
}
