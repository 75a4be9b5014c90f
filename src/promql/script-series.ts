// The series notation of test scripts: `name{label="value"} 1+2x3 _ stale`, a series and its samples
// at equal steps. It is the one of promqltest and of promtool's unit tests; native histograms and
// start timestamps, which our store does not hold, are refused by name.
import { labelsOf, metricNameLabel, type Labels } from "../metrics/labels.ts";
import { parseNumber, unquote } from "./literals.ts";

/** A number, nothing at this step, or the end of the series. */
export type Point = number | "gap" | "stale";

export type NotedSeries = { readonly labels: Labels; readonly points: readonly Point[] };

/** The script cannot be understood; the message says what, and the script's reader adds the line. */
export class ScriptFault extends Error {
  override readonly name = "ScriptFault";
}

/** More than any test needs, and little enough that a slip (`0x999999999`) does not fill the memory. */
const maxPoints = 100_000;

/** Throws ScriptFault for text that is no series with its points. */
export function parseSeries(text: string): NotedSeries {
  const { labels, rest } = parseLabels(text);
  if (/^\S*@st\b/.test(text)) throw new ScriptFault("start timestamps (@st) are not supported");
  if (rest !== "" && !/^\s/.test(rest))
    throw new ScriptFault(`expected a space before the values, got "${rest}"`);
  return { labels, points: parsePoints(rest.trim()) };
}

/**
 * `a` is one point, `axn` is a, and n times a again, `a+bxn` and `a-bxn` go on in steps of b, `_` is
 * a gap, `_xn` are n of them, `stale` is a marker of staleness.
 */
function parsePoints(text: string): readonly Point[] {
  if (text === "") return [];
  if (text.includes("{{")) throw new ScriptFault("native histograms ({{…}}) are not supported");
  const points: Point[] = [];
  for (const item of text.split(/\s+/)) {
    for (const point of pointsOf(item)) points.push(point);
    if (points.length > maxPoints)
      throw new ScriptFault(`a series may have at most ${maxPoints} points`);
  }
  return points;
}

function* pointsOf(item: string): Iterable<Point> {
  const [, body = item, count] = /^(.+)x(\d+)$/.exec(item) ?? [];
  const repeats = Number(count ?? 0);
  // One more than allowed is enough to notice, and does not take long.
  const last = Math.min(repeats, maxPoints);
  if (body === "_") {
    for (let index = count === undefined ? 0 : 1; index <= last; index++) yield "gap";
    return;
  }
  if (item === "stale") return yield "stale";
  const run = runPattern.exec(body);
  if (!run || (run[2] !== undefined && count === undefined))
    throw new ScriptFault(
      `expected a number, "_", "stale" or a run such as "1+2x3" as value of the series, got "${item}"`,
    );
  let value = parseNumber(run[1] ?? "") ?? NaN;
  const step = run[2] === undefined ? 0 : (parseNumber(run[2]) ?? NaN);
  for (let index = 0; index <= last; index++) {
    yield value;
    if (step !== 0) value += step;
  }
}

// Decimal only: in this notation 0x3 are four zeros.
const decimal = String.raw`(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const runPattern = new RegExp(`^([+-]?(?:${decimal}|inf|nan))([+-]${decimal})?$`, "i");

type Cursor = { readonly text: string; at: number };

/** The labels of `name{label="value"}`, and the text that follows them. */
function parseLabels(text: string): { readonly labels: Labels; readonly rest: string } {
  const cursor = { text, at: 0 };
  const pairs: [string, string][] = [];
  const name = take(cursor, /[A-Za-z_:][\w:]*/y);
  if (name !== undefined) pairs.push([metricNameLabel, name]);
  // Two braces are no labels, but a histogram as first value.
  take(cursor, /\s*(?=\{(?!\{))/y);
  if (take(cursor, /\{\s*/y) !== undefined) {
    while (take(cursor, /\s*\}/y) === undefined) {
      pairs.push(takePair(cursor));
      if (take(cursor, /\s*,\s*/y) === undefined && !/^\s*\}/.test(restOf(cursor)))
        throw new ScriptFault(`expected "," or "}" after a label, got "${restOf(cursor)}"`);
    }
  } else if (name === undefined) {
    throw new ScriptFault(`expected a series, as name{label="value"}, got "${text}"`);
  }
  const names = pairs.map(([label]) => label);
  const twice = names.find((label, index) => names.indexOf(label) < index);
  if (twice !== undefined) throw new ScriptFault(`the label ${twice} is given twice`);
  return { labels: labelsOf(pairs), rest: restOf(cursor) };
}

/** `label="value"`, `"label"="value"`, or a metric's name in quotes. */
function takePair(cursor: Cursor): [string, string] {
  const quoted = takeString(cursor);
  const label = quoted ?? take(cursor, /[A-Za-z_]\w*/y);
  const equals = label === undefined ? undefined : take(cursor, /\s*=\s*/y);
  if (quoted !== undefined && equals === undefined) return [metricNameLabel, quoted];
  const value = equals === undefined ? undefined : takeString(cursor);
  if (label === undefined || value === undefined)
    throw new ScriptFault(`expected label="value", got "${restOf(cursor)}"`);
  return [label, value];
}

function takeString(cursor: Cursor): string | undefined {
  const text = take(cursor, /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/y);
  if (text === undefined) return undefined;
  const value = unquote(text);
  if (value === undefined) throw new ScriptFault(`unknown escape in the string ${text}`);
  return value;
}

const restOf = ({ text, at }: Cursor): string => text.slice(at);

/** The text that the (sticky) pattern matches here, passed over; undefined if it does not match. */
function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}
