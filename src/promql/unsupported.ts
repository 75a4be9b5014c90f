// What is valid in the language but not evaluated here yet, told by name before anything is
// evaluated, so that such a query never gives a wrong number.
import { walk, type Expr } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { supportedAggregations } from "./aggregation.ts";
import { instantFunctions } from "./instant-functions.ts";
import { rangeFunctions } from "./range-functions.ts";

export function unsupportedIn(expr: Expr): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  walk(expr, (node) => {
    const what = unsupported(node);
    if (what !== undefined)
      diagnostics.push({ message: `${what} is not supported yet`, from: node.from, to: node.to });
  });
  return diagnostics;
}

function unsupported(expr: Expr): string | undefined {
  if (expr.kind === "subquery") return "a subquery";
  if (expr.kind === "aggregation" && !supportedAggregations.has(expr.op))
    return `aggregation ${expr.op}`;
  if (expr.kind === "call" && !instantFunctions.has(expr.name) && !rangeFunctions.has(expr.name))
    return `function ${expr.name}`;
  return undefined;
}
