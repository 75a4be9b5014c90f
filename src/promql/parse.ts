// From text to syntax tree, through the grammar that the Prometheus project publishes. It turns the
// concrete tree into ours and refuses what that cannot say; types are checked in check.ts.
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { compileMatcher, type LabelMatcher, type MatcherOp } from "../metrics/matcher.ts";
import { aggregationOps } from "./ast.ts";
import type {
  AggregationOp,
  AtModifier,
  BinaryOp,
  Expr,
  Grouping,
  Span,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { checkTypes } from "./check.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { parseDurationMs, parseNumber, unquote } from "./literals.ts";
import { syntaxErrors } from "./syntax-errors.ts";

export type ParseResult =
  | { readonly kind: "parsed"; readonly expr: Expr }
  | { readonly kind: "malformed"; readonly diagnostics: readonly Diagnostic[] };

/** Queries longer or deeper than these are refused rather than run out of stack. */
const maxLength = 64 * 1024;
const maxDepth = 200;

/**
 * Parses and type-checks the whole language but for what is experimental. A query that parses is
 * valid PromQL, though our evaluator may not support all of it.
 */
export function parseQuery(text: string): ParseResult {
  const malformed = (diagnostics: readonly Diagnostic[]): ParseResult => ({
    kind: "malformed",
    diagnostics: diagnostics.toSorted((a, b) => a.from - b.from),
  });
  if (text.length > maxLength) {
    const message = `query is longer than ${maxLength} characters`;
    return malformed([{ message, from: maxLength, to: text.length }]);
  }
  const tree = parser.parse(text);
  const errors = syntaxErrors(tree, text);
  if (errors.length > 0) return malformed(errors);
  const reader = { text, diagnostics: [] as Diagnostic[], depth: 0 };
  const root = tree.topNode.getChild("Expr");
  const expr = root ? readExpr(root, reader) : undefined;
  if (expr === undefined || reader.diagnostics.length > 0) return malformed(reader.diagnostics);
  const faults = checkTypes(expr);
  return faults.length > 0 ? malformed(faults) : { kind: "parsed", expr };
}

type Reader = { readonly text: string; readonly diagnostics: Diagnostic[]; depth: number };

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
  if (reader.depth >= maxDepth)
    return refuse(node, reader, `query is nested deeper than ${maxDepth} levels`);
  reader.depth++;
  const expr = readNode(node, reader);
  reader.depth--;
  return expr;
}

function readNode(node: SyntaxNode, reader: Reader): Expr | undefined {
  switch (node.name) {
    case "NumberDurationLiteral": {
      const value = parseNumber(textOf(node, reader));
      if (value === undefined) return refuse(node, reader, "bad number or duration");
      return { kind: "number", value, ...spanOf(node) };
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
    case "MatrixSelector":
      return readRange(node, reader);
    case "SubqueryExpr":
      return readSubquery(node, reader);
    case "OffsetExpr":
    case "StepInvariantExpr":
      return readShifted(node, reader);
    case "UnaryExpr":
      return readUnary(node, reader);
    case "BinaryExpr":
      return readBinary(node, reader);
    case "AggregateExpr":
      return readAggregation(node, reader);
    case "FunctionCall":
      return readCall(node, reader);
    case "AnchoredExpr":
    case "SmoothedExpr":
      return refuse(node, reader, "the anchored and smoothed modifiers are not supported yet");
    default:
      return refuse(node, reader, `${node.name} is not supported yet`);
  }
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
        refuse(item, reader, `metric name must not be set twice: ${JSON.stringify(name)}`);
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

function readRange(node: SyntaxNode, reader: Reader): Expr | undefined {
  const target = node.getChild("Expr");
  const range = node.getChild("DurationExpr");
  if (target?.name !== "VectorSelector")
    return refuse(node, reader, "ranges are only allowed for vector selectors");
  const selector = readSelector(target, reader);
  const rangeMs = range ? readDurationMs(range, reader) : undefined;
  if (!selector || rangeMs === undefined) return undefined;
  if (range && rangeMs <= 0) return refuse(range, reader, "duration must be greater than 0");
  return { kind: "rangeSelector", selector, rangeMs, ...spanOf(node) };
}

function readSubquery(node: SyntaxNode, reader: Reader): Expr | undefined {
  const target = node.getChild("Expr");
  const expr = target ? readExpr(target, reader) : undefined;
  const [range, step] = node.getChildren("DurationExpr");
  const rangeMs = range ? readDurationMs(range, reader) : undefined;
  const stepMs = step ? readDurationMs(step, reader) : undefined;
  if (!expr || rangeMs === undefined) return undefined;
  if (rangeMs <= 0 || (stepMs !== undefined && stepMs <= 0))
    return refuse(node, reader, "duration must be greater than 0");
  const subquery = { kind: "subquery" as const, expr, rangeMs, offsetMs: 0, ...spanOf(node) };
  return stepMs === undefined ? subquery : { ...subquery, stepMs };
}

/** A literal with signs; arithmetic between durations is experimental in Prometheus. */
function readDurationMs(node: SyntaxNode, reader: Reader): number | undefined {
  const text = textOf(node, reader).replaceAll(/\s/g, "");
  const [, signs = "", body = ""] = /^([+-]*)(.*)$/s.exec(text) ?? [];
  const durationMs = parseDurationMs(body);
  if (durationMs === undefined)
    return refuse(node, reader, "arithmetic between durations is not supported yet");
  return signs.replaceAll("+", "").length % 2 === 1 ? -durationMs : durationMs;
}

/** `expr offset 5m` and `expr @ 1609746000`: both belong to the selector before them. */
function readShifted(node: SyntaxNode, reader: Reader): Expr | undefined {
  const target = node.getChild("Expr");
  const word = node.name === "OffsetExpr" ? "offset" : "@";
  const expr = target && target.name !== "ParenExpr" ? readExpr(target, reader) : undefined;
  const selector = expr?.kind === "rangeSelector" ? expr.selector : expr;
  if (!expr || (selector?.kind !== "vectorSelector" && selector?.kind !== "subquery"))
    return refuse(node, reader, `${word} must follow a selector or a subquery`);
  let shifted: typeof selector;
  if (word === "offset") {
    const duration = node.getChild("OffsetDurationExpr");
    const offsetMs = duration ? readDurationMs(duration, reader) : undefined;
    if (offsetMs === undefined) return undefined;
    if (selector.offsetMs !== 0)
      return refuse(node, reader, "offset may not be set multiple times");
    shifted = { ...selector, offsetMs };
  } else {
    const at = readAt(node, reader);
    if (at === undefined) return undefined;
    if (selector.at) return refuse(node, reader, "@ <timestamp> may not be set multiple times");
    shifted = { ...selector, at };
  }
  if (expr.kind === "rangeSelector" && shifted.kind === "vectorSelector")
    return { ...expr, selector: shifted, ...spanOf(node) };
  return { ...shifted, ...spanOf(node) };
}

function readAt(node: SyntaxNode, reader: Reader): AtModifier | undefined {
  const literal = node.getChild("NumberDurationLiteral");
  if (!literal) {
    const fn = node.getChild("AtModifierPreprocessors")?.firstChild?.name;
    return fn === "AtStart" ? { kind: "start" } : { kind: "end" };
  }
  const seconds = parseNumber(textOf(literal, reader));
  if (seconds === undefined || !Number.isFinite(seconds))
    return refuse(literal, reader, "timestamp out of bounds for @ modifier");
  return { kind: "time", timeMs: Math.round(seconds * 1000) };
}

function readUnary(node: SyntaxNode, reader: Reader): Expr | undefined {
  const sign = node.getChild("UnaryOp");
  const target = node.getChild("Expr");
  const expr = target ? readExpr(target, reader) : undefined;
  if (!sign || !expr) return undefined;
  return signed(textOf(sign, reader) === "-" ? "-" : "+", expr, spanOf(node));
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
  if (node.getChild("FillModifier"))
    return refuse(node, reader, "the fill modifiers are not supported yet");
  const op = textOf(opNode, reader).toLowerCase();
  if (op === "</" || op === ">/")
    return refuse(opNode, reader, `operator ${op} (on native histograms) is not supported yet`);
  const matching = readMatching(node.getChild("MatchingModifierClause"), reader);
  const returnBool = node.getChild("BoolModifier") !== null;
  const binary = { kind: "binary" as const, op: op as BinaryOp, right, returnBool };
  const withMatching = matching ? { ...binary, matching } : binary;
  // The grammar reads -1^2 as (-1)^2; to Prometheus the power binds tighter than the sign.
  if (op === "^" && leftNode.name === "NumberDurationLiteral" && left.kind === "number") {
    const sign = /^[+-]/.exec(textOf(leftNode, reader))?.[0];
    if (sign === "-" || sign === "+") {
      const base = { ...left, value: Math.abs(left.value), from: left.from + 1 };
      const power = { ...withMatching, left: base, from: left.from + 1, to: node.to };
      return signed(sign, power, spanOf(node));
    }
  }
  return { ...withMatching, left, ...spanOf(node) };
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
  return { kind: "call", name: textOf(identifier, reader), args, ...spanOf(node) };
}

/** Undefined if any argument could not be read; all of them are tried. */
function readArgs(node: SyntaxNode, reader: Reader): readonly Expr[] | undefined {
  const body = node.getChild("FunctionCallBody");
  const args = (body?.getChildren("Expr") ?? []).map((arg) => readExpr(arg, reader));
  const read = args.filter((arg) => arg !== undefined);
  return read.length === args.length ? read : undefined;
}
