// The rules of the language that its grammar does not hold: what type each expression has, and what
// may stand where. It reports every fault and changes nothing.
import { compileMatcher } from "../metrics/matcher.ts";
import { metricNameLabel } from "../metrics/labels.ts";
import type { Aggregation, Binary, BinaryOp, Call, Expr, Span, VectorSelector } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { quote } from "./literals.ts";
import { functionRefusal, signatureOf, type ValueType } from "./signatures.ts";

/** Where the parser knows the place of an operator by itself, faults of the operator are told there. */
export function checkTypes(
  expr: Expr,
  operators: ReadonlyMap<Expr, Span> = new Map(),
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (at, message) => diagnostics.push({ message, from: at.from, to: at.to });
  check(expr, { report, operatorOf: (binary) => operators.get(binary) ?? binary });
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

type Report = (at: Span, message: string) => void;
type Check = { readonly report: Report; readonly operatorOf: (binary: Binary) => Span };

const typeNames: { readonly [type in ValueType]: string } = {
  scalar: "scalar",
  vector: "instant vector",
  range: "range vector",
  string: "string",
};

/** As they are called in the answers of the HTTP API, and in this one error. */
const resultTypes: { readonly [type in ValueType]: string } = {
  scalar: "scalar",
  vector: "vector",
  range: "matrix",
  string: "string",
};

function check(expr: Expr, checking: Check): void {
  const { report } = checking;
  switch (expr.kind) {
    case "number":
    case "string":
      return;
    case "vectorSelector":
      return checkSelector(expr, report);
    case "rangeSelector":
      return checkSelector(expr.selector, report);
    case "subquery": {
      check(expr.expr, checking);
      const type = typeOf(expr.expr);
      if (type !== "vector")
        report(
          expr,
          `subquery is only allowed on instant vector, got ${resultTypes[type]} instead`,
        );
      return;
    }
    case "unary": {
      check(expr.expr, checking);
      const type = typeOf(expr.expr);
      if (type !== "scalar" && type !== "vector")
        report(
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(typeNames[type])}`,
        );
      return;
    }
    case "binary":
      return checkBinary(expr, checking);
    case "aggregation":
      return checkAggregation(expr, checking);
    case "call":
      return checkCall(expr, checking);
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
    const other = matchers.find((matcher) => matcher.label === metricNameLabel);
    if (other)
      report(
        selector,
        `metric name must not be set twice: ${quote(name)} or ${quote(other.value)}`,
      );
    return;
  }
  // A selector that nothing narrows would read the whole store, mostly by mistake.
  const narrows = matchers.some((matcher) => {
    const compiled = compileMatcher(matcher);
    return compiled.kind === "compiled" && !compiled.matcher.accepts("");
  });
  if (!narrows) report(selector, "vector selector must contain at least one non-empty matcher");
}

function checkBinary(expr: Binary, checking: Check): void {
  const { op, left, right, matching } = expr;
  const { report } = checking;
  check(left, checking);
  check(right, checking);
  const operator = checking.operatorOf(expr);
  const sides = [left, right];
  const scalars = sides.filter((side) => typeOf(side) === "scalar").length;
  if (expr.returnBool && !isComparison(op))
    report(operator, "bool modifier can only be used on comparison operators");
  if (scalars === 2 && isComparison(op) && !expr.returnBool)
    report(operator, "comparisons between scalars must use BOOL modifier");
  const both = matching?.on
    ? matching.group?.include.find((label) => matching.labels.includes(label))
    : undefined;
  if (both !== undefined)
    report(operator, `label ${quote(both)} must not occur in ON and GROUP clause at once`);
  const operand = sides.find((side) => !["scalar", "vector"].includes(typeOf(side)));
  if (operand)
    report(operand, "binary expression must contain only scalar and instant vector types");
  else if (scalars > 0 && matching && matching.labels.length > 0)
    report(expr, "vector matching only allowed between instant vectors");
  if (scalars === 0 && isSetOp(op) && matching?.group)
    report(expr, `no grouping allowed for "${op}" operation`);
  if (scalars > 0 && isSetOp(op))
    report(expr, `set operator "${op}" not allowed in binary scalar expression`);
}

function checkAggregation(expr: Aggregation, checking: Check): void {
  const { report } = checking;
  check(expr.expr, checking);
  expectType(expr.expr, "vector", "aggregation expression", report);
  if (!expr.parameter) return;
  check(expr.parameter, checking);
  const wanted = expr.op === "count_values" ? "string" : "scalar";
  expectType(expr.parameter, wanted, "aggregation parameter", report);
}

function checkCall(expr: Call, checking: Check): void {
  const { report } = checking;
  for (const arg of expr.args) check(arg, checking);
  const signature = signatureOf(expr.name);
  // The parser tells of such calls before it comes to types; a tree may have been made by hand.
  if (!signature) return report(expr, functionRefusal(expr.name) ?? "unknown function");
  const { args, optional, variadic } = signature;
  const least = args.length - optional - (variadic && optional === 0 ? 1 : 0);
  const most = variadic ? Infinity : args.length;
  const given = expr.args.length;
  if (given < least || given > most) {
    const some = least === most ? "" : given < least ? "at least " : "at most ";
    const wanted = given < least ? least : most;
    report(expr, `expected ${some}${wanted} argument(s) in call to "${expr.name}", got ${given}`);
    return;
  }
  for (const [index, arg] of expr.args.entries()) {
    const wanted = args[index] ?? args.at(-1) ?? "vector";
    expectType(arg, wanted, `call to function "${expr.name}"`, report);
  }
}
