// The series of a line of exposition text: `name{label="value", …}`, or with the name in quotes among
// the labels, `{"my.name", "my.label"="value"}`. Read with care, because it is read once per series:
// what comes again is recognised by its text.
import { fault, quote } from "./exposition-fault.ts";
import { canonicalBound } from "./exposition-number.ts";
import { metricNameLabel, type Labels } from "./labels.ts";
import { copyOf } from "./string-copy.ts";

/** The types that `# TYPE` may give: the classic format has the first four and `untyped`. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "summary"
  | "gaugehistogram"
  | "info"
  | "stateset"
  | "unknown";

/**
 * The labels, with the name under `__name__`; one with an empty value is left out. `type` is the
 * family's: bounds of histograms and summaries are written as Prometheus 3 writes them. Throws
 * ExpositionFault. The strings may be slices of the text.
 */
export function parseSeriesText(text: string, type: MetricType = "unknown"): Labels {
  const labels = plainSeries(text) ?? carefully(text);
  const bound = boundLabels[type];
  if (bound !== undefined && labels[bound] !== undefined)
    labels[bound] = canonicalBound(labels[bound]);
  return labels;
}

function carefully(text: string): Record<string, string> {
  const reader: Reader = { text, at: 0 };
  const labels: Record<string, string> = {};
  const nameEnd = endOfName(text, 0, true);
  if (nameEnd > 0) labels[metricNameLabel] = text.slice(0, nameEnd);
  reader.at = nameEnd;
  skipBlanks(reader);
  if (text.charCodeAt(reader.at) === openBrace) readLabels(reader, labels);
  if (labels[metricNameLabel] === undefined || reader.at < text.length)
    fault(`expected a metric name, found ${quote(text)}`);
  return labels;
}

/**
 * Reads the form that programs write, `name{a="b",c="d"}` without blanks, escapes and empty values, by
 * searching for what separates instead of looking at each character. Undefined for all else, be it
 * right or wrong.
 */
function plainSeries(text: string): Record<string, string> | undefined {
  const open = text.indexOf("{");
  if (open < 1 || text.includes("\\") || endOfName(text, 0, true) !== open) return undefined;
  const labels: Record<string, string> = { [metricNameLabel]: text.slice(0, open) };
  for (let at = open + 1; ;) {
    const separator = text.indexOf("=", at);
    const name = knownName(text.slice(at, separator));
    const end = text.indexOf('"', separator + 2);
    if (name === undefined || text.charCodeAt(separator + 1) !== quoteMark) return undefined;
    if (end <= separator + 2 || labels[name] !== undefined) return undefined;
    labels[name] = text.slice(separator + 2, end);
    const next = text.charCodeAt(end + 1);
    if (next === closeBrace) return end + 2 === text.length ? labels : undefined;
    if (next !== comma) return undefined;
    at = end + 2;
  }
}

/**
 * The few names that labels have, each as one string, which makes it fast as a key. Undefined if it is
 * no name, or one with a meaning of its own to JavaScript.
 */
function knownName(slice: string): string | undefined {
  const known = names.get(slice);
  if (known !== undefined) return known;
  if (slice === "" || endOfName(slice, 0, false) !== slice.length || slice === "__proto__")
    return undefined;
  if (names.size >= maxNames) names.clear();
  const name = copyOf(slice);
  names.set(name, name);
  return name;
}

const names = new Map<string, string>();
const maxNames = 1000;

/**
 * Where the labels of an exemplar end: those are of the same form, without a name among them. `at` is
 * that of the opening brace. Throws ExpositionFault.
 */
export function skipLabels(text: string, at: number): number {
  const reader: Reader = { text, at };
  // The name is taken, so a quoted text without a value is none.
  readLabels(reader, { [metricNameLabel]: "exemplar" });
  return reader.at;
}

/** Backslash escapes of label values, and but for the quotes those of help texts too. */
export function unescapeText(raw: string, quotes: boolean): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\([\s\S])/g, (whole, char: string) => {
    if (char === "n") return "\n";
    if (char === "\\" || (quotes && char === '"')) return char;
    return whole;
  });
}

/** Which label holds a bound, by the family's type. */
const boundLabels: Partial<Record<MetricType, string>> = { histogram: "le", summary: "quantile" };

type Reader = { readonly text: string; at: number };

const quoteMark = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const equals = 0x3d;

function readLabels(reader: Reader, labels: Record<string, string>): void {
  const { text } = reader;
  const empty: string[] = [];
  reader.at++;
  for (;;) {
    skipBlanks(reader);
    const char = text.charCodeAt(reader.at);
    if (char === closeBrace) break;
    const quoted = char === quoteMark;
    const name = quoted ? readQuoted(reader) : readLabelName(reader);
    skipBlanks(reader);
    if (text.charCodeAt(reader.at) === equals) readLabelValue(reader, name, labels, empty);
    else if (!quoted) fault(`expected "=" after label ${quote(name)}`);
    else if (labels[metricNameLabel] !== undefined)
      fault(`metric name already set, found ${quote(name)} without "="`);
    else if (name === "") fault("a metric name must not be empty");
    else labels[metricNameLabel] = name;
    skipBlanks(reader);
    const next = text.charCodeAt(reader.at);
    if (next === comma) reader.at++;
    else if (next !== closeBrace) fault(`expected "," or "}" after label ${quote(name)}`);
  }
  reader.at++;
}

function readLabelValue(
  reader: Reader,
  name: string,
  labels: Record<string, string>,
  empty: string[],
): void {
  reader.at++;
  skipBlanks(reader);
  if (reader.text.charCodeAt(reader.at) !== quoteMark)
    fault(`expected a quoted value of label ${quote(name)}`);
  const value = readQuoted(reader);
  if (name === "") fault("a label name must not be empty");
  if (name === "__proto__") fault('a label must not be called "__proto__"');
  // Every object has a "constructor", which makes it no label.
  if ((labels[name] !== undefined && Object.hasOwn(labels, name)) || empty.includes(name))
    fault(`label name ${quote(name)} is not unique`);
  if (value === "") empty.push(name);
  else labels[name] = value;
}

function readLabelName(reader: Reader): string {
  const end = endOfName(reader.text, reader.at, false);
  if (end === reader.at) {
    const found = reader.text.slice(reader.at, reader.at + 1);
    fault(`expected a label name, found ${found === "" ? "the end" : quote(found)}`);
  }
  const name = reader.text.slice(reader.at, end);
  reader.at = end;
  return name;
}

/** Letters, digits (not first), `_`, and in metric names `:`. */
function endOfName(text: string, start: number, colons: boolean): number {
  let at = start;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    const lower = char | 0x20;
    if (lower >= 0x61 && lower <= 0x7a) continue;
    if (char === 0x5f || (colons && char === 0x3a)) continue;
    if (char >= 0x30 && char <= 0x39 && at > start) continue;
    break;
  }
  return at;
}

/** Begins at the opening quote; the escapes are `\\`, `\"` and `\n`. */
function readQuoted(reader: Reader): string {
  const { text } = reader;
  const start = reader.at + 1;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === backslash) at++;
    else if (char === quoteMark) {
      reader.at = at + 1;
      return unescapeText(text.slice(start, at), true);
    }
  }
  return fault("a quoted string is not closed");
}

function skipBlanks(reader: Reader): void {
  for (;;) {
    const char = reader.text.charCodeAt(reader.at);
    if (char !== 0x20 && char !== 0x09) return;
    reader.at++;
  }
}
