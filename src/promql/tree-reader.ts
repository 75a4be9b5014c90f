// From the tree of the published grammar to ours. It reads names and literals from the query's own text,
// and refuses what our tree cannot say; types are check.ts's.
import type { SyntaxNode, Tree } from "@lezer/common";
import { compileMatcher, type LabelMatcher, type MatcherOp } from "../metrics/matcher.ts";
import { aggregationOps } from "./ast.ts";
import type {
  AggregationOp,
  BinaryOp,
  Expr,
  Grouping,
  Span,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { parseNumber, quote, unquote } from "./literals.ts";
import type { Suffix, Suffixes } from "./suffixes.ts";

export type TreeReading = {
  /** Undefined only if there are diagnostics. */
  readonly expr: Expr | undefined;
  /** The place of each binary expression's operator. */
  readonly operators: ReadonlyMap<Expr, Span>;
  readonly diagnostics: readonly Diagnostic[];
};

/** `tree` holds no errors, and no suffixes; `text` is the query as it was written. */
export function readTree(tree: Tree, text: string, { byOperandEnd }: Suffixes): TreeReading {
  const reader: Reader = {
    text,
    operators: new Map(),
    diagnostics: [],
    suffixes: byOperandEnd,
  };
  const root = tree.topNode.getChild("Expr");
  const expr = root ? readExpr(root, reader) : undefined;
  return { expr, operators: reader.operators, diagnostics: reader.diagnostics };
}

type Reader = {
  readonly text: string;
  readonly operators: Map<Expr, Span>;
  readonly diagnostics: Diagnostic[];
  readonly suffixes: Suffixes["byOperandEnd"];
};

const textOf = (node: SyntaxNode, reader: Reader): string => reader.text.slice(node.from, node.to);
const spanOf = (node: SyntaxNode): Span => ({ from: node.from, to: node.to });

/** The node's children but for comments, which may stand anywhere. */
function partsOf(node: SyntaxNode | null): readonly SyntaxNode[] {
  const parts: SyntaxNode[] = [];
  for (let part = node?.firstChild ?? null; part; part = part.nextSibling)
    if (part.name !== "LineComment") parts.push(part);
  return parts;
}

/** Notes the fault; callers return the undefined, so that siblings are still read. */
function refuse(node: Span, reader: Reader, message: string): undefined {
  reader.diagnostics.push({ message, from: node.from, to: node.to });
  return undefined;
}

function readExpr(node: SyntaxNode, reader: Reader): Expr | undefined {
  let expr = readNode(node, reader);
  if (node.name === "BinaryExpr" || node.name === "UnaryExpr") return expr;
  for (const [index, suffix] of (reader.suffixes.get(node.to) ?? []).entries()) {
    const isParenthesised = index === 0 && node.name === "ParenExpr";
    expr = expr && applySuffix(suffix, expr, { from: node.from, isParenthesised }, reader);
  }
  return expr;
}

function readNode(node: SyntaxNode, reader: Reader): Expr | undefined {
  switch (node.name) {
    case "NumberDurationLiteral": {
      const value = readNumber(node, reader);
      return value === undefined ? undefined : { kind: "number", value, ...spanOf(node) };
    }
    case "StringLiteral": {
      const value = readString(node, reader);
      return value === undefined ? undefined : { kind: "string", value, ...spanOf(node) };
    }
    case "ParenExpr": {
      const inner = node.getChild("Expr");
      return inner ? readExpr(inner, reader) : undefined;
    }
    case "VectorSelector":
      return readSelector(node, reader);
    case "UnaryExpr":
      return readUnary(node, reader);
    case "BinaryExpr":
      return readBinary(node, reader);
    case "AggregateExpr":
      return readAggregation(node, reader);
    case "FunctionCall":
      return readCall(node, reader);
    default:
      return refuse(node, reader, `${node.name} is not supported here`);
  }
}

function refuseExperimental(node: Span, reader: Reader, what: string): undefined {
  const reason = "experimental in Prometheus and not supported here";
  return refuse(node, reader, `${what} is not enabled: it is ${reason}`);
}

/** Between the sign and its number there may be blanks and comments. */
function readNumber(node: SyntaxNode, reader: Reader): number | undefined {
  const written = textOf(node, reader).replaceAll(/#.*|\s/g, "");
  const value = parseNumber(written);
  if (value === undefined || (!Number.isFinite(value) && /\d/.test(written)))
    return refuse(node, reader, `error parsing number: ${quote(written)} is out of range`);
  return value;
}

function readString(node: SyntaxNode, reader: Reader): string | undefined {
  const value = unquote(textOf(node, reader));
  if (value === undefined)
    return refuse(node, reader, "string is unterminated or has an unknown escape sequence");
  return value;
}

function readSelector(node: SyntaxNode, reader: Reader): VectorSelector | undefined {
  const identifier = node.getChild("Identifier");
  let name = identifier ? textOf(identifier, reader) : undefined;
  const matchers: LabelMatcher[] = [];
  const list = node.getChild("LabelMatchers");
  for (const item of partsOf(list)) {
    if (item.name === "QuotedLabelName") {
      const quoted = item.firstChild ? readString(item.firstChild, reader) : undefined;
      if (name !== undefined)
        refuse(
          node,
          reader,
          `metric name must not be set twice: ${quote(name)} or ${quote(quoted ?? "")}`,
        );
      name = quoted;
    } else {
      const matcher = readMatcher(item, reader);
      if (matcher) matchers.push(matcher);
    }
  }
  const selector = { kind: "vectorSelector" as const, matchers, offsetMs: 0, ...spanOf(node) };
  return name === undefined ? selector : { ...selector, name };
}

function readMatcher(node: SyntaxNode, reader: Reader): LabelMatcher | undefined {
  const label = readLabelName(node.firstChild, reader);
  const op = node.getChild("MatchOp");
  const literal = node.getChild("StringLiteral");
  const value = literal ? readString(literal, reader) : undefined;
  if (label === undefined || !op || value === undefined) return undefined;
  const matcher = { label, op: textOf(op, reader) as MatcherOp, value };
  const compiled = compileMatcher(matcher);
  if (compiled.kind === "malformed") return refuse(node, reader, compiled.message);
  return matcher;
}

function readLabelName(node: SyntaxNode | null, reader: Reader): string | undefined {
  if (node?.name === "LabelName") return textOf(node, reader);
  return node?.firstChild ? readString(node.firstChild, reader) : undefined;
}

function readLabels(node: SyntaxNode | null, reader: Reader): readonly string[] {
  const labels: string[] = [];
  for (const item of partsOf(node)) {
    const label = readLabelName(item, reader);
    if (label !== undefined) labels.push(label);
  }
  return labels;
}

function applySuffix(
  suffix: Suffix,
  expr: Expr,
  { from, isParenthesised }: { readonly from: number; readonly isParenthesised: boolean },
  reader: Reader,
): Expr | undefined {
  const span = { from, to: suffix.to };
  switch (suffix.kind) {
    case "range": {
      if (expr.kind !== "vectorSelector" || isParenthesised)
        return refuse(suffix, reader, "ranges only allowed for vector selectors");
      if (expr.offsetMs !== 0)
        return refuse(suffix, reader, "no offset modifiers allowed before range");
      if (expr.at) return refuse(suffix, reader, "no @ modifiers allowed before range");
      return { kind: "rangeSelector", selector: expr, rangeMs: suffix.rangeMs, ...span };
    }
    case "subquery": {
      const { rangeMs, stepMs } = suffix;
      const subquery = { kind: "subquery" as const, expr, rangeMs, offsetMs: 0, ...span };
      return stepMs === undefined ? subquery : { ...subquery, stepMs };
    }
    case "offset":
    case "at": {
      const operandSpan = { from, to: expr.to };
      const selector = expr.kind === "rangeSelector" ? expr.selector : expr;
      if (isParenthesised || (selector.kind !== "vectorSelector" && selector.kind !== "subquery"))
        return refuse(
          operandSpan,
          reader,
          `${suffix.kind === "at" ? "@" : "offset"} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
        );
      if (suffix.kind === "offset" && selector.offsetMs !== 0)
        return refuse(operandSpan, reader, "offset may not be set multiple times");
      if (suffix.kind === "at" && selector.at)
        return refuse(operandSpan, reader, "@ <timestamp> may not be set multiple times");
      const shift = suffix.kind === "offset" ? { offsetMs: suffix.offsetMs } : { at: suffix.at };
      if (expr.kind === "rangeSelector")
        return { ...expr, selector: { ...expr.selector, ...shift, ...span }, ...span };
      return { ...selector, ...shift, ...span };
    }
  }
}

function readUnary(node: SyntaxNode, reader: Reader): Expr | undefined {
  const sign = node.getChild("UnaryOp");
  const target = node.getChild("Expr");
  const expr = target ? readExpr(target, reader) : undefined;
  if (!sign || !expr) return undefined;
  return signed(textOf(sign, reader) === "-" ? "-" : "+", expr, { from: node.from, to: expr.to });
}

function signed(op: "-" | "+", expr: Expr, span: Span): Expr {
  if (expr.kind === "number")
    return { ...expr, value: op === "-" ? -expr.value : expr.value, ...span };
  return { kind: "unary", op, expr, ...span };
}

function readBinary(node: SyntaxNode, reader: Reader): Expr | undefined {
  const [leftNode, rightNode] = node.getChildren("Expr");
  const opNode = partsOf(node)[1];
  const left = leftNode ? readExpr(leftNode, reader) : undefined;
  const right = rightNode ? readExpr(rightNode, reader) : undefined;
  if (!leftNode || !opNode || !left || !right) return undefined;
  const fill = node.getChild("FillModifier");
  if (fill) return refuseExperimental(fill, reader, "fill modifier");
  const op = textOf(opNode, reader).toLowerCase();
  if (op === "</" || op === ">/")
    return refuse(opNode, reader, `operator ${op} is not supported: it trims native histograms`);
  const matching = readMatching(node.getChild("MatchingModifierClause"), reader);
  const returnBool = node.getChild("BoolModifier") !== null;
  const binary = { kind: "binary" as const, op: op as BinaryOp, right, returnBool };
  const to = Math.max(node.to, right.to);
  const withMatching = matching ? { ...binary, matching } : binary;
  // The grammar reads -1^2 as (-1)^2; to Prometheus the power binds tighter than the sign.
  if (op === "^" && leftNode.name === "NumberDurationLiteral" && left.kind === "number") {
    const sign = /^[+-]/.exec(textOf(leftNode, reader))?.[0];
    if (sign === "-" || sign === "+") {
      const base = { ...left, value: Math.abs(left.value), from: left.from + 1 };
      const power = { ...withMatching, left: base, from: left.from + 1, to };
      reader.operators.set(power, spanOf(opNode));
      return signed(sign, power, { from: node.from, to });
    }
  }
  const whole = { ...withMatching, left, from: node.from, to };
  reader.operators.set(whole, spanOf(opNode));
  return whole;
}

function readMatching(node: SyntaxNode | null, reader: Reader): VectorMatching | undefined {
  if (!node) return undefined;
  const [labels, include] = node.getChildren("GroupingLabels");
  const matching = {
    on: node.getChild("On") !== null,
    labels: readLabels(labels ?? null, reader),
  };
  const side = node.getChild("GroupLeft") ? "left" : node.getChild("GroupRight") ? "right" : null;
  if (side === null) return matching;
  return { ...matching, group: { side, include: readLabels(include ?? null, reader) } };
}

function readAggregation(node: SyntaxNode, reader: Reader): Expr | undefined {
  const opNode = node.getChild("AggregateOp");
  const op = opNode ? aggregationOp(textOf(opNode, reader)) : undefined;
  const args = readArgs(node, reader);
  if (!op || !args) return undefined;
  if (op === "limitk" || op === "limit_ratio") return refuseExperimental(node, reader, `${op}()`);
  if (args.length === 0)
    return refuse(node, reader, "no arguments for aggregate expression provided");
  const wanted = parameterised.has(op) ? 2 : 1;
  if (args.length !== wanted) {
    const message = `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`;
    return refuse(node, reader, message);
  }
  const [first, second] = args;
  const expr = second ?? first;
  if (!expr) return undefined;
  const modifier = node.getChild("AggregateModifier");
  const grouping: Grouping | undefined = modifier
    ? {
        kind: modifier.getChild("By") ? "by" : "without",
        labels: readLabels(modifier.getChild("GroupingLabels"), reader),
      }
    : undefined;
  return {
    kind: "aggregation",
    op,
    expr,
    ...(second && first ? { parameter: first } : {}),
    ...(grouping ? { grouping } : {}),
    ...spanOf(node),
  };
}

const parameterised: ReadonlySet<AggregationOp> = new Set([
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);

function aggregationOp(text: string): AggregationOp | undefined {
  return aggregationOps.find((op) => op === text.toLowerCase());
}

function readCall(node: SyntaxNode, reader: Reader): Expr | undefined {
  const identifier = node.getChild("FunctionIdentifier");
  const args = readArgs(node, reader);
  if (!identifier || !args) return undefined;
  const name = /^\w+/.exec(reader.text.slice(identifier.from))?.[0] ?? "";
  return { kind: "call", name, args, ...spanOf(node) };
}

/** Undefined if any argument could not be read; all of them are tried. */
function readArgs(node: SyntaxNode, reader: Reader): readonly Expr[] | undefined {
  const body = node.getChild("FunctionCallBody");
  const args = (body?.getChildren("Expr") ?? []).map((arg) => readExpr(arg, reader));
  const read = args.filter((arg) => arg !== undefined);
  return read.length === args.length ? read : undefined;
}
