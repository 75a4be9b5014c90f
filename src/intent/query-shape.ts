// What a query's result is made of, read from its syntax alone: a series for each pod, a total over
// the pods, an average, a level that does not grow with the number of pods, or nothing that a
// replica count could follow. It looks at no samples, and what it cannot read it refuses to guess.
import type { Aggregation, Binary, Call, Expr, VectorSelector } from "../promql/ast.ts";
import { isComparison, isSetOp, typeOf } from "../promql/check.ts";

export type QueryShape =
  /** At least one series for each pod: a gauge, a rate, a quantile per pod. */
  | { readonly kind: "perPod" }
  /** One series that adds up over the pods. */
  | { readonly kind: "total" }
  /** One series: the mean over one series for each pod. `sum` is the total of the same series. */
  | { readonly kind: "average"; readonly sum: Expr }
  /** One series that says how full or slow a replica is: a maximum, a quantile, a ratio. */
  | { readonly kind: "level"; readonly what: string }
  | { readonly kind: "refused"; readonly why: string };

/** Takes a query that passed the type check of `parseQuery`. */
export function shapeOf(expr: Expr): QueryShape {
  if (typeOf(expr) !== "vector")
    return refused("it is a scalar: the same number, whatever the replicas do");
  const form = formOf(expr);
  if (form.kind === "refused") return form;
  if (form.kind === "constant")
    return refused("it is a constant: the same number, whatever the replicas do");
  if (form.buckets)
    return refused(
      "it returns the buckets of a histogram; take a quantile, as in " +
        "histogram_quantile(0.95, sum by (le) (rate(…_bucket[1m])))",
    );
  if (keeps(form.labels, "pod")) return { kind: "perPod" };
  if (!isSingle(form.labels))
    return refused(
      `it returns groups by ${groupNames(form.labels)} without pod; add pod to the labels, or sum over all of them`,
    );
  switch (form.nature) {
    case "adds":
      return { kind: "total" };
    case "averages":
      return form.sum ? { kind: "average", sum: form.sum } : { kind: "level", what: "an average" };
    case "levels":
      return { kind: "level", what: form.what };
  }
}

/** Which labels the series of a vector carry: all of the scraped ones but some, or a few. */
type LabelSet =
  | { readonly kind: "allBut"; readonly names: ReadonlySet<string> }
  | { readonly kind: "only"; readonly names: ReadonlySet<string> };

type Form =
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "constant" }
  | {
      readonly kind: "series";
      readonly labels: LabelSet;
      /** How the value of one series relates to those of the pods; a series per pod adds. */
      readonly nature: "adds" | "averages" | "levels";
      readonly what: string;
      /** Cumulative histogram buckets, told apart by `le`. */
      readonly buckets: boolean;
      readonly sum?: Expr;
    };

type Series = Form & { kind: "series" };

const refused = (why: string) => ({ kind: "refused", why }) as const;

function formOf(expr: Expr): Form {
  switch (expr.kind) {
    case "number":
    case "string":
      return { kind: "constant" };
    case "vectorSelector":
      return selectorForm(expr);
    case "rangeSelector":
      return selectorForm(expr.selector);
    case "subquery":
      return formOf(expr.expr);
    case "unary":
      return withoutSum(formOf(expr.expr));
    case "aggregation":
      return aggregationForm(expr);
    case "binary":
      return binaryForm(expr);
    case "call":
      return callForm(expr);
  }
}

function selectorForm({ name, matchers }: VectorSelector): Series {
  const oneBucket = matchers.some(({ label }) => label === "le");
  return {
    kind: "series",
    labels: { kind: "allBut", names: new Set() },
    nature: "adds",
    what: "a gauge",
    buckets: (name?.endsWith("_bucket") ?? false) && !oneBucket,
  };
}

function aggregationForm(expr: Aggregation): Form {
  const { op, grouping } = expr;
  const inner = formOf(expr.expr);
  if (inner.kind !== "series") return inner;
  if (["topk", "bottomk", "limitk", "limit_ratio", "count_values", "group"].includes(op))
    return refused(`${op} picks or counts series and measures no load`);
  const labels = grouped(inner.labels, grouping);
  const buckets = inner.buckets && keeps(labels, "le");
  if (inner.buckets && !buckets)
    return refused(`${op} mixes the cumulative buckets of a histogram; keep le, or use …_count`);
  const adds = op === "sum" || op === "count";
  if (op === "avg" && keeps(inner.labels, "pod") && isSingle(labels)) {
    const sum: Expr = { ...expr, op: "sum" };
    return { kind: "series", labels, nature: "averages", what: "an average", buckets, sum };
  }
  const series: Series = { kind: "series", labels, nature: "adds", what: op, buckets };
  // A total of what does not add is a level still: sum(max(x)) is max(x).
  return adds && (op === "count" || inner.nature === "adds")
    ? series
    : level(series, `the ${op} over pods`);
}

function binaryForm(expr: Binary): Form {
  const left = formOf(expr.left);
  const right = formOf(expr.right);
  if (left.kind === "refused") return left;
  if (right.kind === "refused") return right;
  if (isSetOp(expr.op)) return setForm(expr, left, right);
  if (left.kind === "constant" && right.kind === "constant") return left;
  if (left.kind === "constant" || right.kind === "constant") {
    const series = left.kind === "series" ? left : right;
    if (series.kind !== "series") return series;
    const inverted = left.kind === "constant" && expr.op !== "*" && expr.op !== "+";
    return isSingle(series.labels) && (inverted || expr.returnBool || expr.op === "^")
      ? level(series, `${expr.op} of a total`)
      : withoutSum(series);
  }
  return pairedForm(expr, left, right);
}

/** Two vectors: what both keep is kept, and a quotient of totals is a ratio. */
function pairedForm(expr: Binary, left: Series, right: Series): Form {
  const perPod = keeps(left.labels, "pod") && keeps(right.labels, "pod");
  const { matching } = expr;
  const dropsPod = matching && matching.on !== matching.labels.includes("pod");
  if (perPod && !dropsPod) return withoutSum(left);
  if (!isSingle(left.labels) || !isSingle(right.labels))
    return refused(`the two sides of ${expr.op} have different labels`);
  const addable = (expr.op === "+" || expr.op === "-") && left.nature === right.nature;
  return addable || (isComparison(expr.op) && !expr.returnBool)
    ? withoutSum(left)
    : level(left, expr.op === "/" ? "a ratio" : `${expr.op} of two totals`);
}

/** `a or b`, `a and b`, `a unless b` return series of `a`, and `or` those of `b` besides. */
function setForm(expr: Binary, left: Form, right: Form): Form {
  if (left.kind !== "series") return refused(`the left side of ${expr.op} is a constant`);
  if (expr.op !== "or" || right.kind === "constant") return withoutSum(left);
  if (right.kind === "series" && keeps(left.labels, "pod") === keeps(right.labels, "pod"))
    return withoutSum(left);
  return refused("the two sides of or have different labels");
}

const transparent = new Set(
  (
    "abs ceil exp floor ln log10 log2 sgn sqrt clamp clamp_max clamp_min round sort sort_desc " +
    "delta deriv idelta increase irate rate predict_linear double_exponential_smoothing " +
    "avg_over_time max_over_time min_over_time sum_over_time last_over_time first_over_time " +
    "quantile_over_time stddev_over_time label_replace label_join"
  ).split(" "),
);

function callForm({ name, args }: Call): Form {
  if (name === "vector" || name === "scalar" || name === "time" || name === "pi")
    return { kind: "constant" };
  const input = args.find((arg) => ["vector", "range"].includes(typeOf(arg)));
  const inner = input && formOf(input);
  if (inner?.kind !== "series") return inner ?? refused(`${name} measures no load`);
  if (name === "histogram_quantile" || name === "histogram_avg" || name === "histogram_fraction") {
    const labels = without(inner.labels, ["le"]);
    return level({ ...inner, labels, buckets: false }, "a quantile");
  }
  if (!transparent.has(name)) return refused(`how ${name} follows the load is not known`);
  return withoutSum(inner);
}

/** An average that something was done to has no sum of the same series any more. */
function withoutSum(form: Form): Form {
  if (form.kind !== "series" || form.sum === undefined) return form;
  return level(form, "an average");
}

/** As long as there is one for each pod, levels add up like everything else. */
function level({ labels, buckets }: Series, what: string): Series {
  const nature = keeps(labels, "pod") ? "adds" : "levels";
  return { kind: "series", labels, nature, what, buckets };
}

function keeps({ kind, names }: LabelSet, label: string): boolean {
  return names.has(label) === (kind === "only");
}

function isSingle({ kind, names }: LabelSet): boolean {
  return kind === "only" && names.size === 0;
}

function grouped(inner: LabelSet, grouping: Aggregation["grouping"]): LabelSet {
  if (!grouping) return { kind: "only", names: new Set() };
  if (grouping.kind === "without") return without(inner, grouping.labels);
  return { kind: "only", names: new Set(grouping.labels.filter((label) => keeps(inner, label))) };
}

function without({ kind, names }: LabelSet, labels: readonly string[]): LabelSet {
  const dropped = new Set(labels);
  return kind === "allBut"
    ? { kind, names: new Set([...names, ...dropped]) }
    : { kind, names: new Set([...names].filter((label) => !dropped.has(label))) };
}

function groupNames({ kind, names }: LabelSet): string {
  return kind === "only" ? [...names].join(", ") : `all labels but ${[...names].join(", ")}`;
}
