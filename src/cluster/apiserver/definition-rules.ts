// The CEL rules of a definition's schema. Most schemas have none, so the language is loaded only when
// the first one has: it would cost every start a quarter of a second.
import { createRequire } from "node:module";
import type { Cause } from "../../resources/cause.ts";
import type { Schema } from "../../resources/schema.ts";

type Cel = typeof import("../cel/schema-rules.ts");
type SchemaRules = ReturnType<Cel["compileRules"]>;

// Kinds are served in the moment in which their definition is stored, so it cannot be waited for.
const require = createRequire(import.meta.url);
let loaded: Cel | undefined;

function cel(): Cel {
  loaded ??= require("../cel/schema-rules.ts") as Cel;
  return loaded;
}

/** A definition that stays as it is keeps its rules. */
const compiled = new WeakMap<Schema, SchemaRules>();

/** Undefined where a schema has no rules. Those with mistakes in them are left out. */
export function rulesOf(schema: Schema): SchemaRules | undefined {
  if (!hasRules(schema)) return undefined;
  let rules = compiled.get(schema);
  if (!rules) compiled.set(schema, (rules = cel().compileRules(schema, "")));
  return rules;
}

/** The mistakes in the rules of a structural schema; `field` is where it stands. */
export function ruleProblems(schema: Schema, field: string): readonly Cause[] {
  return hasRules(schema) ? cel().compileRules(schema, field).problems : [];
}

function hasRules(schema: Schema): boolean {
  const { properties = {}, items, additionalProperties } = schema;
  return (
    schema["x-kubernetes-validations"] !== undefined ||
    Object.values(properties).some(hasRules) ||
    (items !== undefined && hasRules(items)) ||
    (typeof additionalProperties === "object" && hasRules(additionalProperties))
  );
}
