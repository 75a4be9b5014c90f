// Which fields an object has, and in which fields two states of it differ.
import { isJsonObject, jsonEqual, ownValue } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { asMember, emptySet, fieldElement, isEmptySet, leaf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldSchemaOf, isNamedField, shapeOf } from "./field-shape.ts";
import type { ItemsShape, ObjectShape } from "./field-shape.ts";

type Fields = Readonly<Record<string, unknown>>;

/** All fields that the value sets. Objects with fields inside do not count themselves. */
export function fieldsOf(schema: Schema, value: unknown): FieldSet {
  const node = nodeOf(schema, value);
  return node ?? emptySet;
}

/** Undefined when there is nothing to own: an empty list of keyed items, say. */
function nodeOf(schema: Schema, value: unknown): FieldSet | undefined {
  if (value === null) return leaf;
  const shape = shapeOf(schema, value);
  if (shape.kind === "object" && isJsonObject(value)) return nodeOfObject(shape, value);
  if (shape.kind === "items" && Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.length === 0) return undefined;
    const node: Record<string, FieldSet> = {};
    for (const item of items) {
      const element = shape.elementOf(item);
      if (element === undefined) return leaf;
      node[element] = asMember(nodeOf(shape.items, item) ?? leaf);
    }
    return node;
  }
  return leaf;
}

function nodeOfObject(shape: ObjectShape, object: Fields): FieldSet | undefined {
  const names = Object.keys(object);
  if (names.length === 0) return leaf;
  let node: Record<string, FieldSet> | undefined;
  for (const name of names) {
    if (object[name] === undefined) continue;
    const child = nodeOf(fieldSchemaOf(shape, name) ?? {}, object[name]);
    // An entry of a map is a thing of its own, a field of a schema is what is in it.
    const next = isNamedField(shape, name) ? child : asMember(child ?? leaf);
    if (next) (node ??= {})[fieldElement(name)] = next;
  }
  return node;
}

export type Difference = {
  /** Added fields, and those that have another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
};

type NodeDifference = { readonly changed?: FieldSet; readonly removed?: FieldSet };

const same: Difference = { changed: emptySet, removed: emptySet };

/** The order of keyed items and of sets is no difference. */
export function differenceOf(schema: Schema, old: unknown, next: unknown): Difference {
  return { ...same, ...compare(schema, old, next) };
}

/** Undefined stands for absent. */
function compare(schema: Schema, old: unknown, next: unknown): NodeDifference | undefined {
  if (old === next) return undefined;
  const shape = shapeOf(schema, next ?? old);
  switch (shape.kind) {
    case "leaf":
      return isJsonObject(old) && next !== undefined
        ? { ...compareLeaf(old, next), ...fieldsBelow(schema, old) }
        : compareLeaf(old, next);
    case "object":
      return compareObjects(shape, old, next);
    case "items":
      return compareLists(shape, old, next);
  }
}

/** What goes with an object of unknown fields that something else takes the place of. */
function fieldsBelow(schema: Schema, old: Fields): NodeDifference {
  const shape = shapeOf(schema, old);
  if (shape.kind !== "object") return {};
  const { ".": _own, ...removed } = compareObjects(shape, old, undefined)?.removed ?? {};
  return isEmptySet(removed) ? {} : { removed };
}

function compareLeaf(old: unknown, next: unknown): NodeDifference | undefined {
  if (next === undefined) return { removed: leaf };
  return old !== undefined && jsonEqual(old, next) ? undefined : { changed: leaf };
}

function compareObjects(
  shape: ObjectShape,
  old: unknown,
  next: unknown,
): NodeDifference | undefined {
  const left: Fields = isJsonObject(old) ? old : {};
  const right: Fields = isJsonObject(next) ? next : {};
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  if (names.size === 0) return compareLeaf(old, next);
  const found: Found = {};
  for (const name of names) {
    const [before, after] = [ownValue(left, name), ownValue(right, name)];
    if (before === after) continue;
    addChild(found, fieldElement(name), compare(fieldSchemaOf(shape, name) ?? {}, before, after));
  }
  return withParent(found, old, next);
}

function compareLists(shape: ItemsShape, old: unknown, next: unknown): NodeDifference | undefined {
  if (Array.isArray(old) && Array.isArray(next)) {
    const pairs = compareInPlace(shape, old, next);
    if (pairs) return withParent(pairs, old, next);
  }
  const { items, elementOf } = shape;
  const left = itemsByElement(elementOf, old);
  const right = itemsByElement(elementOf, next);
  // Items that cannot be told apart have no owners of their own.
  if (!left || !right || left.size + right.size === 0) return compareLeaf(old, next);
  const found: Found = {};
  for (const element of new Set([...left.keys(), ...right.keys()]))
    addChild(
      found,
      element,
      compareItems(items, left.get(element) ?? [], right.get(element) ?? []),
    );
  return withParent(found, old, next);
}

/** The usual case, where every item stands where it stood; undefined when that is not so. */
function compareInPlace(
  { items, elementOf }: ItemsShape,
  old: readonly unknown[],
  next: readonly unknown[],
): Found | undefined {
  if (old.length !== next.length || old.length === 0) return undefined;
  const found: Found = {};
  const seen = new Set<string>();
  for (const [index, item] of next.entries()) {
    const before = old[index];
    if (before === item) continue;
    const element = elementOf(item);
    if (element === undefined || element !== elementOf(before) || seen.has(element))
      return undefined;
    seen.add(element);
    addChild(found, element, compare(items, before, item));
  }
  return found;
}

/** There is more than one item of the same key only where a list breaks its own rules. */
function compareItems(
  schema: Schema,
  old: readonly unknown[],
  next: readonly unknown[],
): NodeDifference | undefined {
  if (old.length <= 1 && next.length <= 1) return compare(schema, old[0], next[0]);
  if (next.length === 0) return { removed: leaf };
  return jsonEqual(old, next) ? undefined : { changed: leaf };
}

function itemsByElement(
  elementOf: ItemsShape["elementOf"],
  list: unknown,
): ReadonlyMap<string, readonly unknown[]> | undefined {
  const found = new Map<string, unknown[]>();
  if (!Array.isArray(list)) return found;
  for (const item of list as readonly unknown[]) {
    const element = elementOf(item);
    if (element === undefined) return undefined;
    const equals = found.get(element);
    if (equals) equals.push(item);
    else found.set(element, [item]);
  }
  return found;
}

type Found = { changed?: Record<string, FieldSet>; removed?: Record<string, FieldSet> };

function addChild(found: Found, element: string, child: NodeDifference | undefined): void {
  if (child?.changed) (found.changed ??= {})[element] = child.changed;
  if (child?.removed) (found.removed ??= {})[element] = child.removed;
}

/** The parent itself is a member where it is new as a whole, or gone. */
function withParent(found: Found, old: unknown, next: unknown): NodeDifference | undefined {
  const changed = old === undefined ? asMember(found.changed ?? leaf) : found.changed;
  const removed = next === undefined ? asMember(found.removed ?? leaf) : found.removed;
  if (!changed && !removed) return undefined;
  return { ...(changed && { changed }), ...(removed && { removed }) };
}
