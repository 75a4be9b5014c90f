// What is valid in the language but not evaluated here, told by name before anything is evaluated, so
// that such a query never gives a wrong number.
import { walk, type Expr } from "./ast.ts";
import { isServedFunction } from "./calls.ts";
import type { Diagnostic } from "./diagnostic.ts";

export function unsupportedIn(expr: Expr): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  walk(expr, (node) => {
    const message = unsupported(node);
    if (message !== undefined) diagnostics.push({ message, from: node.from, to: node.to });
  });
  return diagnostics;
}

function unsupported(expr: Expr): string | undefined {
  if (expr.kind === "aggregation" && (expr.op === "limitk" || expr.op === "limit_ratio"))
    return `aggregation ${expr.op} is experimental in Prometheus and not supported`;
  if (expr.kind === "call" && !isServedFunction(expr.name))
    return `function ${expr.name} is not supported`;
  return undefined;
}
