// Whether an applied configuration fits the schema: server-side apply cannot give a field an owner
// that it does not know, so unknown fields are refused whatever `fieldValidation` says. The words are
// those of upstream's typed values.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { elementText } from "./field-set.ts";
import { fieldSchemaOf, objectShapeOf, shapeOf } from "./field-shape.ts";
import type { ItemsShape } from "./field-shape.ts";

/** Every misfit, as `.spec.replica: field not declared in schema`; empty when there is none. */
export function misfitsOf(schema: Schema, value: unknown, path = ""): readonly string[] {
  if (value === undefined || value === null) return [];
  const expected = typeProblem(schema, value);
  if (expected !== undefined) return [`${path}: ${expected}`];
  if (Array.isArray(value)) return misfitsOfList(schema, value, path);
  if (!isJsonObject(value)) return [];
  const shape = objectShapeOf(schema);
  return Object.entries(value).flatMap(([name, field]) => {
    const known = fieldSchemaOf(shape, name);
    const at = `${path}.${name}`;
    return known ? misfitsOf(known, field, at) : [`${at}: field not declared in schema`];
  });
}

function misfitsOfList(schema: Schema, list: readonly unknown[], path: string): readonly string[] {
  const items = schema.items ?? {};
  const shape = shapeOf(schema, list);
  if (shape.kind !== "items")
    return list.flatMap((item, index) => misfitsOf(items, item, `${path}[${index}]`));
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const element = shape.elementOf(item);
    if (element === undefined)
      return [`${path}: element ${index}: ${keyProblem(schema, shape, item)}`];
    const text = elementText(element);
    const repeated = seen.has(element) ? [`${path}: duplicate entries for key ${text}`] : [];
    seen.add(element);
    return [...repeated, ...misfitsOf(items, item, path + text)];
  });
}

/** Why an item has no place in a list whose items have owners of their own. */
function keyProblem(schema: Schema, { items }: ItemsShape, item: unknown): string {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys === undefined) return "associative list without keys has an element that's no scalar";
  if (item === null) return "associative list with keys may not have a null element";
  if (!isJsonObject(item)) return "associative list with keys may not have non-map elements";
  const missing = keys.find(
    (key) =>
      (!Object.hasOwn(item, key) || item[key] === null) &&
      items.properties?.[key]?.default === undefined,
  );
  return `associative list with keys has an element that omits key field "${missing ?? ""}" (and doesn't have default value)`;
}

function typeProblem(schema: Schema, value: unknown): string | undefined {
  if (schema["x-kubernetes-int-or-string"]) return undefined;
  switch (schema.type) {
    case "object":
      return isJsonObject(value) ? undefined : `expected map, got ${textOf(value)}`;
    case "array":
      return Array.isArray(value) ? undefined : `expected list, got ${textOf(value)}`;
    case "string":
      return typeof value === "string" ? undefined : `expected string, got ${textOf(value)}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got ${textOf(value)}`;
    case "integer":
    case "number":
      return typeof value === "number"
        ? undefined
        : `expected numeric (int or float), got ${textOf(value)}`;
    case undefined:
      return undefined;
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value).slice(0, 100);
}
