// Reads the text in which programs expose their metrics: Prometheus' classic format and OpenMetrics.
// One pass by hand over the characters, because a page is read every second from every pod, and only
// as deep as needed: the labels of a series are read when its text is new to whoever asks. Exemplars
// are checked and passed over. A page with any fault is no page: callers must not use part of it.
import { ExpositionFault, fault, quote } from "./exposition-fault.ts";
import { parseGoFloat } from "./exposition-number.ts";
import { parseSeriesText, skipLabels, unescapeText, type MetricType } from "./exposition-series.ts";
import type { Labels } from "./labels.ts";
import type { PageMemory } from "./page-memory.ts";
import { decodeUtf8, firstInvalidLine } from "./utf8.ts";

export type ExpositionFormat = "text" | "openmetrics";

/** A line as it is passed; the same object for all lines, so what is to stay must be copied. */
export type ScannedSample = {
  /** Name and labels as they stand on the line: a slice of the page, which it keeps in memory. */
  readonly series: string;
  readonly value: number;
  /** Undefined if the line has none. */
  readonly timeMs: number | undefined;
  /** Reads the labels; throws ExpositionFault, for the scan to tell with its line. */
  labels(): Labels;
};

export type MetadataField = "type" | "help" | "unit";

export type ExpositionVisitor = {
  sample(sample: ScannedSample): void;
  /** What `# TYPE`, `# HELP` and `# UNIT` say; when they say it twice the later one counts. */
  metadata?(name: string, field: MetadataField, text: string): void;
};

export type ExpositionError = { readonly line: number; readonly message: string };

/** The format that a response's Content-Type names; anything unknown is read as the classic text. */
export function expositionFormatOf(contentType: string | undefined): ExpositionFormat {
  return contentType?.trim().toLowerCase().startsWith("application/openmetrics-text") === true
    ? "openmetrics"
    : "text";
}

/**
 * Shows the visitor each line, up to the first fault, which is returned: undefined means that the page
 * is whole. An ExpositionFault that the visitor throws counts as one of the page. With the memory of the
 * target's last page, `series` of a known line is the string of then, which may be kept, and metadata is
 * told only when its line is new.
 */
export function scanExposition(
  bytes: Uint8Array,
  format: ExpositionFormat,
  visitor: ExpositionVisitor,
  memory?: PageMemory,
): ExpositionError | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined)
    return { line: firstInvalidLine(bytes), message: "the text is not valid UTF-8" };
  return scanText(text, format, visitor, memory);
}

function scanText(
  text: string,
  format: ExpositionFormat,
  visitor: ExpositionVisitor,
  memory?: PageMemory,
): ExpositionError | undefined {
  const page = new Page(text, format, visitor, memory);
  let line = 0;
  let ended = false;
  memory?.begin(format);
  try {
    while (page.at < text.length) {
      line++;
      if (ended) fault("unexpected data after # EOF");
      if (isAsRemembered(page)) continue;
      const first = text.charCodeAt(page.at);
      if (first === hash) ended = readComment(page);
      else if (first > space || format === "openmetrics") readSample(page);
      else if (!isBlankLine(page)) readSample(page);
    }
    line++;
    if (format === "openmetrics" && !ended)
      fault("data does not end with # EOF; the page may be cut off");
    return undefined;
  } catch (error) {
    if (error instanceof ExpositionFault) return { line, message: error.message };
    throw error;
  } finally {
    memory?.end();
  }
}

/** `labels` include the name under `__name__`. */
export type ExposedSample = {
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs?: number;
};

export type MetricFamily = Readonly<Partial<Record<MetadataField, string>>>;

export type Exposition = {
  readonly samples: readonly ExposedSample[];
  /** By the name that `# TYPE` and its like give. */
  readonly families: ReadonlyMap<string, MetricFamily>;
  /** The first fault, if there is any. */
  readonly errors: readonly ExpositionError[];
};

/** All that a page says; for pages that are read once. */
export function parseExposition(text: string, format: ExpositionFormat = "text"): Exposition {
  const samples: ExposedSample[] = [];
  const families = new Map<string, MetricFamily>();
  const error = scanText(text, format, {
    sample(sample) {
      const { value, timeMs } = sample;
      const labels = sample.labels();
      samples.push(timeMs === undefined ? { labels, value } : { labels, value, timeMs });
    },
    metadata: (name, field, said) =>
      void families.set(name, { ...families.get(name), [field]: said }),
  });
  return { samples, families, errors: error ? [error] : [] };
}

/** The text, where the reader is, and what it found there. */
class Page implements ScannedSample {
  readonly text: string;
  readonly format: ExpositionFormat;
  readonly visitor: ExpositionVisitor;
  readonly memory: PageMemory | undefined;
  at = 0;
  series = "";
  value = 0;
  timeMs: number | undefined;
  /** What the last `# TYPE` said. */
  type: MetricType = "unknown";

  constructor(
    text: string,
    format: ExpositionFormat,
    visitor: ExpositionVisitor,
    memory: PageMemory | undefined,
  ) {
    this.text = text;
    this.format = format;
    this.visitor = visitor;
    this.memory = memory;
  }

  labels(): Labels {
    return parseSeriesText(this.series, this.type);
  }
}

const newline = 0x0a;
const space = 0x20;
const tab = 0x09;
const hash = 0x23;
const quoteMark = 0x22;
const point = 0x2e;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Whether the line is the one that stood here last time; then it is dealt with. */
function isAsRemembered(page: Page): boolean {
  const known = page.memory?.expected();
  if (!known) return false;
  const end = page.at + known.text.length;
  const next = page.text.charCodeAt(end);
  if (known.isComment ? next !== newline : next !== space || !beginsWord(page.text, end + 1))
    return false;
  if (page.text.slice(page.at, end) !== known.text) return false;
  page.memory?.confirm();
  page.at = end;
  if (known.isComment) {
    page.type = known.type ?? page.type;
    page.at++;
  } else {
    page.series = known.text;
    readRestOfSample(page);
  }
  return true;
}

/** After further blanks there may be labels: what was the whole of a series is the name of another. */
function beginsWord(text: string, at: number): boolean {
  const char = text.charCodeAt(at);
  return char > space && char !== openBrace;
}

/** From the line's beginning past its end. */
function readSample(page: Page): void {
  skipBlanks(page);
  if (!beginsSeries(page.text.charCodeAt(page.at))) {
    const line = page.text.slice(page.at, endOfLine(page.text, page.at));
    fault(`expected a valid start token, found ${quote(line)}`);
  }
  const start = page.at;
  page.at = endOfSeries(page.text, start);
  page.series = page.text.slice(start, page.at);
  if (page.memory) page.series = rememberedSeries(page.memory, page.series);
  readRestOfSample(page);
}

function rememberedSeries(memory: PageMemory, text: string): string {
  const known = memory.recall(text) ?? memory.learn({ text, isComment: false, type: undefined });
  return known.text;
}

/** What comes after the series; then the visitor sees the line. */
function readRestOfSample(page: Page): void {
  skipBlanks(page);
  page.value = readValue(page);
  page.timeMs = undefined;
  if (!isLineEnd(page)) {
    skipBlanks(page);
    if (!isLineEnd(page)) readAfterValue(page);
  }
  page.at++;
  page.visitor.sample(page);
}

const beginsSeries = (char: number): boolean =>
  (char >= 0x61 && char <= 0x7b) ||
  (char >= 0x41 && char <= 0x5a) ||
  char === 0x5f ||
  char === 0x3a;

/** Only as much as is needed to find the end; what is within is checked when the labels are read. */
function endOfSeries(text: string, start: number): number {
  let at = start;
  let char = text.charCodeAt(at);
  while (char > space && char !== openBrace) char = text.charCodeAt(++at);
  const nameEnd = at;
  while (char === space || char === tab) char = text.charCodeAt(++at);
  if (char !== openBrace) return nameEnd;
  for (;;) {
    char = text.charCodeAt(++at);
    if (char === closeBrace) return at + 1;
    if (char === quoteMark) at = endOfQuoted(text, at);
    else if (!(char >= space || char === tab)) fault('expected "}" after the labels');
  }
}

/** Of the closing quote; a line's end within quotes is none in either format. */
function endOfQuoted(text: string, start: number): number {
  let at = start;
  for (;;) {
    const char = text.charCodeAt(++at);
    if (char === quoteMark) return at;
    if (char === backslash && text.charCodeAt(at + 1) !== newline) at++;
    else if (char === newline || at >= text.length) fault("a quoted string is not closed");
  }
}

/**
 * Most values are short decimals, and reading those without cutting a string out is worth its lines:
 * up to 15 digits, with or without a point, both parts of the quotient are exact, and so it is rounded
 * once, as it ought to be.
 */
function readValue(page: Page): number {
  const { text } = page;
  const start = page.at;
  let at = start;
  let digits = 0;
  let decimals = -1;
  let char = text.charCodeAt(at);
  for (; at - start < 16; char = text.charCodeAt(++at)) {
    if (char >= 0x30 && char <= 0x39) {
      digits = digits * 10 + (char - 0x30);
      if (decimals >= 0) decimals++;
    } else if (char === point && decimals < 0) decimals = 0;
    else break;
  }
  const length = at - start - (decimals >= 0 ? 1 : 0);
  if (length > 0 && length <= 15 && isBlankOrEnd(char)) {
    page.at = at;
    return decimals > 0 ? digits / (powersOfTen[decimals] ?? NaN) : digits;
  }
  const word = readWord(page);
  if (word === "") {
    const found = text.slice(start, endOfLine(text, start));
    fault(`expected value after metric${found === "" ? "" : `, found ${quote(found)}`}`);
  }
  return floatOf(word, "value");
}

const powersOfTen = Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

function floatOf(word: string, what: string): number {
  const value = parseGoFloat(word);
  if (typeof value === "number") return value;
  if (word.endsWith("\r")) fault(`expected ${what}, found ${quote(word)}: lines end in \\n alone`);
  return fault(`expected ${what}: ${value}`);
}

/** A timestamp, and in OpenMetrics an exemplar. */
function readAfterValue(page: Page): void {
  if (page.text.charCodeAt(page.at) !== hash) {
    const word = readWord(page);
    page.timeMs = page.format === "openmetrics" ? secondsToMs(word) : wholeMs(word);
    skipBlanks(page);
    if (isLineEnd(page)) return;
  }
  if (page.format === "openmetrics" && page.text.startsWith("# {", page.at)) readExemplar(page);
  if (isLineEnd(page)) return;
  const rest = page.text.slice(page.at, endOfLine(page.text, page.at));
  fault(`expected timestamp or new record, found ${quote(rest)}`);
}

function wholeMs(word: string): number {
  const timeMs = /^[+-]?\d+$/.test(word) ? Number(word) : NaN;
  if (Math.abs(timeMs) < 2 ** 63) return timeMs;
  return fault(`expected timestamp in milliseconds: parsing ${quote(word)}`);
}

function secondsToMs(word: string): number {
  const seconds = floatOf(word, "timestamp in seconds");
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : fault(`invalid timestamp ${word}`);
}

/** `# {trace_id="…"} 0.67 1520879607.789` */
function readExemplar(page: Page): void {
  page.at = skipLabels(page.text, page.at + 2);
  skipBlanks(page);
  floatOf(readWord(page), "value of the exemplar");
  skipBlanks(page);
  if (isLineEnd(page)) return;
  secondsToMs(readWord(page));
  skipBlanks(page);
}

function readWord(page: Page): string {
  const start = page.at;
  while (!isBlankOrEnd(page.text.charCodeAt(page.at))) page.at++;
  return page.text.slice(start, page.at);
}

/** At the page's end charCodeAt gives NaN. */
const isBlankOrEnd = (char: number): boolean =>
  char === space || char === tab || char === newline || Number.isNaN(char);

function skipBlanks(page: Page): void {
  for (;;) {
    const char = page.text.charCodeAt(page.at);
    if (char !== space && char !== tab) return;
    page.at++;
  }
}

function isLineEnd(page: Page): boolean {
  const char = page.text.charCodeAt(page.at);
  return char === newline || Number.isNaN(char);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** Of the classic format; passes over it if it is one. */
function isBlankLine(page: Page): boolean {
  skipBlanks(page);
  if (!isLineEnd(page)) return false;
  page.at++;
  return true;
}

/** Past the line's end; returns whether this was the `# EOF` of OpenMetrics. */
function readComment(page: Page): boolean {
  const end = endOfLine(page.text, page.at);
  const line = page.text.slice(page.at, end);
  page.at = end + 1;
  const open = page.format === "openmetrics";
  if (open && line === "# EOF") return true;
  const known = page.memory?.recall(line);
  if (known) {
    page.type = known.type ?? page.type;
    return false;
  }
  const match = (open ? openComment : classicComment).exec(line);
  if (match) readMetadata(page, match[1] ?? "", match[2] ?? "");
  // The classic format has free comments; OpenMetrics has none.
  else if (open) fault(`expected HELP, TYPE, UNIT or EOF after "# ", found ${quote(line)}`);
  const type = match?.[1] === "TYPE" ? page.type : undefined;
  page.memory?.learn({ text: line, isComment: true, type });
  return false;
}

const classicComment = /^#[ \t]+(HELP|TYPE)[ \t]+(.*)$/s;
const openComment = /^# (HELP|TYPE|UNIT) (.*)$/s;

/** A family's name, quoted if it has other characters than a name has had, and what is said of it. */
const nameAndText = /^(?:"((?:[^"\\]|\\.)+)"|([a-zA-Z_:][a-zA-Z0-9_:]*))(?:[ \t]+(.*))?$/s;

function readMetadata(page: Page, keyword: string, rest: string): void {
  const match = nameAndText.exec(rest);
  if (!match) return fault(`expected metric name after ${keyword}, found ${quote(rest)}`);
  const name = match[1] === undefined ? (match[2] ?? "") : unescapeText(match[1], true);
  const text = match[3] ?? "";
  if (keyword === "TYPE") {
    page.type = metricType(text.trim(), page.format);
    page.visitor.metadata?.(name, "type", page.type);
  } else if (keyword === "HELP")
    page.visitor.metadata?.(name, "help", unescapeText(text, page.format === "openmetrics"));
  else {
    if (text !== "" && !name.endsWith(`_${text}`))
      fault(`unit ${quote(text)} not a suffix of metric ${quote(name)}`);
    page.visitor.metadata?.(name, "unit", text);
  }
}

function metricType(word: string, format: ExpositionFormat): MetricType {
  if (format === "text" && word === "untyped") return "unknown";
  const known = format === "text" ? metricTypes.slice(0, classicTypes) : metricTypes;
  return known.find((type) => type === word) ?? fault(`invalid metric type ${quote(word)}`);
}

const classicTypes = 4;
const metricTypes: readonly MetricType[] = [
  "counter",
  "gauge",
  "histogram",
  "summary",
  "gaugehistogram",
  "info",
  "stateset",
  "unknown",
];
