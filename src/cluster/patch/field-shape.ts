// How a value falls into fields that can have owners of their own, by its schema: an object into its
// keys, a list into items that are told apart by keys or by value, or not at all (scalars, and what
// the schema calls atomic).
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { valueElement } from "./field-set.ts";

export type Shape = { readonly kind: "leaf" } | ObjectShape | ItemsShape;

export type ObjectShape = {
  readonly kind: "object";
  readonly fields: Readonly<Record<string, Schema>>;
  /** The schema of keys that are no fields; undefined when there may be none. */
  readonly values: Schema | undefined;
};

export type ItemsShape = {
  readonly kind: "items";
  readonly items: Schema;
  /** The item's place in a field set; undefined when it cannot be told apart from others. */
  readonly elementOf: (item: unknown) => string | undefined;
};

const leafShape: Shape = { kind: "leaf" };
const anything: Schema = {};
/** What no schema describes: objects fall into keys, lists are atomic. */
const unknownObject: ObjectShape = { kind: "object", fields: {}, values: anything };

/** The shape of `value`, which matters only where the schema says nothing about its type. */
export function shapeOf(schema: Schema, value: unknown): Shape {
  const known = shapeBySchema(schema);
  if (known) return known;
  return isJsonObject(value) ? unknownObject : leafShape;
}

export function fieldSchemaOf(shape: ObjectShape, name: string): Schema | undefined {
  return isNamedField(shape, name) ? shape.fields[name] : shape.values;
}

/** Whether the key is a field of the schema, not an entry of a map. */
export function isNamedField({ fields }: ObjectShape, name: string): boolean {
  return Object.hasOwn(fields, name);
}

const shapes = new WeakMap<Schema, { readonly shape: Shape | undefined }>();

function shapeBySchema(schema: Schema): Shape | undefined {
  let found = shapes.get(schema);
  if (!found) {
    found = { shape: computeShape(schema) };
    shapes.set(schema, found);
  }
  return found.shape;
}

function computeShape(schema: Schema): Shape | undefined {
  const { type, properties, items } = schema;
  if (schema["x-kubernetes-int-or-string"]) return leafShape;
  if (type === "array") return listShape(schema, items ?? anything);
  if (type === undefined && properties === undefined) return undefined;
  if (type !== undefined && type !== "object") return leafShape;
  return schema["x-kubernetes-map-type"] === "atomic" ? leafShape : objectShapeOf(schema);
}

/** What may be in an object, whether its fields have owners of their own or not. */
export function objectShapeOf(schema: Schema): ObjectShape {
  const { type, properties, additionalProperties } = schema;
  if (type === undefined && properties === undefined) return unknownObject;
  const keepsUnknown =
    schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties === true;
  const ofValues = typeof additionalProperties === "object" ? additionalProperties : undefined;
  const values = ofValues ?? (keepsUnknown ? anything : undefined);
  return { kind: "object", fields: properties ?? {}, values };
}

function listShape(schema: Schema, items: Schema): Shape {
  const type = schema["x-kubernetes-list-type"];
  if (type === "set") return { kind: "items", items, elementOf: scalarElement };
  if (type !== "map") return leafShape;
  return { kind: "items", items, elementOf: keyedElementOf(schema, items) };
}

/** What `keyElement` gives, with as much of it as possible made beforehand: every write asks for many. */
function keyedElementOf(schema: Schema, items: Schema): ItemsShape["elementOf"] {
  const keys = [...(schema["x-kubernetes-list-map-keys"] ?? [])].sort().map((key, index) => ({
    key,
    head: `${index === 0 ? "k:{" : ","}${JSON.stringify(key)}:`,
    // A key that the item leaves out counts as its default: `protocol` is TCP.
    fallback: items.properties?.[key]?.default,
  }));
  return (item) => {
    if (!isJsonObject(item)) return undefined;
    let text = "";
    for (const { key, head, fallback } of keys) {
      const value = (Object.hasOwn(item, key) ? item[key] : undefined) ?? fallback;
      if (value === undefined) return undefined;
      text += head + JSON.stringify(value);
    }
    return `${text}}`;
  };
}

function scalarElement(item: unknown): string | undefined {
  return item === null || typeof item === "object" ? undefined : valueElement(item);
}
