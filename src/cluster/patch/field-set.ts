// Sets of fields of an object, in the very form in which metadata.managedFields stores them (FieldsV1):
// nested keys such as `f:spec`, `k:{"name":"c"}` and `v:"a"`. A node without children is a member of
// the set; one with children is a member if it has the key "." too. Sets are never changed in place,
// so objects, and the versions of one object, share them.
import type { FieldsV1 } from "../../resources/object.ts";

/** A set, or one node of it. As a whole set, `{}` is empty; as a node, it is a member. */
export type FieldSet = FieldsV1;

export const emptySet: FieldSet = Object.freeze({});
/** A node that is a member and has no children. */
export const leaf: FieldSet = emptySet;

export function isEmptySet(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

export function isMember(node: FieldSet): boolean {
  return isEmptySet(node) || node["."] !== undefined;
}

export function asMember(node: FieldSet): FieldSet {
  return isMember(node) ? node : { ".": leaf, ...node };
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptySet(right)) return left;
  if (isEmptySet(left)) return right;
  let joined: Record<string, FieldSet> | undefined;
  for (const [element, node] of Object.entries(right)) {
    const old = left[element];
    const next = old === undefined ? node : unionOfNodes(old, node);
    if (next !== old) (joined ??= { ...left })[element] = next;
  }
  return joined ?? left;
}

function unionOfNodes(left: FieldSet, right: FieldSet): FieldSet {
  const joined = union(left, right);
  return isMember(left) || isMember(right) ? asMember(joined) : joined;
}

/** What is in `left` and not in `right`; a member of `right` says nothing about what is below it. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right)) return left;
  let rest: Record<string, FieldSet> | undefined;
  for (const [element, node] of Object.entries(left)) {
    const other = right[element];
    if (other === undefined || element === ".") continue;
    const next = differenceOfNodes(node, other);
    if (next === node) continue;
    rest ??= { ...left };
    if (next) rest[element] = next;
    else delete rest[element];
  }
  return rest ?? left;
}

function differenceOfNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  const rest = difference(left, right);
  const stays = isMember(left) && !isMember(right);
  if (rest === left && (stays || !isMember(left))) return left;
  const { ".": _own, ...children } = rest;
  if (isEmptySet(children)) return stays ? leaf : undefined;
  return stays ? asMember(children) : children;
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  let common: Record<string, FieldSet> | undefined;
  for (const [element, node] of Object.entries(left)) {
    const other = right[element];
    if (other === undefined || element === ".") continue;
    const next = intersectionOfNodes(node, other);
    if (next) (common ??= {})[element] = next;
  }
  return common ?? emptySet;
}

function intersectionOfNodes(left: FieldSet, right: FieldSet): FieldSet | undefined {
  const children = intersection(left, right);
  if (isMember(left) && isMember(right)) return asMember(children);
  return isEmptySet(children) ? undefined : children;
}

/**
 * The members as paths in Kubernetes' notation, `.spec.containers[name="c"].image`: those of a level
 * first, then what is below it, each in order.
 */
export function pathsOf(set: FieldSet, prefix = ""): readonly string[] {
  const elements = Object.keys(set)
    .filter((element) => element !== ".")
    .sort();
  const below = (element: string): FieldSet => set[element] ?? leaf;
  return [
    ...elements
      .filter((element) => isMember(below(element)))
      .map((element) => prefix + elementText(element)),
    ...elements.flatMap((element) => pathsOf(below(element), prefix + elementText(element))),
  ];
}

/** How an element of a path is written in messages. */
export function elementText(element: string): string {
  const text = element.slice(2);
  if (element.startsWith("v:")) return `[=${text}]`;
  if (element.startsWith("i:")) return `[${text}]`;
  if (!element.startsWith("k:")) return `.${text}`;
  const key = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const parts = Object.entries(key).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `[${parts.join(",")}]`;
}

/** A field of an object, by its name. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** An item of a list that is a set of scalars. */
export function valueElement(value: unknown): string {
  return `v:${JSON.stringify(value)}`;
}

/** An item of a list of objects, by its keys; `names` are sorted. */
export function keyElement(names: readonly string[], values: readonly unknown[]): string {
  const parts = names.map(
    (name, index) => `${JSON.stringify(name)}:${JSON.stringify(values[index])}`,
  );
  return `k:{${parts.join(",")}}`;
}
