// Kubernetes' functions on text: the string extensions of CEL, and regular expressions in Go's dialect.
import { goPattern } from "../schema/go-pattern.ts";
import { allMatches, firstMatch, patternMatches, type Pattern } from "../schema/pattern-match.ts";
import type { FunctionTable } from "./function-table.ts";

/**
 * The names under which methods are called that the library has too: its `matches` reads JavaScript's
 * dialect, and what it joins and splits may be longer than this process can bear.
 */
export const ownMethods: ReadonlyMap<string, string> = new Map([
  ["matches", "matchesPattern"],
  ["join", "joinTexts"],
  ["split", "splitText"],
]);

/** Longer than any object: a rule that needs it asks about something else. */
const textMax = 3 * 1024 * 1024;

export const stringFunctions: FunctionTable = {
  "string.matchesPattern(string): bool": (text: string, pattern: string) =>
    patternMatches(compiled(pattern), text),
  "matches(string, string): bool": (text: string, pattern: string) =>
    patternMatches(compiled(pattern), text),
  "string.find(string): string": (text: string, pattern: string) =>
    firstMatch(compiled(pattern), text),
  "string.findAll(string): list<string>": (text: string, pattern: string) =>
    allMatches(compiled(pattern), text, -1),
  "string.findAll(string, int): list<string>": (text: string, pattern: string, limit: bigint) =>
    allMatches(compiled(pattern), text, Number(limit)),
  "string.charAt(int): string": (text: string, index: bigint) => {
    const characters = Array.from(text);
    const at = Number(index);
    if (at < 0 || at > characters.length) throw new RangeError(`index out of range: ${at}`);
    return characters[at] ?? "";
  },
  "string.replace(string, string): string": (text: string, old: string, next: string) =>
    joined(split(text, old), next),
  "list<string>.joinTexts(): string": (list: readonly unknown[]) => joined(textsOf(list), ""),
  "list<string>.joinTexts(string): string": (list: readonly unknown[], separator: string) =>
    joined(textsOf(list), separator),
  "string.splitText(string): list<string>": split,
  "string.splitText(string, int): list<string>": (text: string, separator: string, limit: bigint) =>
    splitSome(text, separator, Number(limit)),
  "string.replace(string, string, int): string": (
    text: string,
    old: string,
    next: string,
    limit: bigint,
  ) => replaceSome(text, old, next, Number(limit)),
  "string.reverse(): string": (text: string) => Array.from(text).reverse().join(""),
  "string.format(list<dyn>): string": format,
  "string(google.protobuf.Timestamp): string": (time: Date) =>
    time.toISOString().replace(/\.?0*Z$/, "Z"),
  "string(google.protobuf.Duration): string": String,
  "int(google.protobuf.Timestamp): int": (time: Date) => BigInt(Math.floor(time.getTime() / 1000)),
};

function compiled(source: string): Pattern {
  const pattern = goPattern(source);
  if (pattern.kind === "problem") throw new RangeError(pattern.problem);
  return pattern;
}

function replaceSome(text: string, old: string, next: string, limit: number): string {
  const parts = split(text, old);
  if (limit < 0) return joined(parts, next);
  const replaced = joined(parts.slice(0, limit + 1), next);
  const rest = parts.slice(limit + 1);
  return rest.length === 0 ? replaced : joined([replaced, ...rest], old);
}

/** A negative limit means all; else the last piece is whatever is left. */
function splitSome(text: string, separator: string, limit: number): readonly string[] {
  if (limit === 0) return [];
  const parts = split(text, separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), joined(parts.slice(limit - 1), separator)];
}

function split(text: string, separator: string): readonly string[] {
  requireBearable(text.length);
  return text.split(separator);
}

function joined(texts: readonly string[], separator: string): string {
  const separators = separator.length * Math.max(0, texts.length - 1);
  requireBearable(texts.reduce((sum, { length }) => sum + length, separators));
  return texts.join(separator);
}

function requireBearable(length: number): void {
  if (length > textMax)
    throw new RangeError(`a text of ${length} characters is longer than the ${textMax} allowed`);
}

function textsOf(list: readonly unknown[]): readonly string[] {
  if (list.every((item) => typeof item === "string")) return list;
  throw new TypeError("join: the list must contain only strings");
}

/** `%s %d %f %e %b %o %x %X`, as CEL's own format. */
function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  let length = 0;
  const text = template.replace(/%(%|(?:\.(\d+))?([a-zA-Z]))/g, (whole, what, digits, verb) => {
    if (what === "%") return "%";
    if (next >= values.length) throw new RangeError(`index ${next} out of range`);
    const given = digits === undefined ? 6 : Number(digits);
    const formatted = formatOne(values[next++], String(verb), given, whole);
    requireBearable((length += formatted.length));
    return formatted;
  });
  return text;
}

function formatOne(value: unknown, verb: string, digits: number, whole: string): string {
  const number = typeof value === "bigint" || typeof value === "number" ? value : undefined;
  if (verb === "s") return textOf(value);
  if (verb === "d" && number !== undefined) return String(number);
  if (verb === "f" && number !== undefined) return Number(number).toFixed(digits);
  if (verb === "e" && number !== undefined) return exponent(Number(number), digits);
  if (verb === "b" && typeof value === "boolean") return value ? "1" : "0";
  if (verb === "b" && typeof value === "bigint") return value.toString(2);
  if (verb === "o" && typeof value === "bigint") return value.toString(8);
  if ((verb === "x" || verb === "X") && (typeof value === "bigint" || typeof value === "string")) {
    const hex = typeof value === "bigint" ? value.toString(16) : Buffer.from(value).toString("hex");
    return verb === "X" ? hex.toUpperCase() : hex;
  }
  throw new RangeError(`error during formatting: ${whole} does not fit the value given for it`);
}

function exponent(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${textOf(key)}: ${textOf(item)}`).join(", ")}}`;
  if (value instanceof Date) return value.toISOString().replace(/\.?0*Z$/, "Z");
  return String(value);
}
