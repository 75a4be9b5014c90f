// Whether a value fits a schema, with every misfit named in the words of Kubernetes' own validation
// of custom resources. Keys are looked up among the value's own, whatever they are called.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import { invalid, notSupported, required } from "../../resources/cause.ts";
import type { Cause } from "../../resources/cause.ts";
import type { Schema } from "../../resources/schema.ts";
import { hasFormat } from "./formats.ts";
import { goPattern } from "./go-pattern.ts";
import { patternMatches } from "./pattern-match.ts";

export type ValidateOptions = {
  /** Where the value stands; the causes' fields begin with it. */
  readonly path?: string;
  /**
   * What the value was before. What has not changed is not complained about, so that a schema that
   * has become stricter does not keep the rest of an object from being changed.
   */
  readonly old?: unknown;
};

export function validateSchema(
  schema: Schema,
  value: unknown,
  { path = "", old }: ValidateOptions = {},
): readonly Cause[] {
  const causes: Cause[] = [];
  check(schema, value, path, causes, old);
  return causes;
}

function check(schema: Schema, value: unknown, path: string, causes: Cause[], old?: unknown): void {
  const before = causes.length;
  checkAnew(schema, value, path, causes, old);
  if (causes.length > before && old !== undefined && jsonEqual(value, old)) causes.length = before;
}

function checkAnew(
  schema: Schema,
  value: unknown,
  path: string,
  causes: Cause[],
  old: unknown,
): void {
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
  else if (Array.isArray(value)) checkList(schema, value, path, causes, old);
  else if (isJsonObject(value)) checkObject(schema, value, path, causes, old);
  if (schema.allOf || schema.anyOf || schema.oneOf || schema.not)
    checkJunctors(schema, value, path, causes);
}

function checkObject(
  schema: Schema,
  object: Readonly<Record<string, unknown>>,
  path: string,
  causes: Cause[],
  old: unknown,
): void {
  const prefix = path === "" ? "" : `${path}.`;
  for (const key of schema.required ?? [])
    if (!Object.hasOwn(object, key) || object[key] === undefined)
      causes.push(required(prefix + key));
  if (schema["x-kubernetes-embedded-resource"] === true) checkEmbedded(object, prefix, causes);
  const { properties, additionalProperties, minProperties, maxProperties } = schema;
  if (minProperties !== undefined || maxProperties !== undefined)
    checkSize(schema, Object.keys(object).length, path, causes);
  if (!properties && typeof additionalProperties !== "object") return;
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    const property = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const known = property ?? additionalProperties;
    if (typeof known !== "object") continue;
    const before = isJsonObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
    check(known, value, prefix + key, causes, before);
  }
}

function checkSize(
  { minProperties, maxProperties }: Schema,
  size: number,
  path: string,
  causes: Cause[],
): void {
  if (minProperties !== undefined && size < minProperties)
    causes.push(
      invalid(path, size, `${at(path)} in body should have at least ${minProperties} properties`),
    );
  if (maxProperties !== undefined && size > maxProperties)
    causes.push(tooMany(path, size, maxProperties));
}

/** What is embedded is a Kubernetes object, so it must say which kind it is of. */
function checkEmbedded(
  object: Readonly<Record<string, unknown>>,
  prefix: string,
  causes: Cause[],
): void {
  for (const key of ["apiVersion", "kind"]) {
    const value = object[key];
    if (value === undefined || value === "")
      causes.push(required(prefix + key, "must not be empty"));
    else if (typeof value !== "string")
      causes.push(typeCause(prefix + key, "string", typeOf(value)));
  }
}

function checkList(
  schema: Schema,
  list: readonly unknown[],
  path: string,
  causes: Cause[],
  old: unknown,
): void {
  const { items, minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems)
    causes.push(
      invalid(path, list.length, `${at(path)} in body should have at least ${minItems} items`),
    );
  if (maxItems !== undefined && list.length > maxItems)
    causes.push(tooMany(path, list.length, maxItems));
  if (items) {
    const before = itemsByKey(schema, old);
    list.forEach((item, index) =>
      check(items, item, `${path}[${index}]`, causes, before?.get(itemKey(schema, item))),
    );
  }
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
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const value = listType === "map" ? keyFields(schema, item) : item;
    const text = canonicalText(value);
    if (seen.has(text))
      causes.push({
        reason: "FieldValueDuplicate",
        field: `${path}[${index}]`,
        message: `Duplicate value: ${JSON.stringify(value)}`,
      });
    seen.add(text);
  });
}

function keyFields(schema: Schema, item: unknown): unknown {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  return isJsonObject(item) ? Object.fromEntries(keys.map((key) => [key, item[key]])) : item;
}

/** What tells an item of a list of type map from the others. */
export function itemKey(schema: Schema, item: unknown): string {
  return canonicalText(keyFields(schema, item));
}

/** The items by their keys; undefined where the list's items have none. */
export function itemsByKey(
  schema: Schema,
  list: unknown,
): ReadonlyMap<string, unknown> | undefined {
  if (schema["x-kubernetes-list-type"] !== "map" || !Array.isArray(list)) return undefined;
  return new Map(list.map((item: unknown) => [itemKey(schema, item), item]));
}

/** The same for equal values, in whatever order their keys stand. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? "";
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalText(item)}`).join(",")}}`;
}

function checkText(schema: Schema, text: string, path: string, causes: Cause[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(text).length;
  if (minLength !== undefined && length < minLength)
    causes.push(
      invalid(path, text, `${at(path)} in body should be at least ${minLength} chars long`),
    );
  if (maxLength !== undefined && length > maxLength)
    causes.push({
      reason: "FieldValueInvalid",
      field: path,
      message: `Too long: may not be more than ${maxLength} bytes`,
    });
  if (pattern !== undefined && !matches(pattern, text))
    causes.push(invalid(path, text, `${at(path)} in body should match '${pattern}'`));
  if (format !== undefined && !hasFormat(format, text))
    causes.push({
      reason: "FieldValueTypeInvalid",
      field: path,
      message: `Invalid value: ${JSON.stringify(text)}: ${at(path)} in body must be of type ${format}: ${JSON.stringify(text)}`,
    });
}

/** A pattern that cannot be read is refused with its CRD; one in an old CRD is met by nothing. */
function matches(source: string, text: string): boolean {
  const pattern = goPattern(source);
  try {
    return pattern.kind === "pattern" && patternMatches(pattern, text);
  } catch {
    // It takes too long, and what cannot be told to match is refused.
    return false;
  }
}

function checkNumber(schema: Schema, value: number, path: string, causes: Cause[]): void {
  const { minimum, maximum, multipleOf, format } = schema;
  if (minimum !== undefined) {
    const exclusive = schema.exclusiveMinimum === true;
    if (exclusive ? value <= minimum : value < minimum)
      causes.push(
        invalid(
          path,
          value,
          `${at(path)} in body should be greater than ${exclusive ? "" : "or equal to "}${minimum}`,
        ),
      );
  }
  if (maximum !== undefined) {
    const exclusive = schema.exclusiveMaximum === true;
    if (exclusive ? value >= maximum : value > maximum)
      causes.push(
        invalid(
          path,
          value,
          `${at(path)} in body should be less than ${exclusive ? "" : "or equal to "}${maximum}`,
        ),
      );
  }
  if (multipleOf !== undefined && !isMultiple(value, multipleOf))
    causes.push(invalid(path, value, `${at(path)} in body should be a multiple of ${multipleOf}`));
  if (format === "int32" && (value < -2_147_483_648 || value > 2_147_483_647))
    causes.push(invalid(path, value, "Checked value must be of type integer with format int32"));
}

/** 0.3 is a multiple of 0.1, whatever floating point makes of it. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

/** Junctors add conditions; the types stand outside of them, in the structural part. */
function checkJunctors(schema: Schema, value: unknown, path: string, causes: Cause[]): void {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  for (const branch of allOf) check(branch, value, path, causes);
  if (anyOf.length > 0) {
    const failures = failuresOf(anyOf, value, path);
    if (failures.every((failure) => failure.length > 0)) {
      causes.push(composite(path, "must validate at least one schema (anyOf)"));
      causes.push(...fewest(failures));
    }
  }
  if (oneOf.length > 0) {
    const failures = failuresOf(oneOf, value, path);
    const valid = failures.filter((failure) => failure.length === 0).length;
    if (valid !== 1) {
      const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
      causes.push(composite(path, `must validate one and only one schema (oneOf). ${found}`));
      if (valid === 0) causes.push(...fewest(failures));
    }
  }
  if (not && failuresOf([not], value, path)[0]?.length === 0)
    causes.push(composite(path, "must not validate the schema (not)"));
}

function failuresOf(
  branches: readonly Schema[],
  value: unknown,
  path: string,
): readonly (readonly Cause[])[] {
  return branches.map((branch) => {
    const causes: Cause[] = [];
    check(branch, value, path, causes);
    return causes;
  });
}

/** What the nearest branch lacks, as upstream adds it. */
function fewest(failures: readonly (readonly Cause[])[]): readonly Cause[] {
  return failures.reduce((best, next) => (next.length < best.length ? next : best));
}

/** Upstream names no field here and prints `<nil>`; the sentence is the same. */
function composite(path: string, sentence: string): Cause {
  return invalid(path === "" ? "<nil>" : path, "", `${JSON.stringify(path)} ${sentence}`);
}

function tooMany(path: string, count: number, countMax: number): Cause {
  return {
    reason: "FieldValueInvalid",
    field: path,
    message: `Too many: ${count}: must have at most ${countMax} items`,
  };
}

function typeCause(path: string, expected: string, found: string): Cause {
  const sentence = `${at(path)} in body must be of type ${expected}: ${JSON.stringify(found)}`;
  return {
    reason: "FieldValueTypeInvalid",
    field: path,
    message: `Invalid value: ${JSON.stringify(found)}: ${sentence}`,
  };
}

/** The root has no path; sentences begin with a word all the same. */
function at(path: string): string {
  return path === "" ? "<nil>" : path;
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
