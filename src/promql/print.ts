// From syntax tree to text, in the spacing of Prometheus' own printer. Parsing the text gives the
// same tree again, but for positions.
import { formatDuration } from "../lib/duration.ts";
import { metricNameLabel } from "../metrics/labels.ts";
import type { LabelMatcher } from "../metrics/matcher.ts";
import type { Aggregation, Binary, BinaryOp, Expr, TimeShift, VectorSelector } from "./ast.ts";
import { formatNumber, quote } from "./literals.ts";

export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return formatNumber(expr.value);
    case "string":
      return quote(expr.value);
    case "vectorSelector":
      return printSelector(expr) + printShift(expr);
    case "rangeSelector":
      return `${printSelector(expr.selector)}[${formatDuration(expr.rangeMs)}]${printShift(expr.selector)}`;
    case "subquery": {
      const step = expr.stepMs === undefined ? "" : formatDuration(expr.stepMs);
      const body = isOperation(expr.expr) ? `(${printExpr(expr.expr)})` : printExpr(expr.expr);
      return `${body}[${formatDuration(expr.rangeMs)}:${step}]${printShift(expr)}`;
    }
    case "unary":
      return expr.op + printOperand(expr.expr, precedence["*"] + 1);
    case "binary":
      return printBinary(expr);
    case "aggregation":
      return printAggregation(expr);
    case "call":
      return `${expr.name}(${expr.args.map(printExpr).join(", ")})`;
  }
}

function printSelector({ name, matchers }: VectorSelector): string {
  const plainName = name !== undefined && /^[A-Za-z_:][\w:]*$/.test(name) && !isKeyword(name);
  const pairs = matchers.map(printMatcher);
  if (name !== undefined && !plainName) pairs.unshift(quote(name));
  const braces = pairs.length > 0 ? `{${pairs.join(",")}}` : "";
  return (plainName ? name : "") + braces;
}

/** Words that the grammar never reads as a metric's name; in quotes they are one. */
function isKeyword(name: string): boolean {
  return /^(?:inf|nan|bool|ignoring|on|group_left|group_right|offset)$/i.test(name);
}

function printMatcher({ label, op, value }: LabelMatcher): string {
  return `${printLabel(label)}${op}${quote(value)}`;
}

function printLabel(label: string): string {
  return /^[A-Za-z_]\w*$/.test(label) || label === metricNameLabel ? label : quote(label);
}

function printShift({ at, offsetMs }: TimeShift): string {
  const offset = offsetMs === 0 ? "" : ` offset ${formatDuration(offsetMs)}`;
  if (!at) return offset;
  const time = at.kind === "time" ? (at.timeMs / 1000).toFixed(3) : `${at.kind}()`;
  return ` @ ${time}${offset}`;
}

/** Higher binds tighter. All associate to the left, but for the power. */
const precedence: { readonly [op in BinaryOp]: number } = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  atan2: 5,
  "^": 6,
};

function printBinary(expr: Binary): string {
  const own = precedence[expr.op];
  const rightFirst = expr.op === "^";
  const left = printOperand(expr.left, rightFirst ? own + 1 : own);
  const right = printOperand(expr.right, rightFirst ? own : own + 1);
  const bool = expr.returnBool ? " bool" : "";
  return `${left} ${expr.op}${bool}${printMatching(expr)} ${right}`;
}

function printMatching({ matching }: Binary): string {
  if (!matching) return "";
  const labels = `${matching.on ? "on" : "ignoring"} (${matching.labels.map(printLabel).join(", ")})`;
  if (!matching.group) return ` ${labels}`;
  const { side, include } = matching.group;
  return ` ${labels} group_${side} (${include.map(printLabel).join(", ")})`;
}

/** In parentheses if the operand binds less tightly than its place asks for. */
function printOperand(expr: Expr, least: number): string {
  const text = printExpr(expr);
  return bindingOf(expr) < least ? `(${text})` : text;
}

function bindingOf(expr: Expr): number {
  if (expr.kind === "binary") return precedence[expr.op];
  // A sign binds like multiplication, so -a ^ b negates the power.
  if (expr.kind === "unary") return precedence["*"];
  if (expr.kind === "number" && /^[-+]/.test(formatNumber(expr.value))) return precedence["*"];
  return Infinity;
}

function isOperation(expr: Expr): boolean {
  return bindingOf(expr) < Infinity;
}

function printAggregation({ op, expr, parameter, grouping }: Aggregation): string {
  const labels = grouping?.labels.map(printLabel).join(", ") ?? "";
  const clause = grouping ? ` ${grouping.kind} (${labels}) ` : "";
  const args = parameter ? `${printExpr(parameter)}, ${printExpr(expr)}` : printExpr(expr);
  return `${op}${clause}(${args})`;
}
