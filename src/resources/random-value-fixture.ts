// Random values for fuzz tests: JSON of any kind, schemas, and values that fit a schema more or less.
// Names and texts come from small sets, so that values meet each other, and some are there to hurt.
import type { Random } from "../lib/random.ts";
import type { Schema } from "./schema.ts";

type Fields = Readonly<Record<string, unknown>>;

export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

export function chance(random: Random, share: number): boolean {
  return random() < share;
}

const names = [
  "a",
  "b",
  "name",
  "spec",
  "",
  "__proto__",
  "constructor",
  "toString",
  "é.x/y",
] as const;
const texts = [
  "",
  "a",
  "b",
  "x-1",
  "1",
  "5%",
  "500m",
  "2026-01-02T03:04:05Z",
  "YQ==",
  "\u0000",
  "\ud800",
  "$patch",
  "a.b/c",
] as const;
const numbers = [0, 1, -1, 0.5, 80, 65_536, 2 ** 31, -(2 ** 53), 1e300] as const;

function times<T>(random: Random, max: number, make: () => T): readonly T[] {
  return Array.from({ length: Math.floor(random() * (max + 1)) }, make);
}

/** Entries, not assignments, make `__proto__` a key like any other. */
function randomFields(random: Random, max: number, make: () => unknown): Fields {
  return Object.fromEntries(
    times(random, max, (): [string, unknown] => [pick<string>(random, names), make()]),
  );
}

export function randomJson(random: Random, depth = 4): unknown {
  const inner = (): unknown => randomJson(random, depth - 1);
  switch (Math.floor(random() * (depth > 0 ? 7 : 4))) {
    case 0:
      return pick<string>(random, texts);
    case 1:
      return pick<number>(random, numbers);
    case 2:
      return chance(random, 0.5);
    case 3:
      return null;
    case 4:
      return times(random, 3, inner);
    default:
      return randomFields(random, 4, inner);
  }
}

export function randomObject(random: Random, depth = 4): Fields {
  return randomFields(random, 4, () => randomJson(random, depth - 1));
}

/** A structural schema, as a definition might have it. */
export function randomSchema(random: Random, depth = 4): Schema {
  const inner = (): Schema => randomSchema(random, depth - 1);
  const kind = depth > 0 ? Math.floor(random() * 9) : Math.floor(random() * 5);
  switch (kind) {
    case 0:
      return {
        type: "string",
        ...(chance(random, 0.3) && { default: pick<string>(random, texts) }),
        ...(chance(random, 0.2) && { maxLength: 3, pattern: "^[a-z]*$" }),
      };
    case 1:
      return {
        type: "integer",
        ...(chance(random, 0.3) && { default: 1 }),
        ...(chance(random, 0.2) && { minimum: 0, maximum: 100 }),
      };
    case 2:
      return { type: "boolean", nullable: chance(random, 0.3) };
    case 3:
      return { "x-kubernetes-int-or-string": true };
    case 4:
      return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    case 5:
      return { type: "array", items: inner() };
    case 6:
      return {
        type: "array",
        items: { ...inner(), type: "object", properties: { name: { type: "string" }, a: inner() } },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      };
    case 7:
      return { type: "object", additionalProperties: inner() };
    default: {
      const properties = Object.fromEntries(
        times(random, 4, (): [string, Schema] => [pick<string>(random, names), inner()]),
      );
      return {
        type: "object",
        properties,
        ...(chance(random, 0.2) && { default: {} }),
        ...(chance(random, 0.2) && { required: Object.keys(properties).slice(0, 1) }),
      };
    }
  }
}

export type ValueOptions = {
  /** Which share of the parts does not fit. */
  readonly misfits?: number;
  /** Which share of the fields that may be absent is there. */
  readonly share?: number;
};

/** A value that fits the types of the schema, as far as the options say. */
export function randomValue(schema: Schema, random: Random, options: ValueOptions = {}): unknown {
  const { misfits = 0, share = 0.3 } = options;
  if (chance(random, misfits)) return randomJson(random, 2);
  const { properties, additionalProperties, items = {}, required = [], enum: allowed } = schema;
  const value = (inner: Schema): unknown => randomValue(inner, random, options);
  if (allowed?.[0] !== undefined) return pick(random, [allowed[0], ...allowed]);
  if (schema["x-kubernetes-int-or-string"])
    return chance(random, 0.5) ? pick<string>(random, ["1", "500m", "2Gi", "25%", "http"]) : 1;
  switch (schema.type) {
    case "string":
      if (schema.format === "date-time") return "2026-01-02T03:04:05Z";
      if (schema.format === "byte") return "YQ==";
      // Mostly names, or nearly every object would be refused for one of them.
      return chance(random, 0.9)
        ? pick<string>(random, ["a", "b", "x-1"])
        : pick<string>(random, texts);
    case "integer":
      return pick<number>(random, [0, 1, -1, 80, 8080, 65_536, 30]);
    case "number":
      return pick<number>(random, numbers);
    case "boolean":
      return chance(random, 0.5);
    case "array":
      return times(random, 2, () => value(items));
    case "object":
    case undefined:
      break;
  }
  const fields = Object.entries(properties ?? {})
    .filter(([key]) => required.includes(key) || chance(random, share))
    .map(([key, property]): [string, unknown] => [key, value(property)]);
  const more = typeof additionalProperties === "object" ? additionalProperties : undefined;
  const keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  return {
    ...Object.fromEntries(fields),
    ...(more && randomFields(random, 2, () => value(more))),
    ...(keepsUnknown && randomObject(random, 2)),
  };
}
