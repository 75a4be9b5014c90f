// JSON values: their type, and the few structural operations that every layer needs.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Structural equality of JSON values; a key that is undefined counts as absent. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null)
    return false;
  if (Array.isArray(left) || Array.isArray(right))
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => jsonEqual(item, right[index]))
    );
  const a = left as Record<string, unknown>;
  const b = right as Record<string, unknown>;
  for (const key of Object.keys(a)) if (!jsonEqual(a[key], ownValue(b, key))) return false;
  for (const key of Object.keys(b))
    if (b[key] !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}

/**
 * Whether everything that `part` says is so in `whole`, which may say more: further keys of objects,
 * at any depth. Lists must agree in length and order.
 */
export function jsonIncludes(whole: unknown, part: unknown): boolean {
  if (part === undefined) return true;
  if (Array.isArray(part))
    return (
      Array.isArray(whole) &&
      whole.length === part.length &&
      part.every((item, index) => jsonIncludes(whole[index], item))
    );
  if (!isJsonObject(part)) return whole === part;
  return (
    isJsonObject(whole) &&
    Object.entries(part).every(([key, value]) => jsonIncludes(ownValue(whole, key), value))
  );
}

/** Undefined for what every object has by nature, `constructor` for one. */
export function ownValue<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** As deep as values from outside may be: far beyond any real object, far from the end of the stack. */
export const jsonDepthMax = 500;

/** Whether objects and lists stand in each other more than `jsonDepthMax` times. Looks no further. */
export function isTooDeep(value: unknown, levels = jsonDepthMax): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const item of Array.isArray(value) ? value : Object.values(value))
    if (isTooDeep(item, levels - 1)) return true;
  return false;
}
