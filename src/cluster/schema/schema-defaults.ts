// Defaults of a schema, filled into what is there: an object that is absent stays absent unless it
// has a default of its own, as in Kubernetes.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";

/** Shares everything with `value` that stays as it is. */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  if (!hasDefaults(schema)) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return value;
    let changed = false;
    const filled = value.map((item: unknown) => {
      const next = applyDefaults(items, item);
      if (next !== item) changed = true;
      return next;
    });
    return changed ? filled : value;
  }
  return isJsonObject(value) ? fillObject(schema, value) : value;
}

function fillObject(schema: Schema, object: Readonly<Record<string, unknown>>): unknown {
  let changes: Map<string, unknown> | undefined;
  const { properties = {}, additionalProperties } = schema;
  for (const [key, property] of defaultsOf(schema)) {
    const old = Object.hasOwn(object, key) ? object[key] : undefined;
    const isMissing = old === undefined || (old === null && property.nullable !== true);
    const value = isMissing && property.default !== undefined ? property.default : old;
    const next = value === undefined ? undefined : applyDefaults(property, value);
    if (next !== old) (changes ??= new Map()).set(key, next);
  }
  if (typeof additionalProperties === "object" && hasDefaults(additionalProperties))
    for (const [key, old] of Object.entries(object)) {
      if (Object.hasOwn(properties, key)) continue;
      const next = applyDefaults(additionalProperties, old);
      if (next !== old) (changes ??= new Map()).set(key, next);
    }
  // Written as entries: an assignment to `__proto__` would be no field.
  return changes ? { ...object, ...Object.fromEntries(changes) } : object;
}

/** The properties that have something to fill in, and what is to be filled in below them. */
const filling = new WeakMap<Schema, readonly (readonly [string, Schema])[]>();
function defaultsOf(schema: Schema): readonly (readonly [string, Schema])[] {
  let found = filling.get(schema);
  if (!found) {
    found = Object.entries(schema.properties ?? {}).filter(
      ([, property]) => property.default !== undefined || hasDefaults(property),
    );
    filling.set(schema, found);
  }
  return found;
}

/** Most branches of most schemas have no default in them; those are not walked again. */
const known = new WeakMap<Schema, boolean>();
function hasDefaults(schema: Schema): boolean {
  let found = known.get(schema);
  if (found === undefined) {
    const { properties = {}, additionalProperties, items } = schema;
    found =
      Object.values(properties).some(
        (property) => property.default !== undefined || hasDefaults(property),
      ) ||
      (typeof additionalProperties === "object" && hasDefaults(additionalProperties)) ||
      (items !== undefined && hasDefaults(items));
    known.set(schema, found);
  }
  return found;
}
