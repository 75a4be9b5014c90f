// Where a number, a duration or a quoted string ends that begins at some place in a query's text, and
// what is wrong with it if it does not end well: Prometheus' rules, in its words.

export type Scanned<Kind extends string> =
  | { readonly kind: Kind; readonly to: number }
  | { readonly kind: "malformed"; readonly message: string };

const hexadecimal = /0x_?[\da-f]+(?:_[\da-f]+)*(?!\w)/iy;
const group = "\\d+(?:_\\d+)*";
const decimal = new RegExp(
  `(?:${group}(?:\\.(?:${group})?)?|\\.${group})(?:e[+-]?${group})?(?![\\w.])`,
  "iy",
);
const duration = /(?:\d+(?:\.\d+)?[smhdwy]s?)(?:\d+[smhdw]s?)*(?!\w)/y;
const anyNumber = /[\w.]+/y;

/** `text[from]` is a digit, or a dot before one. */
export function scanNumber(text: string, from: number): Scanned<"number" | "duration"> {
  for (const pattern of [hexadecimal, decimal]) {
    const to = endOf(pattern, text, from);
    if (to !== undefined) return { kind: "number", to };
  }
  const to = endOf(duration, text, from);
  if (to === undefined) {
    const bad = text.slice(from, endOf(anyNumber, text, from));
    return malformed(`bad number or duration syntax: ${JSON.stringify(bad)}`);
  }
  const fault = durationFault(text.slice(from, to));
  return fault === undefined ? { kind: "duration", to } : malformed(fault);
}

function endOf(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function malformed(message: string): { readonly kind: "malformed"; readonly message: string } {
  return { kind: "malformed", message };
}

/** Every unit at most once, from the largest to the smallest. */
const units = ["y", "w", "d", "h", "m", "s", "ms"];

function durationFault(text: string): string | undefined {
  let last = -1;
  for (const [, unit = ""] of text.matchAll(/\d+(\D+)/g)) {
    const place = units.indexOf(unit);
    if (place < 0)
      return `unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
    if (place <= last) return `not a valid duration string: ${JSON.stringify(text)}`;
    last = place;
  }
  return undefined;
}

/** `text[from]` is the opening quote, of which there are three; in backticks nothing is escaped. */
export function scanString(text: string, from: number): Scanned<"string"> {
  const scanned = scanQuoted(text, from);
  if (scanned.kind === "malformed" || text.slice(from, scanned.to).isWellFormed()) return scanned;
  return malformed("invalid UTF-8 rune");
}

function scanQuoted(text: string, from: number): Scanned<"string"> {
  const quote = text[from];
  if (quote === "`") {
    const to = text.indexOf("`", from + 1);
    return to < 0 ? malformed("unterminated raw string") : { kind: "string", to: to + 1 };
  }
  let at = from + 1;
  for (;;) {
    const char = text[at];
    if (char === undefined || char === "\n") return malformed("unterminated quoted string");
    at++;
    if (char === quote) return { kind: "string", to: at };
    if (char === "\\") {
      const escape = scanEscape(text, at, quote ?? "");
      if (escape.kind === "malformed") return escape;
      at = escape.to;
    }
  }
}

/** The digits that an escape must have, all of them, by the character after the backslash. */
type NumericEscape = { readonly digits: number; readonly radix: number; readonly max: number };

function numericEscape(first: string): NumericEscape | undefined {
  if (/[0-7]/.test(first)) return { digits: 3, radix: 8, max: 0xff };
  if (first === "x") return { digits: 2, radix: 16, max: 0xff };
  if (first === "u") return { digits: 4, radix: 16, max: 0x10ffff };
  return first === "U" ? { digits: 8, radix: 16, max: 0x10ffff } : undefined;
}

/** `at` is the place after the backslash. */
function scanEscape(text: string, at: number, quote: string): Scanned<"escape"> {
  const first = text[at];
  if (first === undefined) return malformed("escape sequence not terminated");
  if ("abfnrtv\\".includes(first) || first === quote) return { kind: "escape", to: at + 1 };
  const numeric = numericEscape(first);
  if (!numeric) return malformed(`unknown escape sequence ${codeOf(text, at)}`);
  const { digits, radix, max } = numeric;
  const start = radix === 8 ? at : at + 1;
  let point = 0;
  for (let index = start; index < start + digits; index++) {
    const digit = parseInt(text[index] ?? "", radix);
    if (index >= text.length) return malformed("escape sequence not terminated");
    if (Number.isNaN(digit))
      return malformed(`illegal character ${codeOf(text, index)} in escape sequence`);
    point = point * radix + digit;
  }
  if (point > max || (point >= 0xd800 && point < 0xe000))
    return malformed("escape sequence is an invalid Unicode code point");
  return { kind: "escape", to: start + digits };
}

/** As `U+0071 'q'`. */
function codeOf(text: string, at: number): string {
  const hex = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${hex} ${quoteCharacter(text, at)}`;
}

/** The character at this place in single quotes; what is not printed is escaped. */
export function quoteCharacter(text: string, at: number): string {
  const point = text.codePointAt(at);
  if (point === undefined) return "end of input";
  const char = String.fromCodePoint(point);
  if (char === "'" || char === "\\") return `'\\${char}'`;
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) return `'${char}'`;
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
  return `'${named ?? `\\u${point.toString(16).padStart(4, "0")}`}'`;
}
