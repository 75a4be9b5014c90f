// Whether the schema of a CRD is structural: every value has a type, and what junctors (allOf, anyOf,
// oneOf, not) say only adds conditions. Kubernetes takes no other schemas, since only of these it can
// prune, default and explain; the words are its own.
import { isJsonObject } from "../../lib/json.ts";
import { duplicates, forbidden, invalid, notSupported, required } from "../../resources/cause.ts";
import type { Cause } from "../../resources/cause.ts";
import type { Schema } from "../../resources/schema.ts";
import { goPattern } from "./go-pattern.ts";
import { applyDefaults } from "./schema-defaults.ts";
import { keywordProblems } from "./schema-keywords.ts";
import { prune } from "./schema-unknown.ts";
import { validateSchema } from "./schema-validate.ts";

/** `field` is where the schema stands: `spec.versions[0].schema.openAPIV3Schema`. */
export function structuralProblems(schema: unknown, field: string): readonly Cause[] {
  const misshapen = keywordProblems(schema, field);
  if (misshapen.length > 0) return misshapen;
  const root = schema as Schema;
  const causes = [...nodeProblems(root, field, "root")];
  // A default is checked against its schema, which must be sound for that.
  return causes.length > 0 ? causes : defaultProblems(root, field);
}

type Position = "root" | "field" | "item";

const types = ["array", "boolean", "integer", "number", "object", "string"];

function nodeProblems(schema: Schema, field: string, position: Position): readonly Cause[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    ...typeProblems(schema, field, position),
    ...forbiddenKeywords(schema, field),
    ...patternProblems(schema, field),
    ...extensionProblems(schema, field),
    ...listProblems(schema, field),
    ...metadataProblems(schema, field, position),
    ...junctorProblems(schema, schema, field, field),
    ...Object.entries(properties).flatMap(([name, property]) =>
      nodeProblems(property, `${field}.properties[${name}]`, "field"),
    ),
    ...(isJsonObject(items) ? nodeProblems(items, `${field}.items`, "item") : []),
    ...(typeof additionalProperties === "object"
      ? nodeProblems(additionalProperties, `${field}.additionalProperties`, "field")
      : []),
  ];
}

const missingType: Readonly<Record<Position, string>> = {
  root: "must not be empty at the root",
  field: "must not be empty for specified object fields",
  item: "must not be empty for specified array items",
};

function typeProblems(schema: Schema, field: string, position: Position): readonly Cause[] {
  const { type } = schema;
  const at = `${field}.type`;
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  const keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (type === undefined || (type as string) === "") {
    const isTyped = position !== "root" && (isIntOrString || keepsUnknown);
    if (isTyped) return embeddedType(schema, at);
    return [required(at, missingType[position])];
  }
  if ((type as string) === "null")
    return [forbidden(at, "type cannot be set to null, use nullable as an alternative")];
  if (!types.includes(type)) return [notSupported(at, type, types)];
  if (position === "root" && type !== "object")
    return [invalid(at, type, "must be object at the root")];
  if (isIntOrString)
    return [invalid(at, type, "must be empty if x-kubernetes-int-or-string is true")];
  if (schema["x-kubernetes-map-type"] !== undefined && type !== "object")
    return [invalid(at, type, "must be object if x-kubernetes-map-type is specified")];
  if (schema["x-kubernetes-list-type"] !== undefined && type !== "array")
    return [invalid(at, type, "must be array if x-kubernetes-list-type is specified")];
  return embeddedType(schema, at);
}

function embeddedType(schema: Schema, at: string): readonly Cause[] {
  if (schema["x-kubernetes-embedded-resource"] !== true || schema.type === "object") return [];
  return [
    invalid(at, schema.type ?? "", "must be object if x-kubernetes-embedded-resource is true"),
  ];
}

/** Keywords that a schema of OpenAPI may have, but not one of a CRD. */
function forbiddenKeywords(schema: Schema, field: string): readonly Cause[] {
  const given = schema as Readonly<Record<string, unknown>>;
  const causes: Cause[] = [];
  if (given["uniqueItems"] === true)
    causes.push(
      forbidden(
        `${field}.uniqueItems`,
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  if (schema.additionalProperties === false)
    causes.push(
      forbidden(`${field}.additionalProperties`, "additionalProperties cannot be set to false"),
    );
  else if (schema.additionalProperties !== undefined && schema.properties)
    causes.push(
      forbidden(
        `${field}.additionalProperties`,
        "additionalProperties and properties are mutual exclusive",
      ),
    );
  if (Array.isArray(given["items"]))
    causes.push(forbidden(`${field}.items`, "items must be a schema object and not an array"));
  for (const key of [
    "$ref",
    "additionalItems",
    "definitions",
    "dependencies",
    "id",
    "patternProperties",
  ])
    if (given[key] !== undefined)
      causes.push(forbidden(`${field}.${key}`, `${key} is not supported`));
  return causes;
}

function patternProblems({ pattern, multipleOf }: Schema, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  if (multipleOf !== undefined && multipleOf <= 0)
    causes.push(invalid(`${field}.multipleOf`, multipleOf, "must be greater than 0"));
  if (pattern === undefined) return causes;
  const read = goPattern(pattern);
  if (read.kind === "problem")
    causes.push(
      invalid(
        `${field}.pattern`,
        pattern,
        `must be a valid regular expression, but isn't: ${read.problem}`,
      ),
    );
  return causes;
}

function extensionProblems(schema: Schema, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType !== undefined && mapType !== "atomic" && mapType !== "granular")
    causes.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]));
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    causes.push(
      invalid(`${field}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"),
    );
  if (
    schema["x-kubernetes-embedded-resource"] === true &&
    schema["x-kubernetes-preserve-unknown-fields"] !== true &&
    !schema.properties
  )
    causes.push(
      required(
        `${field}.properties`,
        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ),
    );
  return causes;
}

function listProblems(schema: Schema, field: string): readonly Cause[] {
  const { type, items } = schema;
  if (type === "array" && !items) return [required(`${field}.items`, "must be specified")];
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const at = `${field}.x-kubernetes-list-type`;
  if (listType === undefined)
    return keys.length === 0
      ? []
      : [required(at, "must be map if x-kubernetes-list-map-keys is non-empty")];
  if (!["atomic", "set", "map"].includes(listType))
    return [notSupported(at, listType, ["atomic", "map", "set"])];
  if (type === undefined)
    return [required(`${field}.type`, "must be array if x-kubernetes-list-type is specified")];
  if (!isJsonObject(items)) return [];
  if (listType === "map") return mapListProblems(items, keys, field);
  if (keys.length > 0)
    return [invalid(at, listType, "must be map if x-kubernetes-list-map-keys is non-empty")];
  return listType === "set" ? setProblems(items, `${field}.items`) : [];
}

function setProblems(items: Schema, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  if (items.nullable === true)
    causes.push(
      forbidden(`${field}.nullable`, "cannot be nullable when x-kubernetes-list-type is set"),
    );
  const atomic = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items["x-kubernetes-list-type"];
  if (items.type === "array" && listType !== "atomic")
    causes.push(
      listType === undefined
        ? required(`${field}.x-kubernetes-list-type`, atomic)
        : invalid(`${field}.x-kubernetes-list-type`, listType, atomic),
    );
  const mapType = items["x-kubernetes-map-type"];
  if (items.type === "object" && mapType !== "atomic")
    causes.push(
      mapType === undefined
        ? required(`${field}.x-kubernetes-map-type`, atomic)
        : invalid(`${field}.x-kubernetes-map-type`, mapType, atomic),
    );
  return causes;
}

function mapListProblems(items: Schema, keys: readonly string[], field: string): readonly Cause[] {
  if (keys.length === 0)
    return [
      required(
        `${field}.x-kubernetes-list-map-keys`,
        "must not be empty if x-kubernetes-list-type is map",
      ),
    ];
  if (items.type !== "object")
    return [
      invalid(
        `${field}.items.type`,
        items.type ?? "",
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ];
  const keyAt = (index: number): string => `${field}.x-kubernetes-list-map-keys[${index}]`;
  const causes: Cause[] = [...duplicates(keys, (key) => key, keyAt)];
  if (items.nullable === true)
    causes.push(
      forbidden(`${field}.items.nullable`, "cannot be nullable when x-kubernetes-list-type is map"),
    );
  for (const [index, key] of keys.entries()) {
    const { properties = {} } = items;
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    const at = `${field}.items.properties[${key}]`;
    if (!property)
      causes.push(invalid(keyAt(index), key, "entries must all be names of item properties"));
    else if (property.type === "object" || property.type === "array")
      causes.push(
        invalid(
          `${at}.type`,
          property.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    else if (property.default === undefined && !items.required?.includes(key))
      causes.push(
        required(
          `${at}.default`,
          "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
      );
  }
  return causes;
}

function metadataProblems(schema: Schema, field: string, position: Position): readonly Cause[] {
  if (position !== "root" && schema["x-kubernetes-embedded-resource"] !== true) return [];
  const metadata = schema.properties?.["metadata"];
  if (!metadata) return [];
  const at = `${field}.properties[metadata]`;
  if (metadata.type !== "object")
    return [invalid(`${at}.type`, metadata.type ?? "", "must be object")];
  const others = Object.keys(metadata.properties ?? {}).some(
    (name) => name !== "name" && name !== "generateName",
  );
  if (!others && metadata.additionalProperties === undefined) return [];
  return [
    forbidden(
      at,
      "must not specify anything other than name and generateName, but metadata is implicitly specified",
    ),
  ];
}

/** What types, keeps or fills must stand outside of junctors. */
const emptyInJunctors: Readonly<Record<string, string>> = {
  type: "must be empty to be structural",
  title: "must be empty to be structural",
  description: "must be empty to be structural",
  default: "must be undefined to be structural",
  additionalProperties: "must be undefined to be structural",
  nullable: "must be false to be structural",
  "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
  "x-kubernetes-embedded-resource": "must be false to be structural",
  "x-kubernetes-int-or-string": "must be false to be structural",
  "x-kubernetes-list-type": "must be undefined to be structural",
  "x-kubernetes-list-map-keys": "must be empty to be structural",
  "x-kubernetes-map-type": "must be undefined to be structural",
  "x-kubernetes-validations": "must be empty to be structural",
};

/** `outer` is the structural part that must name every field on which a junctor sets a condition. */
function junctorProblems(
  schema: Schema,
  outer: Schema | undefined,
  field: string,
  outerField: string,
): readonly Cause[] {
  return junctorBranches(schema, field).flatMap(([branch, at]) => {
    if (spellsOutIntOrString(outer, branch)) return [];
    return conditionProblems(branch, outer, at, outerField);
  });
}

function junctorBranches(schema: Schema, field: string): readonly (readonly [Schema, string])[] {
  const { not } = schema;
  const lists = (["allOf", "anyOf", "oneOf"] as const).flatMap((key) =>
    (schema[key] ?? []).map((branch, index) => [branch, `${field}.${key}[${index}]`] as const),
  );
  return not ? [...lists, [not, `${field}.not`]] : lists;
}

function conditionProblems(
  schema: Schema,
  outer: Schema | undefined,
  field: string,
  outerField: string,
): readonly Cause[] {
  const causes: Cause[] = [...patternProblems(schema, field)];
  const given = schema as Readonly<Record<string, unknown>>;
  for (const [key, sentence] of Object.entries(emptyInJunctors))
    if (given[key] !== undefined && given[key] !== false && given[key] !== "")
      causes.push(forbidden(`${field}.${key}`, sentence));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const known = outer?.properties;
    const counterpart = known && Object.hasOwn(known, name) ? known[name] : undefined;
    const at = `${field}.properties[${name}]`;
    const outerAt = `${outerField}.properties[${name}]`;
    if (!counterpart) causes.push(required(outerAt, `because it is defined in ${at}`));
    else causes.push(...conditionProblems(property, counterpart, at, outerAt));
  }
  if (isJsonObject(schema.items)) {
    const [at, outerAt] = [`${field}.items`, `${outerField}.items`];
    if (!outer?.items) causes.push(required(outerAt, `because it is defined in ${at}`));
    else causes.push(...conditionProblems(schema.items, outer.items, at, outerAt));
  }
  return [...causes, ...junctorProblems(schema, outer, field, outerField)];
}

/** `anyOf: [{type: integer}, {type: string}]` beside x-kubernetes-int-or-string, or within its allOf. */
function spellsOutIntOrString(outer: Schema | undefined, branch: Schema): boolean {
  if (outer?.["x-kubernetes-int-or-string"] !== true) return false;
  const isType = (schema: Schema): boolean =>
    Object.keys(schema).length === 1 && (schema.type === "integer" || schema.type === "string");
  return isType(branch) || (branch.anyOf?.every(isType) ?? false);
}

function defaultProblems(schema: Schema, field: string): readonly Cause[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    ...(schema.default === undefined ? [] : ownDefaultProblems(schema, `${field}.default`)),
    ...Object.entries(properties).flatMap(([name, property]) =>
      defaultProblems(property, `${field}.properties[${name}]`),
    ),
    ...(items ? defaultProblems(items, `${field}.items`) : []),
    ...(typeof additionalProperties === "object"
      ? defaultProblems(additionalProperties, `${field}.additionalProperties`)
      : []),
  ];
}

/** A default that its own schema would cut down or refuse could never be what a user gets. */
function ownDefaultProblems(schema: Schema, field: string): readonly Cause[] {
  const unknown: string[] = [];
  const onUnknown = (path: string): void => void unknown.push(path);
  const pruned = prune(schema, schema.default, { dropsNull: false, onUnknown });
  if (unknown.length > 0) return [invalid(field, schema.default, "must not have unknown fields")];
  return validateSchema(schema, applyDefaults(schema, pruned), { path: field });
}
