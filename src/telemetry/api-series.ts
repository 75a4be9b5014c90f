// The endpoints of the Prometheus API that say which series, labels and values there are. Each of them
// may look at all series of the store, for each of many selectors, so it says how far it has come.
import { labelValue, type Labels } from "../metrics/labels.ts";
import type { Series } from "../metrics/series.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { matchersOf } from "../promql/selectors.ts";
import { asJson, limited, writeLabels, type ApiData } from "./api-answer.ts";
import { ApiError } from "./api-error.ts";
import { limitParameter, selectorOf, timeParameter } from "./api-parameters.ts";

/** Counts what is gone through, in numbers or characters; may throw to end it. */
export type Work = (count: number) => void;

export function series(parameters: URLSearchParams, store: SeriesStore, work: Work): ApiData {
  if (!parameters.has("match[]")) throw new ApiError("bad_data", "no match[] parameter provided");
  const found = selected(parameters, store, work).map(({ labels }) => labels);
  const { items, warnings } = limited(inOrder(found, work), limitParameter(parameters));
  const written = items.map((labels) => {
    const json = writeLabels(labels);
    work(json.length);
    return json;
  });
  return { json: `[${written.join(",")}]`, warnings };
}

export function labelNames(parameters: URLSearchParams, store: SeriesStore, work: Work): ApiData {
  const names = new Set<string>();
  if (isEverything(parameters)) for (const name of store.labelNames()) names.add(name);
  else
    for (const { labels } of selected(parameters, store, work))
      for (const name of Object.keys(labels)) names.add(name);
  return sorted(names, parameters);
}

/** `escaped` is the name as the address has it. */
export function labelValues(
  escaped: string,
  parameters: URLSearchParams,
  store: SeriesStore,
  work: Work,
): ApiData {
  const name = unescapeName(escaped);
  if (name === "") throw new ApiError("bad_data", `invalid label name: ${JSON.stringify(name)}`);
  if (isEverything(parameters)) return sorted(new Set(store.labelValues(name)), parameters);
  const found = selected(parameters, store, work);
  const values = new Set(found.map(({ labels }) => labelValue(labels, name)));
  values.delete("");
  return sorted(values, parameters);
}

/** Whether the store's index alone has the answer. */
function isEverything(parameters: URLSearchParams): boolean {
  const bounds = ["start", "end"].map((name) => timeParameter(parameters, name));
  return !parameters.has("match[]") && bounds.every((bound) => bound === undefined);
}

/** The series that any of the `match[]` selectors takes, or all of them if there is none. */
function selected(parameters: URLSearchParams, store: SeriesStore, work: Work): readonly Series[] {
  const startMs = timeParameter(parameters, "start") ?? -Infinity;
  const untilMs = timeParameter(parameters, "end") ?? Infinity;
  if (untilMs < startMs)
    throw new ApiError("bad_data", "end timestamp must not be before start timestamp");
  // One millisecond less, because the store's ranges leave out their older end.
  const afterMs = startMs - 1;
  const selectors = parameters.getAll("match[]");
  if (selectors.length === 0) return store.select([], afterMs, untilMs, work);
  const found = new Set<Series>();
  for (const text of selectors) {
    work(workOfParsing);
    const matchers = matchersOf(selectorOf(text, "match[]"));
    for (const match of store.select(matchers, afterMs, untilMs, work)) {
      work(1);
      found.add(match);
    }
  }
  return [...found];
}

/** What it costs to read a selector, next to looking at a number. */
const workOfParsing = 1000;

/** By name, then value, label after label. */
function inOrder(sets: readonly Labels[], work: Work): readonly Labels[] {
  const keyed = sets.map((labels) => {
    const key = orderKey(labels);
    work(key.length);
    return { labels, key };
  });
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
