// Kubernetes' functions on text: the string extensions of CEL, and regular expressions in Go's dialect.
import { goPattern } from "../schema/go-pattern.ts";
import type { FunctionTable } from "./function-table.ts";

/** The name under which `matches` is called: the library's own one reads JavaScript's dialect. */
export const matchesName = "matchesPattern";

export const stringFunctions: FunctionTable = {
  [`string.${matchesName}(string): bool`]: (text: string, pattern: string) =>
    compiled(pattern).test(text),
  "matches(string, string): bool": (text: string, pattern: string) => compiled(pattern).test(text),
  "string.find(string): string": (text: string, pattern: string) =>
    compiled(pattern).exec(text)?.[0] ?? "",
  "string.findAll(string): list<string>": (text: string, pattern: string) =>
    findAll(text, pattern, -1),
  "string.findAll(string, int): list<string>": (text: string, pattern: string, limit: bigint) =>
    findAll(text, pattern, Number(limit)),
  "string.charAt(int): string": (text: string, index: bigint) => {
    const characters = Array.from(text);
    const at = Number(index);
    if (at < 0 || at > characters.length) throw new RangeError(`index out of range: ${at}`);
    return characters[at] ?? "";
  },
  "string.replace(string, string): string": (text: string, old: string, next: string) =>
    text.split(old).join(next),
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

function compiled(source: string): RegExp {
  const pattern = goPattern(source);
  if (pattern.kind === "problem") throw new RangeError(pattern.problem);
  return pattern.regExp;
}

/** A negative limit means all. */
function findAll(text: string, source: string, limit: number): readonly string[] {
  const { flags, source: pattern } = compiled(source);
  const found: string[] = [];
  for (const [match] of text.matchAll(new RegExp(pattern, `${flags}g`))) {
    if (limit >= 0 && found.length >= limit) break;
    found.push(match);
  }
  return found;
}

function replaceSome(text: string, old: string, next: string, limit: number): string {
  if (limit < 0) return text.split(old).join(next);
  const parts = text.split(old);
  const replaced = parts.slice(0, limit + 1).join(next);
  const rest = parts.slice(limit + 1);
  return rest.length === 0 ? replaced : `${replaced}${old}${rest.join(old)}`;
}

/** `%s %d %f %e %b %o %x %X`, as CEL's own format. */
function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  const text = template.replace(/%(%|(?:\.(\d+))?([a-zA-Z]))/g, (whole, what, digits, verb) => {
    if (what === "%") return "%";
    if (next >= values.length) throw new RangeError(`index ${next} out of range`);
    return formatOne(
      values[next++],
      String(verb),
      digits === undefined ? 6 : Number(digits),
      whole,
    );
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
