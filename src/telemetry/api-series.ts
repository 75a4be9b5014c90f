// The endpoints of the Prometheus API that say which series, labels and values there are.
import { labelValue, type Labels } from "../metrics/labels.ts";
import type { Series } from "../metrics/series.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { matchersOf } from "../promql/selectors.ts";
import { asJson, limited, writeLabels, type ApiData } from "./api-answer.ts";
import { ApiError } from "./api-error.ts";
import { limitParameter, selectorParameters, timeParameter } from "./api-parameters.ts";

export function series(parameters: URLSearchParams, store: SeriesStore): ApiData {
  if (!parameters.has("match[]")) throw new ApiError("bad_data", "no match[] parameter provided");
  const found = selected(parameters, store).map(({ labels }) => labels);
  const { items, warnings } = limited(inOrder(found), limitParameter(parameters));
  return { json: `[${items.map(writeLabels).join(",")}]`, warnings };
}

export function labelNames(parameters: URLSearchParams, store: SeriesStore): ApiData {
  const names = new Set<string>();
  if (isEverything(parameters)) for (const name of store.labelNames()) names.add(name);
  else
    for (const { labels } of selected(parameters, store))
      for (const name of Object.keys(labels)) names.add(name);
  return sorted(names, parameters);
}

/** `escaped` is the name as the address has it. */
export function labelValues(
  escaped: string,
  parameters: URLSearchParams,
  store: SeriesStore,
): ApiData {
  const name = unescapeName(escaped);
  if (name === "") throw new ApiError("bad_data", `invalid label name: ${JSON.stringify(name)}`);
  if (isEverything(parameters)) return sorted(new Set(store.labelValues(name)), parameters);
  const values = new Set(selected(parameters, store).map(({ labels }) => labelValue(labels, name)));
  values.delete("");
  return sorted(values, parameters);
}

/** Whether the store's index alone has the answer. */
function isEverything(parameters: URLSearchParams): boolean {
  const bounds = ["start", "end"].map((name) => timeParameter(parameters, name));
  return !parameters.has("match[]") && bounds.every((bound) => bound === undefined);
}

/** The series that any of the `match[]` selectors takes, or all of them if there is none. */
function selected(parameters: URLSearchParams, store: SeriesStore): readonly Series[] {
  const startMs = timeParameter(parameters, "start") ?? -Infinity;
  const untilMs = timeParameter(parameters, "end") ?? Infinity;
  if (untilMs < startMs)
    throw new ApiError("bad_data", "end timestamp must not be before start timestamp");
  // One millisecond less, because the store's ranges leave out their older end.
  const afterMs = startMs - 1;
  const selectors = selectorParameters(parameters, "match[]");
  if (selectors.length === 0) return store.select([], afterMs, untilMs);
  const found = new Set<Series>();
  for (const selector of selectors)
    for (const match of store.select(matchersOf(selector), afterMs, untilMs)) found.add(match);
  return [...found];
}

/** By name, then value, label after label. */
function inOrder(sets: readonly Labels[]): readonly Labels[] {
  const keyed = sets.map((labels) => ({ labels, key: orderKey(labels) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ labels }) => labels);
}

const orderKey = (labels: Labels): string =>
  Object.keys(labels)
    .toSorted()
    .map((name) => `${name}\0${labels[name]}\0`)
    .join("");

function sorted(texts: ReadonlySet<string>, parameters: URLSearchParams): ApiData {
  const { items, warnings } = limited([...texts].toSorted(), limitParameter(parameters));
  return { ...asJson(items), warnings };
}

/**
 * Prometheus 3's way to put any name into an address: after `U__`, two underscores stand for one and
 * `_1F600_` for the character of that number. A name that is not well-formed so is meant literally.
 */
export function unescapeName(name: string): string {
  if (!name.startsWith("U__")) return name;
  const body = name.slice("U__".length);
  if (!/^(?:[A-Za-z0-9:]|__|_[\da-fA-F]{1,6}_)*$/.test(body)) return name;
  let invalid = false;
  const text = body.replaceAll(/__|_([\da-fA-F]+)_/g, (_whole, digits: string | undefined) => {
    if (digits === undefined) return "_";
    const point = parseInt(digits, 16);
    invalid ||= point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff);
    return invalid ? "" : String.fromCodePoint(point);
  });
  return invalid ? name : text;
}
