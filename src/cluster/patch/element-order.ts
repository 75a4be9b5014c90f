// The order of a list that a strategic merge patch has joined from what the client sent and what only
// the server had.
import { isJsonObject } from "../../lib/json.ts";

/**
 * Items that the client names in `order` stand in its order. Each that only the server has stands
 * before the first of them that it stood before in `former`; where nothing says so, the client's come
 * first. So a patch of one new container puts it before the others, as upstream.
 */
export function inOrder(
  items: readonly unknown[],
  order: readonly unknown[],
  former: readonly unknown[],
  mergeKey: string | undefined,
): readonly unknown[] {
  const wanted = placesIn(order, mergeKey);
  const before = placesIn(former, mergeKey);
  const placeIn = (places: ReadonlyMap<string, number>, item: unknown): number | undefined =>
    places.get(identityOf(item, mergeKey));
  const named = items
    .filter((item) => placeIn(wanted, item) !== undefined)
    .toSorted((left, right) => (placeIn(wanted, left) ?? 0) - (placeIn(wanted, right) ?? 0));
  const others = items.filter((item) => placeIn(wanted, item) === undefined);
  const result: unknown[] = [];
  let other = 0;
  for (const item of named) {
    const stood = placeIn(before, item);
    for (; other < others.length; other++) {
      const otherStood = placeIn(before, others[other]);
      if (stood === undefined || otherStood === undefined || otherStood > stood) break;
      result.push(others[other]);
    }
    result.push(item);
  }
  return [...result, ...others.slice(other)];
}

/** Whether the items stand in `order`, all of them and in the same sequence. */
export function followsOrder(
  items: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): boolean {
  const places = placesIn(order, mergeKey);
  let last = -1;
  return items.every((item) => {
    const place = places.get(identityOf(item, mergeKey));
    if (place === undefined || place < last) return false;
    last = place;
    return true;
  });
}

function placesIn(
  list: readonly unknown[],
  mergeKey: string | undefined,
): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const identity = identityOf(item, mergeKey);
    if (!places.has(identity)) places.set(identity, index);
  }
  return places;
}

/** A client names items of keyed lists by their key alone, within an object. */
function identityOf(item: unknown, mergeKey: string | undefined): string {
  const named = mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item;
  return JSON.stringify(named) ?? "";
}
