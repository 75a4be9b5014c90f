// Strategic merge patch: a merge patch that knows from the schema which lists are keyed, so that a
// patch of one container leaves the others alone. The directives are those of kubectl's patches.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { badRequest } from "../api-status.ts";
import { followsOrder, inOrder } from "./element-order.ts";

type Fields = Readonly<Record<string, unknown>>;

const orderPrefix = "$setElementOrder/";
const removalPrefix = "$deleteFromPrimitiveList/";

/** Throws 400 for a directive that makes no sense where it stands. */
export function strategicMerge(schema: Schema, target: unknown, patch: Fields): Fields {
  const { $patch: directive, $retainKeys: retained, ...changes } = patch;
  if (directive === "replace") return withoutDirectives(changes);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(
      `unknown patch type: ${JSON.stringify(directive)} in map: ${JSON.stringify(patch)}`,
    );
  // Made of entries: an assignment to `__proto__` would be no field.
  const merged = new Map<string, unknown>(isJsonObject(target) ? Object.entries(target) : []);
  retainKeys(merged, retained, changes);
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith(orderPrefix) || key.startsWith(removalPrefix)) continue;
    const next = value === null ? undefined : mergeField(schema, key, merged.get(key), value);
    if (next === undefined) merged.delete(key);
    else merged.set(key, next);
  }
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith(removalPrefix)) removeItems(merged, key.slice(removalPrefix.length), value);
    if (key.startsWith(orderPrefix))
      orderItems(schema, merged, {
        list: key.slice(orderPrefix.length),
        order: value,
        target,
        changes,
      });
  }
  return Object.fromEntries(merged);
}

/** The patch names all that may stay; what it sets must be among it. */
function retainKeys(merged: Map<string, unknown>, retained: unknown, changes: Fields): void {
  if (retained === undefined) return;
  const isNamed = (key: string): boolean =>
    Array.isArray(retained) && (retained as readonly unknown[]).includes(key);
  const set = Object.keys(changes).filter((key) => changes[key] !== null && !key.startsWith("$"));
  if (!Array.isArray(retained) || !set.every(isNamed))
    throw badRequest("invalid patch format of retainKeys");
  for (const key of merged.keys()) if (!isNamed(key)) merged.delete(key);
}

/** Undefined when nothing is left of the field. */
function mergeField(schema: Schema, key: string, target: unknown, change: unknown): unknown {
  const field = fieldSchema(schema, key);
  if (isJsonObject(change)) {
    if (strategyOf(field).includes("replace")) return withoutDirectives(change);
    return target === undefined && change["$patch"] === "delete"
      ? undefined
      : strategicMerge(field, target, change);
  }
  if (!Array.isArray(change)) return change;
  const items: readonly unknown[] = change;
  if (!strategyOf(field).includes("merge")) return items.map(withoutDirectives);
  const old: readonly unknown[] = Array.isArray(target) ? target : [];
  const mergeKey = field["x-kubernetes-patch-merge-key"];
  const merged =
    mergeKey === undefined
      ? [...new Set([...old, ...items])]
      : mergeKeyedList(field.items ?? {}, mergeKey, old, items);
  return inOrder(merged, items, old, mergeKey);
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

/** `$deleteFromPrimitiveList/x` stands beside the list `x`. */
function removeItems(merged: Map<string, unknown>, list: string, items: unknown): void {
  if (!Array.isArray(items)) throw badRequest("invalid patch format of primitive list");
  const gone = new Set<unknown>(items);
  const old = merged.get(list);
  if (Array.isArray(old)) {
    const left = (old as readonly unknown[]).filter((item) => !gone.has(item));
    merged.set(list, left);
  }
}

/** `$setElementOrder/x` stands beside the list `x`, and says more than the order of that. */
function orderItems(
  schema: Schema,
  merged: Map<string, unknown>,
  {
    list,
    order,
    target,
    changes,
  }: {
    readonly list: string;
    readonly order: unknown;
    readonly target: unknown;
    readonly changes: Fields;
  },
): void {
  if (!Array.isArray(order)) throw badRequest("invalid patch format of setElementOrder list");
  const mergeKey = fieldSchema(schema, list)["x-kubernetes-patch-merge-key"];
  const change = Object.hasOwn(changes, list) ? changes[list] : undefined;
  const sent = Array.isArray(change) ? (change as readonly unknown[]).filter(isKept) : [];
  if (!followsOrder(sent, order, mergeKey))
    throw badRequest(
      `The order in patch list:\n${JSON.stringify(sent)}\n doesn't match ${orderPrefix}${list} list:\n${JSON.stringify(order)}`,
    );
  const items = merged.get(list);
  const before = isJsonObject(target) && Object.hasOwn(target, list) ? target[list] : undefined;
  if (Array.isArray(items))
    merged.set(list, inOrder(items, order, Array.isArray(before) ? before : [], mergeKey));
}

function isKept(item: unknown): boolean {
  return !isJsonObject(item) || (item["$patch"] !== "delete" && item["$patch"] !== "replace");
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
