// The two halves of server-side apply on values: laying the applied fields over the live object, and
// taking out what its manager applied before and leaves out now.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { fieldElement, isMember } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldSchemaOf, isNamedField, shapeOf } from "./field-shape.ts";
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
  const shared = appliedElements.filter((element) => liveElements.includes(element));
  const merged: unknown[] = [];
  let at = 0;
  const takeLiveUntil = (stop: string | undefined): void => {
    for (; at < live.length && liveElements[at] !== stop; at++)
      if (!isApplied.has(liveElements[at] ?? "")) merged.push(live[at]);
  };
  for (const [index, item] of applied.entries()) {
    const element = appliedElements[index] ?? "";
    takeLiveUntil(shared[0]);
    const old = liveElements.indexOf(element);
    merged.push(old < 0 ? item : mergeApplied(items, live[old], item));
    if (shared[0] !== element) continue;
    shared.shift();
    if (liveElements[at] === element) at++;
  }
  takeLiveUntil(undefined);
  return isSame(live, merged) ? live : merged;
}

/**
 * The value without the fields in `last` that are in none of `kept`. A field of the schema without a
 * value of its own (`spec.strategy`) goes as soon as nobody wants anything in it.
 */
export function withoutDropped(
  schema: Schema,
  value: unknown,
  last: FieldSet,
  kept: readonly FieldSet[],
): unknown {
  const shape = shapeOf(schema, value);
  if (shape.kind === "object" && isJsonObject(value)) {
    const names = Object.keys(value).filter((name) => last[fieldElement(name)] !== undefined);
    const changes = names.flatMap((name) => {
      const isNamed = isNamedField(shape, name);
      const fieldSchema = fieldSchemaOf(shape, name) ?? {};
      const next = reduced(fieldSchema, value[name], fieldElement(name), { last, kept, isNamed });
      return next === value[name] ? [] : [[name, next] as const];
    });
    if (changes.length === 0) return value;
    const gone = new Map(changes);
    const rest = Object.entries(value).flatMap(([name, old]) => {
      const next = gone.has(name) ? gone.get(name) : old;
      return next === undefined ? [] : [[name, next] as const];
    });
    return rest.length === 0 ? undefined : Object.fromEntries(rest);
  }
  if (shape.kind === "items" && Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const rest = list
      .map((item) => {
        const element = shape.elementOf(item);
        if (element === undefined || last[element] === undefined) return item;
        return reduced(shape.items, item, element, { last, kept, isNamed: false });
      })
      .filter((item) => item !== undefined);
    if (isSame(list, rest)) return value;
    return rest.length === 0 ? undefined : rest;
  }
  return value;
}

function reduced(
  schema: Schema,
  value: unknown,
  element: string,
  {
    last,
    kept,
    isNamed,
  }: { readonly last: FieldSet; readonly kept: readonly FieldSet[]; readonly isNamed: boolean },
): unknown {
  const before = last[element];
  if (before === undefined) return value;
  const wanted = kept.map((set) => set[element]).filter((node) => node !== undefined);
  const wasOwned = isNamed || isMember(before);
  const isOwned = isNamed ? wanted.length > 0 : wanted.some(isMember);
  if (wasOwned && !isOwned) return undefined;
  return withoutDropped(schema, value, before, wanted);
}

function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
