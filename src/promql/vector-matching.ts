// Arithmetic and comparison between two vectors: which series pair is worked out once from their
// labels, and then each step of a pair is a pair of numbers.
import {
  dropLabels,
  formatLabels,
  keepLabels,
  labelsKey,
  labelValue,
  setLabel,
  withoutName,
  type Labels,
} from "../metrics/labels.ts";
import type { ArithmeticOp, Binary, ComparisonOp, Span, VectorMatching } from "./ast.ts";
import type { Context } from "./context.ts";
import { draftFrame, finishFrame, mergeSameLabels, rowsOf, type Frame } from "./frame.ts";
import { signatureIgnoring, signatureOn, type Signature } from "./label-signature.ts";
import { isArithmetic, pairOperator } from "./operators.ts";
import { EvaluationError } from "./value.ts";

type Pairing = Binary & { readonly op: ArithmeticOp | ComparisonOp };

/** Throws EvaluationError where the series do not pair as the query says. */
export function matchVectors(expr: Pairing, left: Frame, right: Frame, context: Context): Frame {
  const matching = expr.matching ?? { on: false, labels: [] };
  const { on, labels, group } = matching;
  const oneIsLeft = group?.side === "right";
  const [many, one] = oneIsLeft ? [right, left] : [left, right];
  const signature = on ? signatureOn(labels) : signatureIgnoring(labels);
  const ones = rowsBySignature(one, signature);
  refuseDuplicates(expr, { many, one, ones, signature, side: oneIsLeft ? "left" : "right" });

  const pairs = pairsOf(many, ones, signature);
  const paired = draftFrame(pairs.length, many.steps, context);
  const apply = pairOperator(expr.op, expr.returnBool);
  for (const [index, { manyRow, oneRow }] of pairs.entries()) {
    context.budget.work(many.steps);
    const to = index * many.steps;
    for (let step = 0; step < many.steps; step++) {
      const [manyAt, oneAt] = [manyRow * many.steps + step, oneRow * many.steps + step];
      if (many.present[manyAt] === 0 || one.present[oneAt] === 0) continue;
      const [a, b] = [many.values[manyAt] ?? NaN, one.values[oneAt] ?? NaN];
      // A comparison that holds gives the left side's value, whichever side that is.
      const result = oneIsLeft ? apply(b, a, b) : apply(a, b, a);
      paired.present[to + step] = result === undefined ? filtered : 1;
      if (result !== undefined) paired.values[to + step] = result;
    }
    const [manyLabels = {}, oneLabels = {}] = [many.labels[manyRow], one.labels[oneRow]];
    paired.labels.push(pairLabels(matching, keepsName(expr), manyLabels, oneLabels));
  }
  const frame = finishFrame(paired);
  const severalPairs = refuseAmbiguity(expr, frame, pairs, group !== undefined);
  const kept = withoutFiltered(frame);
  // Pairs of different groups differ in their labels, unless grouping lets other labels go.
  return severalPairs || group ? mergeSameLabels(kept, expr) : kept;
}

/** In `present`: there was a pair, but the comparison does not hold. It counts where pairs must be unique. */
const filtered = 2;

function keepsName({ op, returnBool }: Pairing): boolean {
  return !isArithmetic(op) && !returnBool;
}

type RowsByKey = ReadonlyMap<string, readonly number[]>;

function rowsBySignature({ labels }: Frame, { keyOf }: Signature): RowsByKey {
  const rows = new Map<string, number[]>();
  for (const [row, each] of labels.entries()) {
    const key = keyOf(each);
    const known = rows.get(key);
    if (known) known.push(row);
    else rows.set(key, [row]);
  }
  return rows;
}

/** The side that must be unique may have several series per group, but one at each step. */
function refuseDuplicates(
  span: Span,
  {
    many,
    one,
    ones,
    signature,
    side,
  }: {
    readonly many: Frame;
    readonly one: Frame;
    readonly ones: RowsByKey;
    readonly signature: Signature;
    readonly side: "left" | "right";
  },
): void {
  const { steps, present } = one;
  for (const rows of ones.values()) {
    if (rows.length < 2) continue;
    for (let step = 0; step < steps; step++) {
      const [first, second] = rows.filter((row) => present[row * steps + step] === 1);
      // Where the other side has nothing at all, nothing is asked of this one.
      if (first === undefined || second === undefined || !isPresentAt(many, step)) continue;
      const [earlier = {}, later = {}] = [one.labels[first], one.labels[second]];
      throw new EvaluationError(
        `found duplicate series for the match group ${formatLabels(signature.labelsOf(later))} on the ${side} hand-side of the operation: [${formatLabels(later)}, ${formatLabels(earlier)}];many-to-many matching not allowed: matching labels must be unique on one side`,
        span,
      );
    }
  }
}

function isPresentAt({ labels, steps, present }: Frame, step: number): boolean {
  return labels.some((_, row) => present[row * steps + step] === 1);
}

type Pair = { readonly key: string; readonly manyRow: number; readonly oneRow: number };

function pairsOf({ labels }: Frame, ones: RowsByKey, { keyOf }: Signature): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [manyRow, each] of labels.entries()) {
    const key = keyOf(each);
    for (const oneRow of ones.get(key) ?? []) pairs.push({ key, manyRow, oneRow });
  }
  return pairs;
}

function pairLabels(
  { on, labels, group }: VectorMatching,
  keepName: boolean,
  many: Labels,
  one: Labels,
): Labels {
  const base = keepName ? many : withoutName(many);
  if (!group) {
    if (on) return keepLabels(base, labels);
    return labels.length === 0 ? base : dropLabels(base, new Set(labels));
  }
  if (group.include.length === 0) return base;
  const result: Record<string, string> = dropLabels(base, new Set(group.include));
  for (const name of group.include) {
    const value = labelValue(one, name);
    if (value !== "") setLabel(result, name, value);
  }
  return result;
}

/**
 * Of the pairs of one match group there may be one at each step, or with grouping one for each set of
 * labels that results. Pairs that a comparison filters out count too. Returns whether any group has
 * several pairs at all.
 */
function refuseAmbiguity(
  span: Span,
  { labels, steps, present }: Frame,
  pairs: readonly Pair[],
  grouped: boolean,
): boolean {
  const keys = pairs.map(({ key }, row) => (grouped ? key + labelsKey(labels[row] ?? {}) : key));
  if (new Set(keys).size === keys.length) return false;
  const taken = new Map<string, Uint8Array>();
  for (const [row, key] of keys.entries()) {
    let steppedOn = taken.get(key);
    if (!steppedOn) taken.set(key, (steppedOn = new Uint8Array(steps)));
    for (let step = 0; step < steps; step++) {
      if (present[row * steps + step] === 0) continue;
      if (steppedOn[step] === 1) {
        const remedy = grouped
          ? "grouping labels must ensure unique matches"
          : "many-to-one matching must be explicit (group_left/group_right)";
        throw new EvaluationError(`multiple matches for labels: ${remedy}`, span);
      }
      steppedOn[step] = 1;
    }
  }
  return true;
}

/** Without the pairs for which the comparison does not hold. */
function withoutFiltered(frame: Frame): Frame {
  const { labels, steps, present } = frame;
  const kept: number[] = [];
  for (const row of labels.keys()) {
    let isPresent = false;
    for (let index = row * steps; index < (row + 1) * steps; index++)
      if (present[index] === 1) isPresent = true;
      else present[index] = 0;
    if (isPresent) kept.push(row);
  }
  return kept.length === labels.length ? frame : rowsOf(frame, kept);
}
