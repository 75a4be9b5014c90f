// From text to syntax tree, through the grammar that the Prometheus project publishes. The tokens are
// ours, so that numbers, names and faults are Prometheus' to the letter; tree-reader.ts turns the
// grammar's tree into ours, and check.ts sees to the types.
import type { Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import type { Expr } from "./ast.ts";
import { checkTypes } from "./check.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { grammarText } from "./grammar-text.ts";
import { tokenize } from "./lexer.ts";
import { nestingFault } from "./nesting.ts";
import { refusedCalls, syntaxError } from "./syntax-errors.ts";
import { suffixesOf } from "./suffixes.ts";
import { placesOf } from "./token-places.ts";
import { readTree } from "./tree-reader.ts";

export type ParseResult =
  | { readonly kind: "parsed"; readonly expr: Expr }
  | { readonly kind: "malformed"; readonly diagnostics: readonly Diagnostic[] };

/** Longer queries are refused before anything is made of them. */
const maxLength = 64 * 1024;

/**
 * Parses and type-checks the whole language but for what is experimental in Prometheus or about native
 * histograms: that is refused by name.
 */
export function parseQuery(text: string): ParseResult {
  if (text.length > maxLength) {
    const message = `query is longer than ${maxLength} characters`;
    return malformed([{ message, from: maxLength, to: text.length }]);
  }
  const { tokens, fault } = tokenize(text);
  if (tokens[0]?.kind === "end")
    return malformed([{ message: "no expression found in input", from: 0, to: 0 }]);
  const places = placesOf(tokens);
  const nested = nestingFault(tokens, places);
  if (nested) return malformed([nested]);
  const suffixes = suffixesOf(text, tokens, places);
  const grammar = followGrammar(grammarText(text, tokens, places, suffixes));
  // Behind the first error one can only guess; what the lexer found is true nonetheless.
  const [error] = inOrder([
    suffixes.faults[0],
    grammar.kind === "stopped"
      ? syntaxError(grammar.at, text, tokens, places, suffixes)
      : undefined,
  ]);
  const refused = refusedCalls(tokens, places).filter(({ from }) => !error || from < error.from);
  if (error || fault || grammar.kind === "stopped" || refused.length > 0)
    return malformed([...refused, error, fault]);
  const { expr, operators, diagnostics } = readTree(grammar.tree, text, suffixes);
  if (expr === undefined || diagnostics.length > 0) return malformed(diagnostics);
  const mistyped = checkTypes(expr, operators);
  return mistyped.length > 0 ? malformed(mistyped) : { kind: "parsed", expr };
}

type Followed =
  | { readonly kind: "followed"; readonly tree: Tree }
  | { readonly kind: "stopped"; readonly at: number };

// Recovering from errors takes seconds for long nonsense, and of what it gives nothing is used.
const strictParser = parser.configure({ strict: true });

function followGrammar(text: string): Followed {
  try {
    return { kind: "followed", tree: strictParser.parse(text) };
  } catch (error) {
    const at = error instanceof SyntaxError ? /^No parse at (\d+)$/.exec(error.message)?.[1] : "";
    if (!at) throw error;
    return { kind: "stopped", at: Number(at) };
  }
}

function malformed(diagnostics: readonly (Diagnostic | undefined)[]): ParseResult {
  return { kind: "malformed", diagnostics: inOrder(diagnostics) };
}

/** In the order of the text; of those at one place, in the order in which they are given. */
function inOrder(diagnostics: readonly (Diagnostic | undefined)[]): readonly Diagnostic[] {
  const told = diagnostics.filter((diagnostic) => diagnostic !== undefined);
  return told.toSorted((a, b) => a.from - b.from);
}
