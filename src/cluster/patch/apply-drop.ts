// The second half of server-side apply on values: what its manager applied before, and leaves out now,
// goes, unless somebody else wants it.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { fieldElement, isMember } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldSchemaOf, isNamedField, shapeOf } from "./field-shape.ts";
import type { ObjectShape } from "./field-shape.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The value without the fields in `last` that are in none of `kept`. A field of the schema that has
 * only others in it (`spec.strategy`) goes as soon as nobody wants any of those. Shares with `value`
 * whatever stays as it is.
 */
export function withoutDropped(
  schema: Schema,
  value: unknown,
  last: FieldSet,
  kept: readonly FieldSet[],
): unknown {
  const shape = shapeOf(schema, value);
  if (shape.kind === "object" && isJsonObject(value))
    return objectWithout(shape, value, last, kept);
  if (shape.kind !== "items" || !Array.isArray(value)) return value;
  const list: readonly unknown[] = value;
  const rest = list
    .map((item) => {
      const element = shape.elementOf(item);
      return element === undefined ? item : itemWithout(shape.items, item, element, last, kept);
    })
    .filter((item) => item !== undefined);
  const isSame = rest.length === list.length && rest.every((item, index) => item === list[index]);
  return isSame ? value : rest;
}

function objectWithout(
  shape: ObjectShape,
  object: Fields,
  last: FieldSet,
  kept: readonly FieldSet[],
): Fields {
  let changed = false;
  const rest = Object.entries(object).flatMap(([name, old]) => {
    const isNamed = isNamedField(shape, name);
    const fieldSchema = fieldSchemaOf(shape, name) ?? {};
    const next = itemWithout(fieldSchema, old, fieldElement(name), last, kept, isNamed);
    if (next !== old) changed = true;
    return next === undefined ? [] : [[name, next] as const];
  });
  return changed ? Object.fromEntries(rest) : object;
}

/** Undefined when it goes. */
function itemWithout(
  schema: Schema,
  value: unknown,
  element: string,
  last: FieldSet,
  kept: readonly FieldSet[],
  isNamed = false,
): unknown {
  const before = last[element];
  if (before === undefined) return value;
  const wanted = kept.map((set) => set[element]).filter((node) => node !== undefined);
  const isWanted = wanted.some(isMember);
  if (isNamed ? wanted.length === 0 : isMember(before) && !isWanted) return undefined;
  const next = withoutDropped(schema, value, before, wanted);
  // Nobody asked for an empty shell.
  return next !== value && !isWanted && isShell(next) ? undefined : next;
}

function isShell(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length === 0
    : isJsonObject(value) && Object.keys(value).length === 0;
}
