// The syntax tree of a query, as plain data that is easy to inspect, rewrite and print. Parentheses
// leave no node: they are in the shape of the tree, and the printer puts back those it needs.
// `from` and `to` are offsets in the text that was parsed; a node made later takes its origin's.
import type { LabelMatcher } from "../metrics/matcher.ts";

export type Span = { readonly from: number; readonly to: number };

export type NumberLiteral = Span & { readonly kind: "number"; readonly value: number };

export type StringLiteral = Span & { readonly kind: "string"; readonly value: string };

/** The time that `@` fixes; `start` and `end` are those of the range query, or the instant. */
export type AtModifier =
  | { readonly kind: "time"; readonly timeMs: number }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** A positive offset looks into the past. */
export type TimeShift = { readonly offsetMs: number; readonly at?: AtModifier };

/** The metric name, where one is given, is kept apart from the matchers. */
export type VectorSelector = Span &
  TimeShift & {
    readonly kind: "vectorSelector";
    readonly name?: string;
    readonly matchers: readonly LabelMatcher[];
  };

export type RangeSelector = Span & {
  readonly kind: "rangeSelector";
  readonly selector: VectorSelector;
  readonly rangeMs: number;
};

/** Without a step, the server's default evaluation interval is meant. */
export type Subquery = Span &
  TimeShift & {
    readonly kind: "subquery";
    readonly expr: Expr;
    readonly rangeMs: number;
    readonly stepMs?: number;
  };

export type Unary = Span & {
  readonly kind: "unary";
  readonly op: "-" | "+";
  readonly expr: Expr;
};

export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOp = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type SetOp = "and" | "or" | "unless";
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp;

/** Which labels pair the series of two vectors, and which side may have several per pair. */
export type VectorMatching = {
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly group?: { readonly side: "left" | "right"; readonly include: readonly string[] };
};

export type Binary = Span & {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnBool: boolean;
  readonly matching?: VectorMatching;
};

export const aggregationOps = [
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
] as const;
export type AggregationOp = (typeof aggregationOps)[number];

export type Grouping = { readonly kind: "by" | "without"; readonly labels: readonly string[] };

/** Without `grouping` everything falls into one group. */
export type Aggregation = Span & {
  readonly kind: "aggregation";
  readonly op: AggregationOp;
  readonly expr: Expr;
  readonly parameter?: Expr;
  readonly grouping?: Grouping;
};

export type Call = Span & {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expr[];
};

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | RangeSelector
  | Subquery
  | Unary
  | Binary
  | Aggregation
  | Call;

/** Visits the node, then what is below it in the order of the text. */
export function walk(
  expr: Expr,
  visit: (expr: Expr, ancestors: readonly Expr[]) => void,
  ancestors: readonly Expr[] = [],
): void {
  visit(expr, ancestors);
  const below = [...ancestors, expr];
  for (const child of childrenOf(expr)) walk(child, visit, below);
}

/** Every vector selector of the query, those of ranges included. */
export function selectorsOf(expr: Expr): readonly VectorSelector[] {
  const selectors: VectorSelector[] = [];
  walk(expr, (node) => {
    if (node.kind === "vectorSelector") selectors.push(node);
  });
  return selectors;
}

/** The same query with every vector selector, those of ranges included, replaced by `replace` of it. */
export function mapSelectors(
  expr: Expr,
  replace: (selector: VectorSelector) => VectorSelector,
): Expr {
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "vectorSelector":
      return replace(expr);
    case "rangeSelector":
      return { ...expr, selector: replace(expr.selector) };
    case "subquery":
    case "unary":
      return { ...expr, expr: mapSelectors(expr.expr, replace) };
    case "binary":
      return {
        ...expr,
        left: mapSelectors(expr.left, replace),
        right: mapSelectors(expr.right, replace),
      };
    case "aggregation": {
      const mapped = { ...expr, expr: mapSelectors(expr.expr, replace) };
      if (expr.parameter === undefined) return mapped;
      return { ...mapped, parameter: mapSelectors(expr.parameter, replace) };
    }
    case "call":
      return { ...expr, args: expr.args.map((arg) => mapSelectors(arg, replace)) };
  }
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vectorSelector":
      return [];
    case "rangeSelector":
      return [expr.selector];
    case "subquery":
    case "unary":
      return [expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "aggregation":
      return expr.parameter === undefined ? [expr.expr] : [expr.parameter, expr.expr];
    case "call":
      return expr.args;
  }
}
