// The first half of server-side apply on values: the applied fields are laid over the live ones.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { fieldSchemaOf, shapeOf } from "./field-shape.ts";
import type { ItemsShape, ObjectShape } from "./field-shape.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The live value with the applied one over it: objects key by key, keyed items by their keys, all
 * else as it was applied. Shares with `live` whatever stays as it is.
 */
export function mergeApplied(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (live === undefined || live === null) return applied;
  const shape = shapeOf(schema, applied ?? live);
  // Null for what has owners in it takes nothing from them.
  if (shape.kind === "object" && isJsonObject(live))
    return isJsonObject(applied) ? mergeObjects(shape, live, applied) : (applied ?? live);
  if (shape.kind === "items" && Array.isArray(live))
    return Array.isArray(applied) ? mergeLists(shape, live, applied) : (applied ?? live);
  return jsonEqual(live, applied) ? live : applied;
}

function mergeObjects(shape: ObjectShape, live: Fields, applied: Fields): Fields {
  const changes: [string, unknown][] = [];
  for (const [name, value] of Object.entries(applied)) {
    const old = Object.hasOwn(live, name) ? live[name] : undefined;
    const next = mergeApplied(fieldSchemaOf(shape, name) ?? {}, old, value);
    if (next !== old) changes.push([name, next]);
  }
  return changes.length === 0 ? live : { ...live, ...Object.fromEntries(changes) };
}

/**
 * The applied items stand in the order in which they were applied. Those that only the live list has
 * stay behind what stood before them, as far as that order allows.
 */
function mergeLists(
  { items, elementOf }: ItemsShape,
  live: readonly unknown[],
  applied: readonly unknown[],
): readonly unknown[] {
  const liveElements = live.map((item) => elementOf(item) ?? "");
  const appliedElements = applied.map((item) => elementOf(item) ?? "");
  if (isSame(liveElements, appliedElements)) {
    const pairs = applied.map((item, index) => mergeApplied(items, live[index], item));
    return isSame(live, pairs) ? live : pairs;
  }
  const isApplied = new Set(appliedElements);
  const livePlaces = firstPlaces(liveElements);
  const shared = appliedElements.filter((element) => livePlaces.has(element));
  const merged: unknown[] = [];
  let at = 0;
  let taken = 0;
  const takeLiveUntil = (stop: string | undefined): void => {
    for (; at < live.length && liveElements[at] !== stop; at++)
      if (!isApplied.has(liveElements[at] ?? "")) merged.push(live[at]);
  };
  for (const [index, item] of applied.entries()) {
    const element = appliedElements[index] ?? "";
    takeLiveUntil(shared[taken]);
    const old = livePlaces.get(element);
    merged.push(old === undefined ? item : mergeApplied(items, live[old], item));
    if (shared[taken] !== element) continue;
    taken++;
    if (liveElements[at] === element) at++;
  }
  takeLiveUntil(undefined);
  return isSame(live, merged) ? live : merged;
}

/** A list that breaks its own rules may have an element twice. */
function firstPlaces(elements: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, element] of elements.entries())
    if (!places.has(element)) places.set(element, index);
  return places;
}

function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
