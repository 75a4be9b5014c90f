// Splits the text of a query into tokens, as Prometheus' own lexer does, and finds what no query may
// hold: unclosed brackets and strings, stray characters, numbers that are none. The grammar itself is
// another's (see parse.ts); it is handed these tokens, so that both agree where one begins and ends.
import { aggregationOps } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { quoteCharacter, scanNumber, scanString } from "./literal-scanner.ts";

export type TokenKind =
  | "identifier"
  | "metricIdentifier"
  | "string"
  | "number"
  | "duration"
  | "keyword"
  | "aggregator"
  | "operator"
  | "preprocessor"
  | "punctuation"
  | "end";

/** `word` is the token's text, in lower case where case does not count. */
export type Token = {
  readonly kind: TokenKind;
  readonly word: string;
  readonly from: number;
  readonly to: number;
};

/** The last token is the end of the text, but where there is a fault: then it is the last before. */
export type Tokens = { readonly tokens: readonly Token[]; readonly fault?: Diagnostic };

export function tokenize(text: string): Tokens {
  const lexer: Lexer = { text, at: 0, tokens: [], parens: 0, inBraces: false, inBrackets: false };
  for (;;) {
    lexer.at = matchAt(blank, text, lexer.at)?.to ?? lexer.at;
    const { at } = lexer;
    const message = at >= text.length ? unclosed(lexer) : nextToken(lexer);
    if (message !== undefined)
      return { tokens: lexer.tokens, fault: { message, from: at, to: text.length } };
    if (at >= text.length) {
      take(lexer, "end", at);
      return { tokens: lexer.tokens };
    }
  }
}

/** What Prometheus calls the token in an error. */
export function describeToken({ kind, from, to }: Token, text: string): string {
  const raw = text.slice(from, to);
  switch (kind) {
    case "end":
      return "end of input";
    case "keyword":
      return `<${raw}>`;
    case "operator":
      return `<op:${raw}>`;
    case "aggregator":
      return `<aggr:${raw}>`;
    case "punctuation":
    case "preprocessor":
      return JSON.stringify(raw);
    case "identifier":
      return `identifier ${JSON.stringify(raw)}`;
    case "metricIdentifier":
      return `metric identifier ${JSON.stringify(raw)}`;
    case "string":
    case "number":
    case "duration":
      return raw.length > 10
        ? `${kind} ${JSON.stringify(raw.slice(0, 10))}...`
        : `${kind} ${JSON.stringify(raw)}`;
  }
}

type Lexer = {
  readonly text: string;
  at: number;
  readonly tokens: Token[];
  parens: number;
  inBraces: boolean;
  inBrackets: boolean;
};

// Sticky, so that they match at one place only.
const blank = /(?:[ \t\n\r]+|#[^\n\r]*)+/y;
const word = /[A-Za-z_:][\w:]*/y;
const labelWord = /[A-Za-z_]\w*/y;
const matchOperator = /=~|!~|!=|=/y;
const operator = /==|!=|<=|>=|[-+*/%^<>@]/y;

const keywords = new Set(
  "bool by group_left group_right ignoring offset on without smoothed anchored".split(" "),
);
const preprocessors = new Set(["start", "end", "step", "range"]);
const wordOperators = new Set(["and", "or", "unless", "atan2"]);
const durationWords = new Set(["step", "range", "min", "max", "min_of", "max_of"]);

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { readonly raw: string; readonly to: number } | undefined {
  pattern.lastIndex = at;
  const raw = pattern.exec(text)?.[0];
  return raw === undefined ? undefined : { raw, to: at + raw.length };
}

function take(lexer: Lexer, kind: TokenKind, to: number): void {
  const raw = lexer.text.slice(lexer.at, to);
  const counts = kind === "identifier" || kind === "metricIdentifier" || kind === "string";
  lexer.tokens.push({ kind, word: counts ? raw : raw.toLowerCase(), from: lexer.at, to });
  lexer.at = to;
}

function unclosed({ inBraces, inBrackets, parens }: Lexer): string | undefined {
  if (inBraces) return "unexpected end of input inside braces";
  if (parens > 0) return "unclosed left parenthesis";
  return inBrackets ? "unclosed left bracket" : undefined;
}

/** Takes the token that begins here, or says why there is none. */
function nextToken(lexer: Lexer): string | undefined {
  const { text, at } = lexer;
  const char = text[at] ?? "";
  if (/["'`]/.test(char) && !lexer.inBrackets) {
    const string = scanString(text, at);
    if (string.kind === "malformed") return string.message;
    return (take(lexer, "string", string.to), undefined);
  }
  return lexer.inBraces ? tokenInBraces(lexer, char) : tokenOutside(lexer, char);
}

function tokenInBraces(lexer: Lexer, char: string): string | undefined {
  const { text, at } = lexer;
  const name = matchAt(labelWord, text, at);
  const match = matchAt(matchOperator, text, at);
  if (name) take(lexer, "identifier", name.to);
  else if (match) take(lexer, match.raw === "=" ? "punctuation" : "operator", match.to);
  else if (char === ",") take(lexer, "punctuation", at + 1);
  else if (char === "}") {
    take(lexer, "punctuation", at + 1);
    lexer.inBraces = false;
  } else if (char === "!")
    return `unexpected character after '!' inside braces: ${quoteCharacter(text, at + 1)}`;
  else if (char === "{") return "unexpected left brace '{'";
  else return `unexpected character inside braces: ${quoteCharacter(text, at)}`;
  return undefined;
}

function tokenOutside(lexer: Lexer, char: string): string | undefined {
  const { text, at, inBrackets } = lexer;
  if (/\d/.test(char) || /^\.\d/.test(text.slice(at, at + 2))) {
    const number = scanNumber(text, at);
    if (number.kind === "malformed") return number.message;
    take(lexer, number.kind, number.to);
    return undefined;
  }
  if (inBrackets && char === ":") return colon(lexer);
  const named = matchAt(word, text, at);
  if (named) return inBrackets ? durationWord(lexer, named) : takeWord(lexer, named);
  const sign = matchAt(operator, text, at);
  if (sign) {
    take(lexer, "operator", sign.to);
    return undefined;
  }
  return punctuation(lexer, char);
}

function takeWord(lexer: Lexer, { raw, to }: { raw: string; to: number }): undefined {
  const lower = raw.toLowerCase();
  const kind = (): TokenKind => {
    if (lower === "inf" || lower === "nan") return "number";
    if (keywords.has(lower)) return "keyword";
    // These became keywords late, and are ones only where a parenthesis follows.
    if (/^fill(?:_left|_right)?$/.test(lower) && /^\s*\(/.test(lexer.text.slice(to, to + 1000)))
      return "keyword";
    if (preprocessors.has(lower)) return "preprocessor";
    if (wordOperators.has(lower)) return "operator";
    if (aggregationOps.some((op) => op === lower)) return "aggregator";
    return raw.includes(":") ? "metricIdentifier" : "identifier";
  };
  take(lexer, kind(), to);
}

/** The few words that a duration may hold, all of them experimental. */
function durationWord(
  lexer: Lexer,
  { raw, to }: { readonly raw: string; readonly to: number },
): string | undefined {
  if (durationWords.has(raw.toLowerCase())) {
    take(lexer, "preprocessor", to);
    return undefined;
  }
  return strayInDuration(lexer);
}

function strayInDuration({ text, at, tokens }: Lexer): string {
  const before = tokens.at(-1);
  const stray = quoteCharacter(text, at);
  return before?.kind === "number" || before?.kind === "duration"
    ? `unexpected character: ${stray}, expected ':'`
    : `unexpected character in duration expression: ${stray}`;
}

function colon(lexer: Lexer): string | undefined {
  const { tokens, at } = lexer;
  const open = tokens.findLastIndex(({ word: text }) => text === "[");
  const since = tokens.slice(open + 1);
  if (since.length === 0) return "unexpected colon before duration in duration expression";
  if (since.some(({ word: text }) => text === ":")) return "unexpected colon ':'";
  take(lexer, "punctuation", at + 1);
  return undefined;
}

function punctuation(lexer: Lexer, char: string): string | undefined {
  const { text, at } = lexer;
  switch (char) {
    case "(":
      lexer.parens++;
      break;
    case ")":
      if (lexer.parens === 0) return "unexpected right parenthesis ')'";
      lexer.parens--;
      break;
    case "[":
      if (lexer.inBrackets) return "unexpected left bracket '['";
      lexer.inBrackets = true;
      break;
    case "]":
      if (!lexer.inBrackets) return "unexpected right bracket ']'";
      lexer.inBrackets = false;
      break;
    case "{":
      if (lexer.inBrackets) return strayInDuration(lexer);
      lexer.inBraces = true;
      break;
    case ",":
      break;
    case "=":
      if (text[at + 1] === "~") return "unexpected character after '=': '~'";
      break;
    case "!":
      return `unexpected character after '!': ${quoteCharacter(text, at + 1)}`;
    default:
      return lexer.inBrackets
        ? strayInDuration(lexer)
        : `unexpected character: ${quoteCharacter(text, at)}`;
  }
  take(lexer, "punctuation", at + 1);
  return undefined;
}
