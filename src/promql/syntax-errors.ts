// Says what is wrong where the grammar could not follow the text. The generated parser marks the
// place only; what was expected there is told from the node in which it got stuck.
import type { SyntaxNode, Tree } from "@lezer/common";
import type { Diagnostic } from "./diagnostic.ts";
import { signatureOf } from "./signatures.ts";

/** One diagnostic for each place, from left to right; none if the text follows the grammar. */
export function syntaxErrors(tree: Tree, text: string): readonly Diagnostic[] {
  if (text.trim() === "") return [{ message: "no expression found in input", from: 0, to: 0 }];
  const diagnostics: Diagnostic[] = [];
  tree.iterate({
    enter: ({ node }) => {
      if (!node.type.isError) return true;
      const previous = diagnostics.at(-1);
      // Recovery skips one token at a time; what touches is one error.
      if (previous && node.from <= previous.to + 1) {
        diagnostics[diagnostics.length - 1] = { ...previous, to: Math.max(previous.to, node.to) };
      } else {
        diagnostics.push({ message: describe(node, text), from: node.from, to: node.to });
      }
      return false;
    },
  });
  return diagnostics;
}

function describe(error: SyntaxNode, text: string): string {
  const found = text.slice(error.from, error.to);
  const name = unknownFunction(error, found, text);
  if (name !== undefined) return `unknown function with name "${name}"`;
  // Where a token is missing the error is a gap, and what comes next is what was not expected.
  const next = found === "" ? (/^\s*([\w:]+|\S)/.exec(text.slice(error.from))?.[1] ?? "") : found;
  const what = next === "" ? "unexpected end of input" : `unexpected ${JSON.stringify(next)}`;
  return `${what}, expected ${expectation(error)}`;
}

/** `foo(` parses as the selector `foo` and a stray parenthesis. */
function unknownFunction(error: SyntaxNode, found: string, text: string): string | undefined {
  if (!found.startsWith("(")) return undefined;
  const name = /([A-Za-z_:][\w:]*)\s*$/.exec(text.slice(0, error.from))?.[1];
  return name !== undefined && signatureOf(name) === undefined ? name : undefined;
}

function expectation(error: SyntaxNode): string {
  const parent = error.parent?.name ?? "";
  const before = error.prevSibling?.name ?? "";
  switch (parent) {
    case "UnquotedLabelMatcher":
    case "QuotedLabelMatcher":
      return before === "MatchOp" ? "a quoted label value" : 'one of "=", "!=", "=~", "!~"';
    case "LabelMatchers":
      return before === "" ? 'a label matcher or "}"' : '"," or "}" after a label matcher';
    case "GroupingLabels":
      return 'a list of label names in parentheses, as "(pod, namespace)"';
    case "AggregateModifier":
    case "MatchingModifierClause":
      return "a list of label names in parentheses";
    case "FunctionCallBody":
    case "ParenExpr":
      return before === "" ? 'an expression or ")"' : 'an operator, "," or ")"';
    case "MatrixSelector":
    case "SubqueryExpr":
    case "DurationExpr":
      return 'a duration, as "5m", and "]"';
    case "OffsetExpr":
    case "OffsetDurationExpr":
      return 'a duration, as "5m"';
    case "AggregateExpr":
      return "an expression in parentheses to aggregate";
    case "UnaryExpr":
      return "an expression after the sign";
    case "BinaryExpr":
      return "an expression after the operator";
    case "StepInvariantExpr":
      return "a timestamp, start() or end()";
    default:
      return before === "" ? "an expression" : "an operator or the end of the query";
  }
}
