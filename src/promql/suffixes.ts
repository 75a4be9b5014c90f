// What may follow an operand and belongs to it alone: a range or a subquery in brackets, `offset`, `@`.
// They are read from the tokens, because the published grammar lets an operator before the operand take
// them: to it, `a - b offset 5m` is `(a - b) offset 5m`.
import type { AtModifier, Span } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { describeToken, type Token } from "./lexer.ts";
import { parseNumber, quote } from "./literals.ts";
import type { TokenPlace } from "./token-places.ts";

export type Suffix = Span &
  (
    | { readonly kind: "range"; readonly rangeMs: number }
    | { readonly kind: "subquery"; readonly rangeMs: number; readonly stepMs?: number }
    | { readonly kind: "offset"; readonly offsetMs: number }
    | { readonly kind: "at"; readonly at: AtModifier }
  );

export type Suffixes = {
  /** By the offset in the text at which the operand ends, in the order of the text. */
  readonly byOperandEnd: ReadonlyMap<number, readonly Suffix[]>;
  /** The indices of their tokens. */
  readonly tokens: ReadonlySet<number>;
  /** What the language does not allow there, in the order of the text. */
  readonly faults: readonly Diagnostic[];
};

export function suffixesOf(
  text: string,
  tokens: readonly Token[],
  places: readonly TokenPlace[],
): Suffixes {
  const byOperandEnd = new Map<number, Suffix[]>();
  const used = new Set<number>();
  const reading: Reading = { text, tokens, next: 0, faults: [] };
  let operandEnd = 0;
  while (reading.next < tokens.length) {
    const start = reading.next++;
    const [token, place] = [tokens[start], places[start]];
    if (!token || !place || !isSuffix(token, place)) {
      operandEnd = token?.to ?? operandEnd;
      continue;
    }
    const suffix = readSuffix(token, reading);
    for (let index = start; index < reading.next; index++) used.add(index);
    if (suffix) byOperandEnd.set(operandEnd, [...(byOperandEnd.get(operandEnd) ?? []), suffix]);
    // Without the suffix these would go on with the operand before it.
    if (/^(?:[({]|by|without)$/.test(tokens[reading.next]?.word ?? ""))
      unexpected(reading, ", expected an operator");
  }
  return { byOperandEnd, tokens: used, faults: reading.faults };
}

const suffixWords = new Set(["[", "@", "offset", "anchored", "smoothed"]);

function isSuffix({ word }: Token, { role, wantsValue, inside }: TokenPlace): boolean {
  if (role !== "itself" || wantsValue || !suffixWords.has(word)) return false;
  return inside !== "braces" && inside !== "grouping";
}

type Reading = {
  readonly text: string;
  readonly tokens: readonly Token[];
  next: number;
  readonly faults: Diagnostic[];
};

/** `first` was read; undefined after a fault. */
function readSuffix(first: Token, reading: Reading): Suffix | undefined {
  switch (first.word) {
    case "[":
      return readBrackets(first, reading);
    case "@":
      return readAt(first, reading);
    case "offset": {
      const where = " in offset, expected number or duration";
      const offset = readDuration(reading, where);
      return (
        offset && { kind: "offset", offsetMs: offset.durationMs, from: first.from, to: offset.to }
      );
    }
    default:
      return refuse(reading, first, `${first.word} modifier ${notEnabled}`);
  }
}

const notEnabled = "is not enabled: it is experimental in Prometheus and not supported here";

function refuse(reading: Reading, { from, to }: Span, message: string): undefined {
  reading.faults.push({ message, from, to });
  return undefined;
}

function unexpected(reading: Reading, where: string): undefined {
  const token = reading.tokens[reading.next];
  // Without a next token, the text could not be read any further: that fault is told already.
  if (!token) return undefined;
  return refuse(reading, token, `unexpected ${describeToken(token, reading.text)}${where}`);
}

/** The next token, which is then read, if it is one of these. */
function take(reading: Reading, ...words: readonly string[]): Token | undefined {
  const token = reading.tokens[reading.next];
  if (!token || !words.includes(token.word)) return undefined;
  reading.next++;
  return token;
}

function readBrackets(first: Token, reading: Reading): Suffix | undefined {
  const range = readPositiveDuration(
    reading,
    " in subquery or range selector, expected number or duration",
  );
  if (!range) return undefined;
  const { durationMs: rangeMs } = range;
  const end = take(reading, "]");
  if (end) return { kind: "range", rangeMs, from: first.from, to: end.to };
  if (!take(reading, ":")) return unexpected(reading, ' in subquery or range, expected ":" or "]"');
  const bare = take(reading, "]");
  if (bare) return { kind: "subquery", rangeMs, from: first.from, to: bare.to };
  const step = readPositiveDuration(
    reading,
    ' in subquery selector, expected number, duration, or "]"',
  );
  if (!step) return undefined;
  const close = take(reading, "]");
  if (!close) return unexpected(reading, ' in subquery selector, expected "]"');
  return { kind: "subquery", rangeMs, stepMs: step.durationMs, from: first.from, to: close.to };
}

type Duration = Span & { readonly durationMs: number };

function readPositiveDuration(reading: Reading, where: string): Duration | undefined {
  const duration = readDuration(reading, where);
  if (!duration) return undefined;
  // After `offset` an operator is the query's, in brackets it could only be the duration's.
  const operator = take(reading, "+", "-", "*", "/", "%", "^");
  if (operator) return refuse(reading, operator, `duration expression ${notEnabled}`);
  return duration.durationMs > 0
    ? duration
    : refuse(reading, duration, "duration must be greater than 0");
}

/** What fits into the 64 bits of nanoseconds in which Prometheus keeps a duration. */
const maxDurationMs = 2 ** 63 / 1e6;

/** A number of seconds or a duration, before which signs may stand. */
function readDuration(reading: Reading, where: string): Duration | undefined {
  const { tokens, next } = reading;
  let sign = 1;
  for (let token = take(reading, "-", "+"); token; token = take(reading, "-", "+"))
    if (token.word === "-") sign = -sign;
  const token = tokens[reading.next];
  if (token?.word === "(" || token?.kind === "preprocessor")
    return refuse(reading, token, `duration expression ${notEnabled}`);
  if (token?.kind !== "number" && token?.kind !== "duration") return unexpected(reading, where);
  reading.next++;
  const span = { from: tokens[next]?.from ?? token.from, to: token.to };
  const durationMs = Math.round((parseNumber(token.word) ?? NaN) * 1000);
  if (!(durationMs <= maxDurationMs)) return refuse(reading, span, "duration out of range");
  return { durationMs: sign * durationMs, ...span };
}

function readAt(first: Token, reading: Reading): Suffix | undefined {
  const where = " in @, expected timestamp";
  const fixed = take(reading, "start", "end");
  if (fixed) {
    const close = take(reading, "(") && take(reading, ")");
    if (!close) return unexpected(reading, where);
    const kind = fixed.word === "start" ? "start" : "end";
    return { kind: "at", at: { kind }, from: first.from, to: close.to };
  }
  const sign = take(reading, "-", "+");
  const token = reading.tokens[reading.next];
  if (token?.kind !== "number" && token?.kind !== "duration") return unexpected(reading, where);
  reading.next++;
  const seconds = parseNumber(`${sign?.word ?? ""}${token.word}`) ?? NaN;
  if (!(Math.abs(seconds) < 2 ** 63 / 1000))
    return refuse(reading, token, `timestamp out of bounds for @ modifier: ${quote(token.word)}`);
  const at = { kind: "time", timeMs: Math.round(seconds * 1000) } as const;
  return { kind: "at", at, from: first.from, to: token.to };
}
