// Strategic merge patch: a merge patch that knows from the schema which lists are keyed, so that a
// patch of one container leaves the others alone. The directives are those of kubectl's patches.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { badRequest } from "../api-status.ts";

type Fields = Readonly<Record<string, unknown>>;

const orderPrefix = "$setElementOrder/";
const removalPrefix = "$deleteFromPrimitiveList/";

/** Throws 400 for a directive that makes no sense where it stands. */
export function strategicMerge(schema: Schema, target: unknown, patch: Fields): Fields {
  const { $patch: directive, $retainKeys: retained, ...changes } = patch;
  if (directive === "replace") return withoutDirectives(changes);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(`unknown patch directive: ${JSON.stringify(directive)}`);
  // Made of entries: an assignment to `__proto__` would be no field.
  const merged = new Map<string, unknown>(isJsonObject(target) ? Object.entries(target) : []);
  if (Array.isArray(retained))
    for (const key of merged.keys()) if (!retained.includes(key)) merged.delete(key);
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith(orderPrefix) || key.startsWith(removalPrefix)) continue;
    if (value === null) merged.delete(key);
    else merged.set(key, mergeValue(fieldSchema(schema, key), merged.get(key), value));
  }
  for (const [key, value] of Object.entries(changes))
    applyListDirective(schema, merged, key, value, target);
  return Object.fromEntries(merged);
}

function mergeValue(schema: Schema, target: unknown, change: unknown): unknown {
  if (isJsonObject(change))
    return strategyOf(schema).includes("replace")
      ? withoutDirectives(change)
      : strategicMerge(schema, target, change);
  if (!Array.isArray(change)) return change;
  const items: readonly unknown[] = change;
  if (!strategyOf(schema).includes("merge")) return items.map(withoutDirectives);
  const old: readonly unknown[] = Array.isArray(target) ? target : [];
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  const known = new Set(old);
  return mergeKey === undefined
    ? [...old, ...items.filter((item) => !known.has(item))]
    : mergeKeyedList(schema.items ?? {}, mergeKey, old, items);
}

function mergeKeyedList(
  schema: Schema,
  mergeKey: string,
  old: readonly unknown[],
  changes: readonly unknown[],
): readonly unknown[] {
  // An item that is nothing but this directive replaces the list by the other items.
  if (changes.some((item) => isJsonObject(item) && item["$patch"] === "replace"))
    return changes
      .filter((item) => !isJsonObject(item) || item["$patch"] !== "replace")
      .map(withoutDirectives);
  const merged: unknown[] = [...old];
  /** Where the item of each key stands; what is deleted leaves a hole until the end. */
  const places = new Map<unknown, number>();
  for (const [index, item] of old.entries()) {
    const key = isJsonObject(item) ? item[mergeKey] : undefined;
    if (key !== undefined && !places.has(key)) places.set(key, index);
  }
  for (const change of changes) {
    const key = isJsonObject(change) ? change[mergeKey] : undefined;
    if (!isJsonObject(change) || key === undefined)
      throw badRequest(
        `map: ${JSON.stringify(change)} does not contain declared merge key: ${mergeKey}`,
      );
    const at = places.get(key);
    if (change["$patch"] === "delete") {
      if (at !== undefined) merged[at] = undefined;
      places.delete(key);
    } else if (at !== undefined) merged[at] = strategicMerge(schema, merged[at], change);
    else places.set(key, merged.push(strategicMerge(schema, undefined, change)) - 1);
  }
  return merged.filter((item) => item !== undefined);
}

/** `$setElementOrder/x` and `$deleteFromPrimitiveList/x` stand beside the list `x`. */
function applyListDirective(
  schema: Schema,
  merged: Map<string, unknown>,
  key: string,
  value: unknown,
  target: unknown,
): void {
  if (key.startsWith(removalPrefix)) {
    const list = key.slice(removalPrefix.length);
    const old = merged.get(list);
    const gone = new Set(Array.isArray(value) ? value : []);
    if (Array.isArray(old))
      merged.set(
        list,
        old.filter((item) => !gone.has(item)),
      );
  }
  if (key.startsWith(orderPrefix)) {
    const list = key.slice(orderPrefix.length);
    const items = merged.get(list);
    if (!Array.isArray(items) || !Array.isArray(value)) return;
    const mergeKey = fieldSchema(schema, list)["x-kubernetes-patch-merge-key"];
    const before = isJsonObject(target) ? target[list] : undefined;
    merged.set(list, ordered(items, value, Array.isArray(before) ? before : [], mergeKey));
  }
}

/**
 * Items that the client names stand in its order; those that only the server has keep their places
 * among the ones that were there before, and come before new ones.
 */
function ordered(
  items: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): readonly unknown[] {
  // A client names items of keyed lists by their key alone, within an object.
  const identity = (item: unknown): string =>
    JSON.stringify(mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item) ?? "";
  const placesIn = (list: readonly unknown[]): ReadonlyMap<string, number> =>
    new Map(list.map((item, index): [string, number] => [identity(item), index]).reverse());
  const wanted = placesIn(order);
  const former = placesIn(before);
  const placed = (item: unknown, places: ReadonlyMap<string, number>): number =>
    places.get(identity(item)) ?? -1;
  const named = items
    .filter((item) => placed(item, wanted) >= 0)
    .sort((left, right) => placed(left, wanted) - placed(right, wanted));
  const others = items.filter((item) => placed(item, wanted) < 0);
  const result: unknown[] = [];
  let [nextNamed, nextOther] = [0, 0];
  while (nextNamed < named.length || nextOther < others.length) {
    const leftAt = placed(named[nextNamed], former);
    const rightAt = placed(others[nextOther], former);
    const takesNamed =
      nextOther >= others.length ||
      (nextNamed < named.length && leftAt >= 0 && rightAt >= 0 && leftAt < rightAt);
    result.push(takesNamed ? named[nextNamed++] : others[nextOther++]);
  }
  return result;
}

function strategyOf(schema: Schema): readonly string[] {
  return (schema["x-kubernetes-patch-strategy"] ?? "").split(",");
}

function fieldSchema(schema: Schema, key: string): Schema {
  const { properties } = schema;
  if (properties && Object.hasOwn(properties, key)) return properties[key] ?? {};
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
}

/** What a client sends to be taken as it is may still be full of directives and nulls. */
function withoutDirectives<T>(value: T): T;
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutDirectives(item));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => item !== null && !key.startsWith("$"));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutDirectives(item)]));
}
