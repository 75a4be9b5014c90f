// Whether a value fits a schema, with every misfit named in the words of Kubernetes' own validation
// of custom resources.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import { invalid, notSupported } from "../../resources/cause.ts";
import type { Cause } from "../../resources/cause.ts";
import type { Schema } from "../../resources/schema.ts";

export function validateSchema(schema: Schema, value: unknown): readonly Cause[] {
  const causes: Cause[] = [];
  check(schema, value, "", causes);
  return causes;
}

function check(schema: Schema, value: unknown, path: string, causes: Cause[]): void {
  if (value === null && schema.nullable === true) return;
  const found = typeOf(value);
  if (!fitsType(schema, value, found)) {
    causes.push(typeCause(path, expectedType(schema), found));
    return;
  }
  if (schema.enum && !schema.enum.some((allowed) => jsonEqual(allowed, value)))
    causes.push(notSupported(path, value, schema.enum.map(String)));
  if (typeof value === "string") checkText(schema, value, path, causes);
  else if (typeof value === "number") checkNumber(schema, value, path, causes);
  else if (Array.isArray(value)) checkList(schema, value, path, causes);
  else if (isJsonObject(value)) checkObject(schema, value, path, causes);
}

function checkObject(
  schema: Schema,
  object: Readonly<Record<string, unknown>>,
  path: string,
  causes: Cause[],
): void {
  const prefix = path === "" ? "" : `${path}.`;
  for (const key of schema.required ?? [])
    if (object[key] === undefined)
      causes.push({
        reason: "FieldValueRequired",
        field: prefix + key,
        message: "Required value",
      });
  const { properties, additionalProperties } = schema;
  if (!properties && typeof additionalProperties !== "object") return;
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const property = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property) check(property, value, prefix + key, causes);
    else if (typeof additionalProperties === "object")
      check(additionalProperties, value, prefix + key, causes);
  }
}

function checkList(schema: Schema, list: readonly unknown[], path: string, causes: Cause[]): void {
  const { items, minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems)
    causes.push(
      invalid(path, list.length, `${path} in body should have at least ${minItems} items`),
    );
  if (maxItems !== undefined && list.length > maxItems)
    causes.push({
      reason: "FieldValueInvalid",
      field: path,
      message: `Too many: ${list.length}: must have at most ${maxItems} items`,
    });
  if (items) list.forEach((item, index) => check(items, item, `${path}[${index}]`, causes));
  checkUnique(schema, list, path, causes);
}

/** Sets hold each value once, and maps each combination of keys. */
function checkUnique(
  schema: Schema,
  list: readonly unknown[],
  path: string,
  causes: Cause[],
): void {
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== "set" && listType !== "map") return;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const identity = (item: unknown): unknown =>
    listType === "map" && isJsonObject(item)
      ? Object.fromEntries(keys.map((key) => [key, item[key]]))
      : item;
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const text = JSON.stringify(identity(item)) ?? "";
    if (seen.has(text))
      causes.push({
        reason: "FieldValueDuplicate",
        field: `${path}[${index}]`,
        message: `Duplicate value: ${text}`,
      });
    seen.add(text);
  });
}

function checkText(schema: Schema, text: string, path: string, causes: Cause[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(text).length;
  if (minLength !== undefined && length < minLength)
    causes.push(invalid(path, text, `${path} in body should be at least ${minLength} chars long`));
  if (maxLength !== undefined && length > maxLength)
    causes.push({
      reason: "FieldValueInvalid",
      field: path,
      message: `Too long: may not be more than ${maxLength} bytes`,
    });
  if (pattern !== undefined && !patternOf(pattern).test(text))
    causes.push(invalid(path, text, `${path} in body should match '${pattern}'`));
  if (format === "date-time" && parseTimestamp(text) === undefined)
    causes.push(
      invalid(path, text, `${path} in body must be of type date-time: ${JSON.stringify(text)}`),
    );
}

function checkNumber(schema: Schema, value: number, path: string, causes: Cause[]): void {
  const { minimum, maximum } = schema;
  if (minimum !== undefined && value < minimum)
    causes.push(
      invalid(path, value, `${path} in body should be greater than or equal to ${minimum}`),
    );
  if (maximum !== undefined && value > maximum)
    causes.push(invalid(path, value, `${path} in body should be less than or equal to ${maximum}`));
}

function typeCause(path: string, expected: string, found: string): Cause {
  const sentence = `${path} in body must be of type ${expected}: ${JSON.stringify(found)}`;
  return {
    reason: "FieldValueTypeInvalid",
    field: path,
    message: `Invalid value: ${JSON.stringify(found)}: ${sentence}`,
  };
}

type FoundType = "object" | "array" | "string" | "integer" | "number" | "boolean" | "null";

export function typeOf(value: unknown): FoundType {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return "object";
}

/** A quantity may be a fraction too; other values of two types are whole numbers or text. */
export function fitsType(schema: Schema, value: unknown, found = typeOf(value)): boolean {
  if (schema["x-kubernetes-int-or-string"] === true)
    return (
      found === "string" ||
      found === "integer" ||
      (found === "number" && schema.format === "quantity")
    );
  if (schema.type === undefined) return true;
  return found === schema.type || (schema.type === "number" && found === "integer");
}

function expectedType(schema: Schema): string {
  return schema["x-kubernetes-int-or-string"] === true ? "integer,string" : (schema.type ?? "any");
}

const patterns = new Map<string, RegExp>();
function patternOf(source: string): RegExp {
  let pattern = patterns.get(source);
  if (!pattern) patterns.set(source, (pattern = compile(source)));
  return pattern;
}

/** CRDs have Go's dialect; what this one cannot read is not checked, rather than always failed. */
function compile(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch {
    try {
      return new RegExp(source);
    } catch {
      return /^/;
    }
  }
}
