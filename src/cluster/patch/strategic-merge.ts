// Strategic merge patch: a merge patch that knows from the schema which lists are keyed, so that a
// patch of one container leaves the others alone. The directives are those of kubectl's patches.
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
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
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  if (Array.isArray(retained))
    for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key];
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith(orderPrefix) || key.startsWith(removalPrefix)) continue;
    if (value === null) delete merged[key];
    else merged[key] = mergeValue(fieldSchema(schema, key), merged[key], value);
  }
  for (const [key, value] of Object.entries(changes))
    applyListDirective(schema, merged, key, value, target);
  return merged;
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
  return mergeKey === undefined
    ? [...old, ...items.filter((item) => !old.includes(item))]
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
  const merged = [...old];
  for (const change of changes) {
    const key = isJsonObject(change) ? change[mergeKey] : undefined;
    if (!isJsonObject(change) || key === undefined)
      throw badRequest(
        `map: ${JSON.stringify(change)} does not contain declared merge key: ${mergeKey}`,
      );
    const at = merged.findIndex((item) => isJsonObject(item) && item[mergeKey] === key);
    if (change["$patch"] === "delete") {
      if (at >= 0) merged.splice(at, 1);
    } else if (at >= 0) merged[at] = strategicMerge(schema, merged[at], change);
    else merged.push(strategicMerge(schema, undefined, change));
  }
  return merged;
}

/** `$setElementOrder/x` and `$deleteFromPrimitiveList/x` stand beside the list `x`. */
function applyListDirective(
  schema: Schema,
  merged: Record<string, unknown>,
  key: string,
  value: unknown,
  target: unknown,
): void {
  if (key.startsWith(removalPrefix)) {
    const list = key.slice(removalPrefix.length);
    const old = merged[list];
    if (Array.isArray(old) && Array.isArray(value))
      merged[list] = old.filter((item) => !value.includes(item));
  }
  if (key.startsWith(orderPrefix)) {
    const list = key.slice(orderPrefix.length);
    const items = merged[list];
    if (!Array.isArray(items) || !Array.isArray(value)) return;
    const mergeKey = fieldSchema(schema, list)["x-kubernetes-patch-merge-key"];
    const before = isJsonObject(target) ? target[list] : undefined;
    merged[list] = ordered(items, value, Array.isArray(before) ? before : [], mergeKey);
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
  const identity = (item: unknown): unknown =>
    mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item;
  const indexIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((other) => jsonEqual(identity(other), identity(item)));
  const named = items
    .filter((item) => indexIn(order, item) >= 0)
    .sort((left, right) => indexIn(order, left) - indexIn(order, right));
  const others = items.filter((item) => indexIn(order, item) < 0);
  const result: unknown[] = [];
  while (named.length > 0 || others.length > 0) {
    const [left] = named;
    const [right] = others;
    const leftAt = indexIn(before, left);
    const rightAt = indexIn(before, right);
    const takesNamed =
      others.length === 0 || (named.length > 0 && leftAt >= 0 && rightAt >= 0 && leftAt < rightAt);
    result.push(takesNamed ? named.shift() : others.shift());
  }
  return result;
}

function strategyOf(schema: Schema): readonly string[] {
  return (schema["x-kubernetes-patch-strategy"] ?? "").split(",");
}

function fieldSchema(schema: Schema, key: string): Schema {
  const property = schema.properties?.[key];
  if (property) return property;
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
