// The structural OpenAPI v3 schemas of our kinds, and short builders for them. One language serves
// pruning, defaulting and validation, the CRDs, and `kubectl explain`.
import type { Json } from "../lib/json.ts";

export type Schema = {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
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
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: Json;
  readonly nullable?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  /** How a strategic merge patch joins two lists or maps; built-in kinds only. */
  readonly "x-kubernetes-patch-strategy"?: "merge" | "replace" | "retainKeys" | "merge,retainKeys";
  readonly "x-kubernetes-patch-merge-key"?: string;
};
