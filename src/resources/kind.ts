// How an API kind is described, once, for everyone: the server that stores it, the CRD that is
// generated from it, the client that addresses it, and the table that kubectl prints of it.
import type { Cause } from "./cause.ts";
import type { KubeObject } from "./object.ts";
import type { Schema } from "./schema.ts";

export type ColumnType = "string" | "integer" | "number" | "boolean" | "date";

/** One printed column. Those of priority above 0 appear with `-o wide` only. */
export type Column = {
  readonly name: string;
  readonly type: ColumnType;
  /** A CRD's hint about the text or number, handed on to clients. */
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** Where the cell's value stands in the object, as a CRD says it. Absent where `cells` computes it. */
  readonly jsonPath?: string;
};

export type Cell = string | number | boolean | null;

/** Dotted paths, as a CRD's scale subresource has them: `.spec.replicas`. */
export type ScalePaths = {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
};

/**
 * What differs by kind is declared as methods, so that a list of all kinds can be typed: whoever calls
 * them knows that the object is of this kind.
 */
export type Kind<T extends KubeObject = KubeObject> = {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** The structural schema of the object: `spec`, `status`, `data` and so on, without metadata. */
  readonly schema: Schema;
  readonly subresources?: { readonly status?: boolean; readonly scale?: ScalePaths };
  readonly columns: readonly Column[];
  /** The fields by which a custom kind's objects can be selected, as `spec.color`. */
  readonly selectableFields?: readonly string[];
  /** The cells of a built-in kind, one for each column, in order. A custom kind uses `jsonPath`. */
  cells?(this: void, object: T, nowMs: number): readonly Cell[];
  /**
   * Defaults that a schema cannot express, because they depend on other fields. Called with objects
   * that fit their schema, at create and at update, so it must leave alone what it once set.
   */
  withDefaults?(this: void, object: T): T;
  /** What is wrong with an object that fits its schema; empty when nothing is. */
  validate?(this: void, object: T, old: T | undefined): readonly Cause[];
  /** The same for a write of the status alone; absent where a status may say anything that fits. */
  validateStatus?(this: void, object: T, old: T | undefined): readonly Cause[];
};

/** `v1` for the core group, else `group/version`. */
export function apiVersionOf(kind: Pick<Kind, "group" | "version">): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}
