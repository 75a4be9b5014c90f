// Reads the text in which programs expose their metrics: Prometheus' classic format and OpenMetrics.
// One pass by hand over the characters, because a page is read every second from every pod.
// Exemplars are skipped. A page with any fault is no page: callers must not use part of it.
import { metricNameLabel, type Labels } from "./labels.ts";

export type ExpositionFormat = "text" | "openmetrics";

/** `labels` include the name under `__name__`. */
export type ExposedSample = {
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs?: number;
};

export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "summary"
  | "untyped"
  | "unknown"
  | "info"
  | "stateset"
  | "gaugehistogram";

export type MetricFamily = {
  readonly type?: MetricType;
  readonly help?: string;
  readonly unit?: string;
};

export type ExpositionError = { readonly line: number; readonly message: string };

export type Exposition = {
  readonly samples: readonly ExposedSample[];
  /** By the name that `# TYPE` and its like give. */
  readonly families: ReadonlyMap<string, MetricFamily>;
  /** The first faults, at most one a line; empty if the page is good. */
  readonly errors: readonly ExpositionError[];
};

/** A page of another kind (HTML, say) has a fault on each line; a few tell enough. */
const maxErrors = 10;

/** The format that a response's Content-Type names; anything unknown is read as the classic text. */
export function expositionFormatOf(contentType: string | undefined): ExpositionFormat {
  return contentType?.trim().toLowerCase().startsWith("application/openmetrics-text") === true
    ? "openmetrics"
    : "text";
}

export function parseExposition(text: string, format: ExpositionFormat = "text"): Exposition {
  const page: Page = { text, format, at: 0, end: 0 };
  const samples: ExposedSample[] = [];
  const families = new Map<string, MetricFamily>();
  const errors: ExpositionError[] = [];
  let line = 0;
  let ended = false;
  while (page.at < text.length && errors.length < maxErrors) {
    line++;
    const newline = text.indexOf("\n", page.at);
    page.end = newline < 0 ? text.length : newline;
    try {
      if (ended) fail("unexpected text after # EOF");
      const first = text.charCodeAt(page.at);
      if (first === hash) ended = readComment(page, families);
      else if (!isBlankLine(page)) samples.push(readSample(page));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      errors.push({ line, message: error.message });
    }
    page.at = page.end + 1;
  }
  if (format === "openmetrics" && !ended && errors.length === 0)
    errors.push({ line: line + 1, message: "the page does not end with # EOF; it may be cut off" });
  return { samples, families, errors };
}

/** The text, where the reader is, and where the current line ends. */
type Page = { readonly text: string; readonly format: ExpositionFormat; at: number; end: number };

/** Leaves the line; caught once per line and turned into an ExpositionError. */
class Fault extends Error {}

function fail(message: string): never {
  throw new Fault(message);
}

const hash = 0x23;
const quoteMark = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const equals = 0x3d;

function readSample(page: Page): ExposedSample {
  const { text } = page;
  const labels: Record<string, string> = {};
  const nameEnd = endOfName(page, true);
  if (nameEnd > page.at) labels[metricNameLabel] = text.slice(page.at, nameEnd);
  page.at = nameEnd;
  skipBlanks(page);
  if (text.charCodeAt(page.at) === openBrace && page.at < page.end) readLabels(page, labels);
  if (labels[metricNameLabel] === undefined)
    fail(`expected a metric name, found ${JSON.stringify(text.slice(page.at, page.at + 20))}`);
  const value = readValue(page);
  const timeMs = readTimestamp(page);
  if (page.at < page.end) readExemplar(page);
  return timeMs === undefined ? { labels, value } : { labels, value, timeMs };
}

function readLabels(page: Page, labels: Record<string, string>): void {
  const { text } = page;
  page.at++;
  for (;;) {
    skipBlanks(page);
    if (page.at >= page.end) fail('expected "}" after the labels');
    const char = text.charCodeAt(page.at);
    if (char === closeBrace) break;
    const quoted = char === quoteMark;
    const name = quoted ? readQuoted(page) : readLabelName(page);
    skipBlanks(page);
    if (text.charCodeAt(page.at) === equals) {
      page.at++;
      skipBlanks(page);
      if (text.charCodeAt(page.at) !== quoteMark)
        fail(`expected a quoted value of label "${name}"`);
      const value = readQuoted(page);
      if (Object.hasOwn(labels, name)) fail(`label "${name}" is given twice`);
      if (name === "__proto__") fail('a label must not be called "__proto__"');
      if (value !== "") labels[name] = value;
    } else if (quoted && labels[metricNameLabel] === undefined) {
      labels[metricNameLabel] = name;
    } else fail(`expected "=" after label "${name}"`);
    skipBlanks(page);
    const next = text.charCodeAt(page.at);
    if (next === comma) page.at++;
    else if (next !== closeBrace || page.at >= page.end)
      fail(`expected "," or "}" after label "${name}"`);
  }
  page.at++;
}

function readLabelName(page: Page): string {
  const end = endOfName(page, false);
  if (end === page.at)
    fail(`expected a label name, found ${JSON.stringify(page.text[page.at] ?? "")}`);
  const name = page.text.slice(page.at, end);
  page.at = end;
  return name;
}

/** Letters, digits (not first), `_`, and in metric names `:`. */
function endOfName(page: Page, colons: boolean): number {
  const { text, end } = page;
  let at = page.at;
  for (; at < end; at++) {
    const char = text.charCodeAt(at);
    const lower = char | 0x20;
    if (lower >= 0x61 && lower <= 0x7a) continue;
    if (char === 0x5f || (colons && char === 0x3a)) continue;
    if (char >= 0x30 && char <= 0x39 && at > page.at) continue;
    break;
  }
  return at;
}

/** Begins at the opening quote; the escapes are `\\`, `\"` and `\n`. */
function readQuoted(page: Page): string {
  const { text, end } = page;
  const start = page.at + 1;
  let escaped = false;
  for (let at = start; at < end; at++) {
    const char = text.charCodeAt(at);
    if (char === backslash) {
      escaped = true;
      at++;
    } else if (char === quoteMark) {
      page.at = at + 1;
      const raw = text.slice(start, at);
      return escaped ? unescape(raw, true) : raw;
    }
  }
  return fail("a quoted string is not closed");
}

function unescape(raw: string, quotes: boolean): string {
  return raw.replace(/\\([\s\S])/g, (whole, char: string) => {
    if (char === "n") return "\n";
    if (char === "\\" || (quotes && char === '"')) return char;
    return whole;
  });
}

function readValue(page: Page): number {
  const start = skipBlanks(page);
  const { text, end } = page;
  // Most values are short integers; reading those without cutting a string out is worth its lines.
  let integer = 0;
  let at = start;
  for (; at < end && at - start < 15; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) break;
    integer = integer * 10 + digit;
  }
  if (at > start && (at === end || isBlank(text.charCodeAt(at)))) {
    page.at = at;
    return integer;
  }
  return toFloat(readWord(page), "value");
}

function readTimestamp(page: Page): number | undefined {
  skipBlanks(page);
  if (page.at >= page.end || page.text.charCodeAt(page.at) === hash) return undefined;
  const word = readWord(page);
  skipBlanks(page);
  if (page.format === "openmetrics") return Math.round(toFloat(word, "timestamp") * 1000);
  if (!/^[+-]?\d+$/.test(word)) fail(`expected a timestamp in milliseconds, found "${word}"`);
  return Number(word);
}

/** `# {trace_id="…"} 0.67 1520879607.789`; it is checked no further than its beginning. */
function readExemplar(page: Page): void {
  if (page.format === "openmetrics" && page.text.startsWith("# {", page.at)) return;
  fail(`unexpected text after the value: ${JSON.stringify(page.text.slice(page.at, page.end))}`);
}

/** Go's floats: decimal, `Inf` and `NaN` in any case; Number alone would take an empty text too. */
function toFloat(word: string, what: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word)) return Number(word);
  if (/^[+-]?inf(?:inity)?$/i.test(word)) return word.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(word)) return NaN;
  return fail(word === "" ? `expected a ${what}` : `expected a ${what}, found "${word}"`);
}

function readWord(page: Page): string {
  const start = page.at;
  while (page.at < page.end && !isBlank(page.text.charCodeAt(page.at))) page.at++;
  return page.text.slice(start, page.at);
}

const isBlank = (char: number): boolean => char === 0x20 || char === 0x09;

function skipBlanks(page: Page): number {
  while (page.at < page.end && isBlank(page.text.charCodeAt(page.at))) page.at++;
  return page.at;
}

function isBlankLine(page: Page): boolean {
  skipBlanks(page);
  return page.at >= page.end && page.format === "text";
}

/** Returns whether this was the `# EOF` of OpenMetrics. */
function readComment(page: Page, families: Map<string, MetricFamily>): boolean {
  const line = page.text.slice(page.at, page.end);
  if (page.format === "openmetrics" && line === "# EOF") return true;
  const match = /^#[ \t]+(HELP|TYPE|UNIT)[ \t]+("(?:[^"\\]|\\.)*"|\S+)(?:[ \t]+(.*))?$/.exec(line);
  if (!match) {
    // The classic format has free comments; OpenMetrics has none.
    if (page.format === "openmetrics") fail("expected HELP, TYPE, UNIT or EOF after #");
    return false;
  }
  const [, keyword, word = "", rest = ""] = match;
  const name = word.startsWith('"') ? unescape(word.slice(1, -1), true) : word;
  const family = families.get(name) ?? {};
  if (keyword === "HELP") families.set(name, { ...family, help: unescape(rest, false) });
  else if (keyword === "UNIT") families.set(name, { ...family, unit: rest });
  else families.set(name, { ...family, type: metricType(rest.trim()) });
  return false;
}

function metricType(word: string): MetricType {
  const type = metricTypes.find((known) => known === word);
  return type ?? fail(`unknown metric type "${word}"`);
}

const metricTypes: readonly MetricType[] = [
  "counter",
  "gauge",
  "histogram",
  "summary",
  "untyped",
  "unknown",
  "info",
  "stateset",
  "gaugehistogram",
];
