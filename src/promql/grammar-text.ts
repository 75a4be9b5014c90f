// The same query in words that the published grammar cannot misread: that grammar has narrower rules
// than Prometheus for where a word is a name, and for how a number may be written. Everything keeps its
// place, so that what was parsed is read from the query's own text.
import type { Token } from "./lexer.ts";
import type { Suffixes } from "./suffixes.ts";
import type { TokenPlace } from "./token-places.ts";

/** As long as the query itself, with blanks for comments and for the tokens of suffixes. */
export function grammarText(
  text: string,
  tokens: readonly Token[],
  places: readonly TokenPlace[],
  suffixes: Suffixes,
): string {
  let written = "";
  for (const [index, token] of tokens.entries()) {
    if (suffixes.tokens.has(index)) continue;
    written += " ".repeat(token.from - written.length) + rewritten(token, places[index]?.role);
  }
  return written.padEnd(text.length);
}

function rewritten({ kind, word, from, to }: Token, role: TokenPlace["role"] | undefined): string {
  const length = to - from;
  if (role === "name") return "m".repeat(length);
  // Any function stands for all: which there are is not the grammar's business.
  if (role === "function" && length > 1) return "ln".padEnd(length);
  if (kind === "number" || kind === "duration") return "1".repeat(length);
  return kind === "string" ? `"${"s".repeat(length - 2)}"` : word;
}
