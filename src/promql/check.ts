// The rules of the language that its grammar does not hold: what type each expression has, and what
// may stand where. It reports every fault and changes nothing.
import { compileMatcher } from "../metrics/matcher.ts";
import type { Aggregation, Binary, BinaryOp, Call, Expr, VectorSelector } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { signatureOf, type ValueType } from "./signatures.ts";

export function checkTypes(expr: Expr): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  check(expr, (at, message) => diagnostics.push({ message, from: at.from, to: at.to }));
  return diagnostics;
}

/** The type of a checked expression's value. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vectorSelector":
    case "aggregation":
      return "vector";
    case "rangeSelector":
    case "subquery":
      return "range";
    case "unary":
      return typeOf(expr.expr);
    case "binary":
      return typeOf(expr.left) === "scalar" && typeOf(expr.right) === "scalar"
        ? "scalar"
        : "vector";
    case "call":
      return signatureOf(expr.name)?.returns ?? "vector";
  }
}

export function isComparison(op: BinaryOp): boolean {
  return ["==", "!=", "<", "<=", ">", ">="].includes(op);
}

export function isSetOp(op: BinaryOp): boolean {
  return op === "and" || op === "or" || op === "unless";
}

type Report = (at: Expr, message: string) => void;

const typeNames: { readonly [type in ValueType]: string } = {
  scalar: "scalar",
  vector: "instant vector",
  range: "range vector",
  string: "string",
};

function check(expr: Expr, report: Report): void {
  switch (expr.kind) {
    case "number":
    case "string":
      return;
    case "vectorSelector":
      return checkSelector(expr, report);
    case "rangeSelector":
      return checkSelector(expr.selector, report);
    case "subquery":
      check(expr.expr, report);
      return expectType(expr.expr, "vector", "subquery", report);
    case "unary": {
      check(expr.expr, report);
      const type = typeOf(expr.expr);
      if (type !== "scalar" && type !== "vector")
        report(
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got ${typeNames[type]}`,
        );
      return;
    }
    case "binary":
      return checkBinary(expr, report);
    case "aggregation":
      return checkAggregation(expr, report);
    case "call":
      return checkCall(expr, report);
  }
}

function expectType(expr: Expr, wanted: ValueType, where: string, report: Report): void {
  const type = typeOf(expr);
  if (type !== wanted)
    report(expr, `expected type ${typeNames[wanted]} in ${where}, got ${typeNames[type]}`);
}

function checkSelector(selector: VectorSelector, report: Report): void {
  const { name, matchers } = selector;
  if (name !== undefined) {
    if (matchers.some((matcher) => matcher.label === "__name__"))
      report(selector, `metric name must not be set twice: ${JSON.stringify(name)}`);
    return;
  }
  // A selector that nothing narrows would read the whole store, mostly by mistake.
  const narrows = matchers.some((matcher) => {
    const compiled = compileMatcher(matcher);
    return compiled.kind === "compiled" && !compiled.matcher.accepts("");
  });
  if (!narrows) report(selector, "vector selector must contain at least one non-empty matcher");
}

function checkBinary(expr: Binary, report: Report): void {
  const { op, left, right, matching } = expr;
  check(left, report);
  check(right, report);
  const sides = [left, right];
  const operand = sides.find((side) => !["scalar", "vector"].includes(typeOf(side)));
  if (operand)
    report(operand, "binary expression must contain only scalar and instant vector types");
  const scalars = sides.filter((side) => typeOf(side) === "scalar").length;
  if (expr.returnBool && !isComparison(op))
    report(expr, "bool modifier can only be used on comparison operators");
  if (scalars === 2 && isComparison(op) && !expr.returnBool)
    report(expr, "comparisons between scalars must use BOOL modifier");
  if (scalars > 0 && isSetOp(op))
    report(expr, `set operator "${op}" not allowed in binary scalar expression`);
  if (!matching) return;
  if (scalars > 0) report(expr, "vector matching only allowed between instant vectors");
  if (!matching.group) return;
  if (isSetOp(op)) report(expr, `no grouping allowed for "${op}" operation`);
  const both = matching.on
    ? matching.group.include.find((label) => matching.labels.includes(label))
    : undefined;
  if (both !== undefined)
    report(expr, `label "${both}" must not occur in ON and GROUP clause at once`);
}

function checkAggregation(expr: Aggregation, report: Report): void {
  check(expr.expr, report);
  expectType(expr.expr, "vector", `aggregation expression`, report);
  if (!expr.parameter) return;
  check(expr.parameter, report);
  const wanted = expr.op === "count_values" ? "string" : "scalar";
  expectType(expr.parameter, wanted, "aggregation parameter", report);
}

function checkCall(expr: Call, report: Report): void {
  for (const arg of expr.args) check(arg, report);
  const signature = signatureOf(expr.name);
  if (!signature) return report(expr, `function ${expr.name} is not supported yet`);
  const { args, optional, variadic } = signature;
  const least = args.length - optional - (variadic && optional === 0 ? 1 : 0);
  const most = variadic ? Infinity : args.length;
  const given = expr.args.length;
  if (given < least || given > most) {
    const some = least === most ? "" : given < least ? "at least " : "at most ";
    const wanted = given < least ? least : most;
    return report(
      expr,
      `expected ${some}${wanted} argument(s) in call to "${expr.name}", got ${given}`,
    );
  }
  for (const [index, arg] of expr.args.entries())
    expectType(
      arg,
      args[index] ?? args.at(-1) ?? "vector",
      `call to function "${expr.name}"`,
      report,
    );
}
