// Fields that a schema does not know: found, named, and left out. Unknown fields of built-in kinds
// are lost in Go's structs, those of custom kinds are pruned; here both go the same way.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";

export type PruneOptions = {
  /** Built-in kinds: null means the same as absent. */
  readonly dropsNull: boolean;
  /** Called with the path of each unknown field, as `spec.containers[0].imag`. */
  readonly onUnknown: (path: string) => void;
};

/** Shares everything with `value` that stays as it is. Values of a wrong shape are let through. */
export function prune(schema: Schema, value: unknown, options: PruneOptions, path = ""): unknown {
  if (Array.isArray(value)) return pruneList(schema, value, options, path);
  if (isJsonObject(value)) return pruneObject(schema, value, options, path);
  return value;
}

function pruneList(
  schema: Schema,
  list: readonly unknown[],
  options: PruneOptions,
  path: string,
): unknown {
  const { items } = schema;
  if (!items) return list;
  let changed = false;
  const pruned = list.map((item, index) => {
    const next = prune(items, item, options, `${path}[${index}]`);
    if (next !== item) changed = true;
    return next;
  });
  return changed ? pruned : list;
}

function pruneObject(
  schema: Schema,
  object: Readonly<Record<string, unknown>>,
  options: PruneOptions,
  path: string,
): unknown {
  const { properties, additionalProperties } = schema;
  const keepsUnknown =
    schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties === true;
  const values = typeof additionalProperties === "object" ? additionalProperties : undefined;
  // A schema without fields of its own, such as `{}` or a scalar's, says nothing about objects.
  if (!properties && !values && schema.type !== "object") return object;
  let changed = false;
  const pruned: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const at = path === "" ? key : `${path}.${key}`;
    const known = properties && Object.hasOwn(properties, key) ? properties[key] : values;
    if (!known && !keepsUnknown) {
      options.onUnknown(at);
      changed = true;
      continue;
    }
    if (options.dropsNull && value === null && known) {
      changed = true;
      continue;
    }
    const next = known ? prune(known, value, options, at) : value;
    if (next !== value) changed = true;
    pruned[key] = next;
  }
  return changed ? pruned : object;
}
