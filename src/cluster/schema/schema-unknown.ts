// Fields that a schema does not know: found, named, and left out. Unknown fields of built-in kinds
// are lost in Go's structs, those of custom kinds are pruned; here both go the same way.
import { isJsonObject } from "../../lib/json.ts";
import { objectMetaSchema } from "../../resources/object-meta-schema.ts";
import type { Schema } from "../../resources/schema.ts";
import { isKeyword, keywordsWithSchemas } from "./schema-keywords.ts";

export type PruneOptions = {
  /** Built-in kinds: null means the same as absent. Custom kinds say which fields may be null. */
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
  if (schema.holdsSchema === true) return pruneKeywords(object, options, path);
  const { properties, additionalProperties } = schema;
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const keepsUnknown =
    schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties === true;
  const values = typeof additionalProperties === "object" ? additionalProperties : undefined;
  // A schema without fields of its own, such as `{}` or a scalar's, says nothing about objects.
  if (!properties && !values && !isEmbedded && schema.type !== "object") return object;
  // What becomes of the keys that change; made when the first one does.
  let changes: Map<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    const value = object[key];
    const own = properties && Object.hasOwn(properties, key) ? properties[key] : values;
    const known = isEmbedded ? (embeddedSchema(key) ?? own) : own;
    if (!known) {
      if (keepsUnknown) continue;
      options.onUnknown(path === "" ? key : `${path}.${key}`);
      (changes ??= new Map()).set(key, undefined);
    } else if (value === null) {
      if (options.dropsNull || known.nullable !== true) (changes ??= new Map()).set(key, undefined);
    } else if (typeof value === "object") {
      const next = prune(known, value, options, path === "" ? key : `${path}.${key}`);
      if (next !== value) (changes ??= new Map()).set(key, next);
    }
  }
  return changes ? withChanges(object, changes) : object;
}

/** A schema of a CRD: it knows its keywords, and what is in those of them that hold schemas. */
function pruneKeywords(
  schema: Readonly<Record<string, unknown>>,
  options: PruneOptions,
  path: string,
): unknown {
  let changes: Map<string, unknown> | undefined;
  for (const [key, value] of Object.entries(schema)) {
    const at = `${path}.${key}`;
    if (!isKeyword(key)) {
      options.onUnknown(at);
      (changes ??= new Map()).set(key, undefined);
    } else if (value === null) {
      (changes ??= new Map()).set(key, undefined);
    } else if (Object.hasOwn(keywordsWithSchemas, key)) {
      const next = prune(keywordsWithSchemas[key] ?? {}, value, options, at);
      if (next !== value) (changes ??= new Map()).set(key, next);
    }
  }
  return changes ? withChanges(schema, changes) : schema;
}

/** Made of entries: an assignment to `__proto__` would be no field. */
function withChanges(
  object: Readonly<Record<string, unknown>>,
  changes: ReadonlyMap<string, unknown>,
): unknown {
  const kept = Object.entries(object).map(([key, value]): [string, unknown] => [
    key,
    changes.has(key) ? changes.get(key) : value,
  ]);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}

/** What an embedded object has besides what its schema says. */
function embeddedSchema(key: string): Schema | undefined {
  switch (key) {
    case "apiVersion":
    case "kind":
      return { type: "string" };
    case "metadata":
      return objectMetaSchema;
    default:
      return undefined;
  }
}
