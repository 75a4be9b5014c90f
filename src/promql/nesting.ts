// Refuses queries that are nested so deeply that the parser, or the evaluation of what it gives, would
// run out of stack. It counts tokens, before anything is built.
import type { Diagnostic } from "./diagnostic.ts";
import type { Token } from "./lexer.ts";
import type { TokenPlace } from "./token-places.ts";

/** The published grammar's parser gives up at about 1000. */
const maxDepth = 500;

/**
 * Every bracket and every operator counts as one level, until the bracket or argument in which it stands
 * ends: operators in a row nest as deeply as there are of them.
 */
export function nestingFault(
  tokens: readonly Token[],
  places: readonly TokenPlace[],
): Diagnostic | undefined {
  const outer: number[] = [];
  let depth = 0;
  for (const [index, { kind, word, from, to }] of tokens.entries()) {
    const inside = places[index]?.inside;
    if (inside === "braces" || inside === "grouping" || places[index]?.role === "name") continue;
    if (kind === "operator" || word === "[" || word === "(") depth++;
    if (depth > maxDepth) {
      const message = `query is nested deeper than ${maxDepth} levels (operators in a row count as such)`;
      return { message, from, to };
    }
    if (word === "(") outer.push(depth);
    else if (word === ")") depth = (outer.pop() ?? 1) - 1;
    else if (word === ",") depth = outer.at(-1) ?? 0;
  }
  return undefined;
}
