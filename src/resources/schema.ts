// The structural OpenAPI v3 schemas of our kinds, and short builders for them. One language serves
// pruning, defaulting and validation, the CRDs, and `kubectl explain`.
import type { Json } from "../lib/json.ts";

export type Schema = {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly default?: Json;
  readonly nullable?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
  /** Whether server-side apply takes an object as a whole; if not, each of its keys has owners. */
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  /** The value is the schema of a CRD: what is no keyword in it is an unknown field. */
  readonly holdsSchema?: boolean;
  /** How a strategic merge patch joins two lists or maps; built-in kinds only. */
  readonly "x-kubernetes-patch-strategy"?: "merge" | "replace" | "retainKeys" | "merge,retainKeys";
  readonly "x-kubernetes-patch-merge-key"?: string;
};

/** A rule in CEL, about the value where it stands. */
export type ValidationRule = {
  readonly rule: string;
  readonly message?: string;
  /** CEL as well; gives the message. */
  readonly messageExpression?: string;
  readonly reason?: string;
  /** Below the value: `.spec.replicas`. */
  readonly fieldPath?: string;
  /** Whether the rule is asked without an old value too. */
  readonly optionalOldSelf?: boolean;
};

export const string: Schema = { type: "string" };
export const boolean: Schema = { type: "boolean" };
export const number: Schema = { type: "number" };
export const int32: Schema = { type: "integer", format: "int32" };
export const int64: Schema = { type: "integer", format: "int64" };
export const time: Schema = { type: "string", format: "date-time" };
export const base64: Schema = { type: "string", format: "byte" };
export const intOrString: Schema = { "x-kubernetes-int-or-string": true };

/**
 * A resource quantity: text or a number. Built-in kinds take fractions too (`cpu: 0.5`), as the real
 * API server does; the format says so, and is left out of CRDs, where Kubernetes does not know it.
 */
export const quantity: Schema = { "x-kubernetes-int-or-string": true, format: "quantity" };

/** Any JSON object; what is in it is neither checked nor pruned. */
export const anyObject: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** An object of these fields and no others; `required` names the ones that must be there. */
export function object<Fields extends Readonly<Record<string, Schema>>>(
  properties: Fields,
  ...required: readonly (keyof Fields & string)[]
): Schema {
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

/** An object of any keys, all of whose values look alike. */
export function map(values: Schema): Schema {
  return { type: "object", additionalProperties: values };
}

/** A list that is replaced as a whole. */
export function list(items: Schema): Schema {
  return { type: "array", items, "x-kubernetes-list-type": "atomic" };
}

/** An object or map that server-side apply takes as a whole: nobody owns a part of it. */
export function atomic(schema: Schema): Schema {
  return { ...schema, "x-kubernetes-map-type": "atomic" };
}

/** A list of scalars, each of which occurs once; patches add to it. */
export function set(items: Schema): Schema {
  return {
    type: "array",
    items,
    "x-kubernetes-list-type": "set",
    "x-kubernetes-patch-strategy": "merge",
  };
}

/** A list whose items server-side apply tells apart by `keys`; a strategic merge patch replaces it. */
export function keyedList(items: Schema, ...keys: readonly [string, ...string[]]): Schema {
  return {
    type: "array",
    items,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
  };
}

/** As `keyedList`; a strategic merge patch tells items apart too, by the first key alone. */
export function mapList(items: Schema, ...keys: readonly [string, ...string[]]): Schema {
  return {
    ...keyedList(items, ...keys),
    "x-kubernetes-patch-strategy": "merge",
    "x-kubernetes-patch-merge-key": keys[0],
  };
}

/** A union of which one branch is set: a strategic merge patch drops the other branches. */
export function union(schema: Schema): Schema {
  const merged = schema["x-kubernetes-patch-strategy"] === "merge";
  return { ...schema, "x-kubernetes-patch-strategy": merged ? "merge,retainKeys" : "retainKeys" };
}

export function oneOf(...values: readonly string[]): Schema {
  return { type: "string", enum: values };
}

export function described(description: string, schema: Schema): Schema {
  return { ...schema, description };
}

export function atLeast(minimum: number, schema: Schema): Schema {
  return { ...schema, minimum };
}

/** What the field is when nobody sets it. */
export function defaulted(value: Json, schema: Schema): Schema {
  return { ...schema, default: value };
}
