// The keywords that a CRD's schema may use, and the JSON that each of them takes. Whoever walks a
// schema that passed this check need not ask again what a keyword holds.
import { isJsonObject } from "../../lib/json.ts";
import { forbidden, type Cause } from "../../resources/cause.ts";
import { anyObject, type Schema } from "../../resources/schema.ts";

/** Deeper than any schema that people write, and shallow enough for every walk over it. */
const depthMax = 100;

type Shape =
  | "text"
  | "number"
  | "count"
  | "flag"
  | "any"
  | "texts"
  | "list"
  | "schema"
  | "schemas"
  | "fields";

const shapes: Readonly<Record<string, Shape>> = {
  $ref: "text",
  $schema: "text",
  additionalItems: "any",
  additionalProperties: "any",
  allOf: "schemas",
  anyOf: "schemas",
  default: "any",
  definitions: "any",
  dependencies: "any",
  description: "text",
  enum: "list",
  example: "any",
  exclusiveMaximum: "flag",
  exclusiveMinimum: "flag",
  externalDocs: "any",
  format: "text",
  id: "text",
  items: "any",
  maximum: "number",
  maxItems: "count",
  maxLength: "count",
  maxProperties: "count",
  minimum: "number",
  minItems: "count",
  minLength: "count",
  minProperties: "count",
  multipleOf: "number",
  not: "schema",
  nullable: "flag",
  oneOf: "schemas",
  pattern: "text",
  patternProperties: "any",
  properties: "fields",
  required: "texts",
  title: "text",
  type: "text",
  uniqueItems: "flag",
  "x-kubernetes-embedded-resource": "flag",
  "x-kubernetes-int-or-string": "flag",
  "x-kubernetes-list-map-keys": "texts",
  "x-kubernetes-list-type": "text",
  "x-kubernetes-map-type": "text",
  "x-kubernetes-preserve-unknown-fields": "flag",
  "x-kubernetes-validations": "list",
};

export function isKeyword(key: string): boolean {
  return Object.hasOwn(shapes, key);
}

const inner: Schema = { ...anyObject, holdsSchema: true };
const innerList: Schema = { type: "array", items: inner };

/** The keywords in which other schemas stand, and how. */
export const keywordsWithSchemas: Readonly<Record<string, Schema>> = {
  additionalProperties: inner,
  allOf: innerList,
  anyOf: innerList,
  items: inner,
  not: inner,
  oneOf: innerList,
  properties: { type: "object", additionalProperties: inner },
};

const plainTypes: Readonly<Record<Shape, Schema>> = {
  any: anyObject,
  text: { type: "string" },
  number: { type: "number" },
  count: { type: "integer", format: "int64" },
  flag: { type: "boolean" },
  texts: { type: "array", items: { type: "string" } },
  list: { type: "array", items: anyObject },
  schema: inner,
  schemas: innerList,
  fields: { type: "object", additionalProperties: inner },
};

/** Each keyword with the schema of its value. */
export function keywordSchemas(): Readonly<Record<string, Schema>> {
  const entries = Object.entries(shapes).map(([key, shape]) => [
    key,
    keywordsWithSchemas[key] ?? plainTypes[shape],
  ]);
  return Object.fromEntries(entries) as Readonly<Record<string, Schema>>;
}

/** What is no schema at all, at any depth; `field` is where the schema stands in its definition. */
export function keywordProblems(schema: unknown, field: string, depth = 0): readonly Cause[] {
  if (!isJsonObject(schema)) return [misshapen(field, "schema")];
  if (depth > depthMax)
    return [forbidden(field, `schemas must not be nested deeper than ${depthMax} levels`)];
  return Object.entries(schema).flatMap(([key, value]) => {
    const at = `${field}.${key}`;
    const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined;
    if (shape === undefined) return [forbidden(at, "unknown field")];
    if (!fits(shape, value)) return [misshapen(at, shape)];
    return innerProblems(key, shape, value, at, depth + 1);
  });
}

function innerProblems(
  key: string,
  shape: Shape,
  value: unknown,
  at: string,
  depth: number,
): readonly Cause[] {
  if (shape === "schema") return keywordProblems(value, at, depth);
  if (shape === "schemas" && Array.isArray(value))
    return value.flatMap((item, index) => keywordProblems(item, `${at}[${index}]`, depth));
  if (shape === "fields" && isJsonObject(value))
    return Object.entries(value).flatMap(([name, item]) =>
      keywordProblems(item, `${at}[${name}]`, depth),
    );
  // Lists of schemas and booleans are refused later, in Kubernetes' words.
  if ((key === "items" || key === "additionalProperties") && isJsonObject(value))
    return keywordProblems(value, at, depth);
  if (key === "additionalProperties" && typeof value !== "boolean")
    return [misshapen(at, "schema")];
  if (key === "items" && !Array.isArray(value)) return [misshapen(at, "schema")];
  return [];
}

function fits(shape: Shape, value: unknown): boolean {
  switch (shape) {
    case "any":
      return true;
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "count":
      return Number.isInteger(value);
    case "flag":
      return typeof value === "boolean";
    case "texts":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "list":
    case "schemas":
      return Array.isArray(value);
    case "schema":
    case "fields":
      return isJsonObject(value);
  }
}

const shapeNames: Readonly<Record<Shape, string>> = {
  any: "any",
  text: "string",
  number: "number",
  count: "integer",
  flag: "boolean",
  texts: "array of strings",
  list: "array",
  schemas: "array of schemas",
  schema: "object",
  fields: "object",
};

function misshapen(field: string, shape: Shape): Cause {
  return {
    reason: "FieldValueTypeInvalid",
    field,
    message: `Invalid value: ${field} in body must be of type ${shapeNames[shape]}`,
  };
}
