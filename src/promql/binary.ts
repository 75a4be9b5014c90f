// Operators between two values: arithmetic, comparison, and the pairing of series by labels.
import {
  dropLabels,
  formatLabels,
  keepLabels,
  labelsKey,
  labelValue,
  metricNameLabel,
  withoutName,
  type Labels,
} from "../metrics/labels.ts";
import type { ArithmeticOp, Binary, ComparisonOp, VectorMatching } from "./ast.ts";
import { EvaluationError, type Value, type VectorSample } from "./value.ts";

export function applyBinary(expr: Binary, left: Value, right: Value): Value {
  if (left.kind === "scalar" && right.kind === "scalar")
    return { kind: "scalar", value: numberFrom(compute(expr, left.value, right.value)) };
  if (left.kind === "vector" && right.kind === "vector")
    return { kind: "vector", samples: betweenVectors(expr, left.samples, right.samples) };
  const samples =
    left.kind === "vector"
      ? withScalar(expr, left.samples, (value) => [
          value,
          right.kind === "scalar" ? right.value : NaN,
        ])
      : withScalar(expr, right.kind === "vector" ? right.samples : [], (value) => [
          left.value,
          value,
        ]);
  return { kind: "vector", samples };
}

/** A number, or for a comparison whether it holds. */
function compute({ op }: Binary, left: number, right: number): number | boolean {
  if (op === "and" || op === "or" || op === "unless") return NaN;
  return operators[op](left, right);
}

const numberFrom = (result: number | boolean): number => Number(result);

const operators: {
  readonly [op in ArithmeticOp | ComparisonOp]: (left: number, right: number) => number | boolean;
} = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "^": power,
  atan2: Math.atan2,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

/** IEEE 754's pow, as Go has it: 1 to any power, NaN included, is 1. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/** A comparison without `bool` keeps the samples for which it holds, as they are. */
function withScalar(
  expr: Binary,
  samples: readonly VectorSample[],
  operands: (value: number) => readonly [number, number],
): readonly VectorSample[] {
  const results: VectorSample[] = [];
  for (const sample of samples) {
    const result = compute(expr, ...operands(sample.value));
    if (typeof result === "boolean" && !expr.returnBool) {
      if (result) results.push(sample);
    } else {
      results.push({ ...sample, labels: withoutName(sample.labels), value: numberFrom(result) });
    }
  }
  return results;
}

function betweenVectors(
  expr: Binary,
  left: readonly VectorSample[],
  right: readonly VectorSample[],
): readonly VectorSample[] {
  const matching = expr.matching ?? { on: false, labels: [] };
  const signature = signatures(matching);
  const { op } = expr;
  if (op !== "and" && op !== "or" && op !== "unless") return pair(expr, matching, left, right);
  const [kept, other] = op === "or" ? [right, left] : [left, right];
  const present = new Set(other.map((sample) => labelsKey(signature(sample.labels))));
  const found = kept.filter(
    (sample) => present.has(labelsKey(signature(sample.labels))) === (op === "and"),
  );
  return op === "or" ? [...left, ...found] : found;
}

/** The labels by which two series pair; the name counts only if it is asked for. */
function signatures({ on, labels }: VectorMatching): (labels: Labels) => Labels {
  if (on) return (from) => keepLabels(from, labels);
  const dropped = new Set([...labels, metricNameLabel]);
  return (from) => dropLabels(from, dropped);
}

function pair(
  expr: Binary,
  matching: VectorMatching,
  left: readonly VectorSample[],
  right: readonly VectorSample[],
): readonly VectorSample[] {
  const { group } = matching;
  const signature = signatures(matching);
  const oneIsLeft = group?.side === "right";
  const [many, one] = oneIsLeft ? [right, left] : [left, right];
  const ones = uniqueBy(signature, one, expr, oneIsLeft ? "left" : "right");
  const used = new Set<string>();
  const results: VectorSample[] = [];
  for (const sample of many) {
    const key = labelsKey(signature(sample.labels));
    const partner = ones.get(key);
    if (!partner) continue;
    const [a, b] = oneIsLeft ? [partner.value, sample.value] : [sample.value, partner.value];
    const result = compute(expr, a, b);
    const filters = typeof result === "boolean" && !expr.returnBool;
    if (filters && !result && group) continue;
    const labels = pairedLabels(matching, filters, sample.labels, partner.labels);
    const usedKey = group ? labelsKey(labels) : key;
    if (used.has(usedKey)) {
      const remedy = group
        ? "grouping labels must ensure unique matches"
        : "many-to-one matching must be explicit (group_left/group_right)";
      throw new EvaluationError(`multiple matches for labels: ${remedy}`, expr);
    }
    used.add(usedKey);
    if (filters && !result) continue;
    results.push({ ...sample, labels, value: filters ? a : numberFrom(result) });
  }
  return results;
}

function uniqueBy(
  signature: (labels: Labels) => Labels,
  samples: readonly VectorSample[],
  expr: Binary,
  side: "left" | "right",
): ReadonlyMap<string, VectorSample> {
  const unique = new Map<string, VectorSample>();
  for (const sample of samples) {
    const key = labelsKey(signature(sample.labels));
    const other = unique.get(key);
    if (other)
      throw new EvaluationError(
        `found duplicate series for the match group ${formatLabels(signature(sample.labels))} on the ${side} hand-side of the operation: [${formatLabels(sample.labels)}, ${formatLabels(other.labels)}]; many-to-many matching not allowed: matching labels must be unique on one side`,
        expr,
      );
    unique.set(key, sample);
  }
  return unique;
}

function pairedLabels(
  { on, labels, group }: VectorMatching,
  keepsName: boolean,
  many: Labels,
  one: Labels,
): Labels {
  const base = keepsName ? many : withoutName(many);
  if (!group) return on ? keepLabels(base, labels) : dropLabels(base, new Set(labels));
  const included = group.include.map((name) => [name, labelValue(one, name)] as const);
  const rest = dropLabels(base, new Set(group.include));
  return { ...rest, ...Object.fromEntries(included.filter(([, value]) => value !== "")) };
}
