// The types that CEL rules see: made from a structural schema, with the values of objects converted
// as a rule reaches for them. Fields that the schema does not describe are not there for rules.
import { parse, type Environment } from "@marcbachmann/cel-js";
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";

/** A type by the name under which the environment knows it, and how a JSON value becomes one of it. */
export type CelType = { readonly name: string; readonly convert: (value: unknown) => unknown };

/** Any object of a type that a schema describes. Its class tells the library which type it is. */
class ObjectValue extends Map<string, unknown> {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly #fields: ReadonlyMap<string, Field>;

  constructor(raw: Readonly<Record<string, unknown>>, fields: ReadonlyMap<string, Field>) {
    super();
    this.raw = raw;
    this.#fields = fields;
  }

  /** The field of this name, as rules write it; converted once. */
  override get(name: string): unknown {
    if (this.has(name)) return super.get(name);
    const field = this.#fields.get(name);
    const value = field && Object.hasOwn(this.raw, field.key) ? this.raw[field.key] : undefined;
    if (!field || value === undefined || (value === null && !field.nullable)) return undefined;
    const converted = value === null ? null : field.type.convert(value);
    this.set(name, converted);
    return converted;
  }
}

/** The library's class of durations can be had through an expression only. */
const parseDuration = parse("duration(text)");

type Field = { readonly key: string; readonly nullable: boolean; readonly type: CelType };

/** Makes the types of one definition; each schema becomes one type, however often it is asked for. */
export class SchemaTypes {
  readonly #environment: Environment;
  readonly #nameOf: (key: string) => string | undefined;
  readonly #known = new Map<Schema, CelType | undefined>();

  /** `nameOf` is how expressions write the name of a field; custom resources escape some. */
  constructor(environment: Environment, nameOf: (key: string) => string | undefined = escapedName) {
    this.#environment = environment;
    this.#nameOf = nameOf;
  }

  /** Undefined where the schema says too little for a rule to use the value. */
  typeOf(schema: Schema, path: string): CelType | undefined {
    if (this.#known.has(schema)) return this.#known.get(schema);
    const type = this.#make(schema, path);
    this.#known.set(schema, type);
    return type;
  }

  #make(schema: Schema, path: string): CelType | undefined {
    if (schema["x-kubernetes-int-or-string"] === true) return { name: "dyn", convert: looseNumber };
    switch (schema.type) {
      case "boolean":
        return { name: "bool", convert: unchanged };
      case "integer":
        return { name: "int", convert: (value) => BigInt(Math.trunc(Number(value))) };
      case "number":
        return { name: "double", convert: unchanged };
      case "string":
        return textType(schema.format);
      case "array":
        return this.#listType(schema, path);
      case "object":
        return typeof schema.additionalProperties === "object"
          ? this.#mapType(schema.additionalProperties, path)
          : this.#objectType(schema, path);
      case undefined:
        return undefined;
    }
  }

  #listType({ items }: Schema, path: string): CelType | undefined {
    const item = items && this.typeOf(items, `${path}.items`);
    if (!items || !item) return undefined;
    return {
      name: `list<${elementName(items, item)}>`,
      convert: (list) =>
        Array.isArray(list) ? list.map((value: unknown) => orNull(item, value)) : [],
    };
  }

  #mapType(values: Schema, path: string): CelType | undefined {
    const type = this.typeOf(values, `${path}.values`);
    if (!type) return undefined;
    return {
      name: `map<string, ${elementName(values, type)}>`,
      convert: (map) =>
        new Map(
          Object.entries(isJsonObject(map) ? map : {}).map(([key, value]) => [
            key,
            orNull(type, value),
          ]),
        ),
    };
  }

  #objectType(schema: Schema, path: string): CelType {
    const embedded = schema["x-kubernetes-embedded-resource"] === true ? embeddedProperties : {};
    const fields = new Map<string, Field>();
    const names: Record<string, string> = {};
    for (const [key, property] of Object.entries({ ...schema.properties, ...embedded })) {
      const name = this.#nameOf(key);
      const type = name === undefined ? undefined : this.typeOf(property, `${path}.${name}`);
      if (name === undefined || !type) continue;
      fields.set(name, { key, nullable: property.nullable === true, type });
      names[name] = elementName(property, type);
    }
    // One class for each type: by it the library finds the type of a value.
    const ctor = class extends ObjectValue {};
    this.#environment.registerType(path, { ctor, fields: names });
    this.#environment.registerOperator(`${path} == ${path}`, equalValues);
    return {
      name: path,
      convert: (value) => new ctor(isJsonObject(value) ? value : {}, fields),
    };
  }
}

function textType(format: string | undefined): CelType {
  switch (format) {
    case "byte":
      return { name: "bytes", convert: (value) => Buffer.from(String(value), "base64") };
    case "date":
    case "date-time":
      return { name: "google.protobuf.Timestamp", convert: (value) => new Date(String(value)) };
    case "duration":
      return {
        name: "google.protobuf.Duration",
        convert: (value) => parseDuration({ text: String(value) }) as unknown,
      };
    case undefined:
    default:
      return { name: "string", convert: unchanged };
  }
}

const text: Schema = { type: "string" };
/** What rules may see of an object's own metadata. */
const visibleMetadata: Schema = {
  type: "object",
  properties: { name: text, generateName: text },
};
const embeddedProperties: Readonly<Record<string, Schema>> = {
  apiVersion: text,
  kind: text,
  metadata: visibleMetadata,
};

/** The root of a custom object, as its rules see it; names may have rules of their own. */
export function rootSchema(schema: Schema): Schema {
  const { metadata, ...properties } = schema.properties ?? {};
  const named = { ...visibleMetadata.properties, ...metadata?.properties };
  return {
    ...schema,
    properties: {
      ...properties,
      ...embeddedProperties,
      metadata: { ...visibleMetadata, ...metadata, properties: named },
    },
  };
}

/** Null has no type of its own in CEL, so what may be null may be anything. */
function elementName({ nullable }: Schema, { name }: CelType): string {
  return nullable === true ? "dyn" : name;
}

function orNull({ convert }: CelType, value: unknown): unknown {
  return value === null ? null : convert(value);
}

function unchanged(value: unknown): unknown {
  return value;
}

function looseNumber(value: unknown): unknown {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
}

/** The words that CEL keeps for itself. */
const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** A field's name as rules must write it; undefined when no rule can. */
export function escapedName(key: string): string | undefined {
  if (reserved.has(key)) return `__${key}__`;
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(key)) return undefined;
  return key
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}

/** Equality as `==` in CEL, for values of any type. */
export function equalValues(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left instanceof ObjectValue && right instanceof ObjectValue)
    return jsonEqual(left.raw, right.raw);
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, at) => equalValues(item, right[at]));
  if (left instanceof Map && right instanceof Map)
    return (
      left.size === right.size &&
      [...left].every(([key, item]) => right.has(key) && equalValues(item, right.get(key)))
    );
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (typeof left === "bigint" && typeof right === "number") return Number(left) === right;
  if (typeof left === "number" && typeof right === "bigint") return left === Number(right);
  return false;
}
