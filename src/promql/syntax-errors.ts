// Says what is wrong where the grammar could not follow the text. The generated parser tells the place
// only; what was expected there is told from the tokens around it, in Prometheus' words where it has
// any, and in ours where it leaves that open.
import type { Span } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { describeToken, type Token } from "./lexer.ts";
import { functionRefusal } from "./signatures.ts";
import type { Suffixes } from "./suffixes.ts";
import type { TokenPlace } from "./token-places.ts";

/** Calls of what is no function, or none that is served. */
export function refusedCalls(
  tokens: readonly Token[],
  places: readonly TokenPlace[],
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [index, { word, from, to }] of tokens.entries()) {
    if (places[index]?.role !== "function") continue;
    const message = functionRefusal(word);
    if (message !== undefined) diagnostics.push({ message, from, to });
  }
  return diagnostics;
}

/** What is wrong at the place at which the grammar's parser stopped; suffixes have been read before. */
export function syntaxError(
  stoppedAt: number,
  text: string,
  tokens: readonly Token[],
  places: readonly TokenPlace[],
  suffixes: Suffixes,
): Diagnostic | undefined {
  const index = tokens.findIndex(
    ({ kind, to }, candidate) =>
      !suffixes.tokens.has(candidate) && (kind === "end" || to > stoppedAt),
  );
  const [token, before, place] = [tokens[index], tokens[index - 1], places[index]];
  // What is wrong behind the last token is told by the lexer.
  if (!token || !place) return undefined;
  // The grammar knows no function of one letter (see grammar-text.ts); neither do we.
  if (places[index - 1]?.role === "function") return undefined;
  if (token.word === ")" && before?.word === "," && place.inside === "call")
    return { message: "trailing commas not allowed in function call args", ...spanOf(before) };
  const message = `unexpected ${describeToken(token, text)}${expected(before, place)}`;
  return { message, ...spanOf(token) };
}

function spanOf({ from, to }: Token): Span {
  return { from, to };
}

function expected(before: Token | undefined, place: TokenPlace): string {
  const { inside } = place;
  if (inside === "braces") return ` in label matching, expected ${inMatching(before)}`;
  if (inside === "grouping")
    return ` in grouping opts, expected ${/^[(,]$/.test(before?.word ?? "") ? "label" : '"," or ")"'}`;
  if (before?.kind === "keyword" && /^(?:by|without|on|ignoring)$/.test(before.word))
    return ' in grouping opts, expected "("';
  if (place.aggregates) return ' in aggregation, expected "("';
  return `, expected ${inExpression(place)}`;
}

function inMatching(before: Token | undefined): string {
  if (before?.word === "{" || before?.word === ",") return 'identifier or "}"';
  if (before?.kind === "identifier") return "label matching operator";
  return before?.kind === "string" ? '"," or "}"' : "string";
}

function inExpression({ inside, wantsValue }: TokenPlace): string {
  if (wantsValue) return "an expression";
  if (inside === "call") return 'an operator, "," or ")"';
  return inside === "parens" ? 'an operator or ")"' : "an operator or the end of the query";
}
