// Whether an applied configuration fits the schema: server-side apply cannot give a field an owner
// that it does not know, so unknown fields are refused whatever `fieldValidation` says. The words are
// those of upstream's typed values.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { elementText } from "./field-set.ts";
import { fieldSchemaOf, objectShapeOf, shapeOf } from "./field-shape.ts";
import type { ItemsShape } from "./field-shape.ts";

/** Every misfit, as `.spec.replica: field not declared in schema`; empty when there is none. */
export function misfitsOf(schema: Schema, value: unknown): readonly string[] {
  return misfitsIn(schema, value).map(({ path, problem }) => `${path}: ${problem}`);
}

type Misfit = { readonly path: string; readonly problem: string };

/** Paths are put together on the way back, so that what fits costs none. */
function misfitsIn(schema: Schema, value: unknown): readonly Misfit[] {
  if (value === undefined || value === null) return none;
  const expected = typeProblem(schema, value);
  if (expected !== undefined) return [{ path: "", problem: expected }];
  if (Array.isArray(value)) return misfitsInList(schema, value);
  if (!isJsonObject(value)) return none;
  const shape = objectShapeOf(schema);
  let found: Misfit[] | undefined;
  for (const name of Object.keys(value)) {
    const known = fieldSchemaOf(shape, name);
    const misfits = known ? misfitsIn(known, value[name]) : undeclared;
    if (misfits.length > 0) (found ??= []).push(...below(`.${name}`, misfits));
  }
  return found ?? none;
}

const none: readonly Misfit[] = [];
const undeclared: readonly Misfit[] = [{ path: "", problem: "field not declared in schema" }];

function below(path: string, misfits: readonly Misfit[]): readonly Misfit[] {
  return misfits.map((misfit) => ({ ...misfit, path: path + misfit.path }));
}

function misfitsInList(schema: Schema, list: readonly unknown[]): readonly Misfit[] {
  const items = schema.items ?? {};
  const shape = shapeOf(schema, list);
  if (shape.kind !== "items")
    return list.flatMap((item, index) => below(`[${index}]`, misfitsIn(items, item)));
  const found: Misfit[] = [];
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const element = shape.elementOf(item);
    if (element === undefined) {
      const problem = `element ${index}: ${keyProblem(schema, shape, item)}`;
      found.push({ path: "", problem });
      continue;
    }
    if (seen.has(element)) {
      const problem = `duplicate entries for key ${elementText(element)}`;
      found.push({ path: "", problem });
    }
    seen.add(element);
    const misfits = misfitsIn(items, item);
    if (misfits.length > 0) found.push(...below(elementText(element), misfits));
  }
  return found;
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
