// Arithmetic and comparison between two vectors: which series pair is worked out once from their
// labels, and then each step of a pair is a pair of numbers.
import {
  dropLabels,
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
import { quote } from "./literals.ts";
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
  const partners = partnersBySignature(one, signature);
  findDuplicates(expr, { many, one, partners, signature, side: oneIsLeft ? "left" : "right" });

  // Only labels that are taken over from the one side tell its series apart in the result.
  const keepApart = group !== undefined && group.include.length > 0;
  const pairs = pairsOf(many, partners, signature, keepApart, context);
  const paired = draftFrame(pairs.length, many.steps, context);
  const apply = pairOperator(expr.op, expr.returnBool);
  for (const [index, { manyRow, oneRow, rowAt }] of pairs.entries()) {
    context.budget.work(many.steps);
    const to = index * many.steps;
    for (let step = 0; step < many.steps; step++) {
      const partner = rowAt ? (rowAt[step] ?? -1) : oneRow;
      if (partner < 0 || (keepApart && partner !== oneRow)) continue;
      const [manyAt, oneAt] = [manyRow * many.steps + step, partner * many.steps + step];
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

/** The series of the one side that have the same signature. */
type Partners = {
  readonly rows: number[];
  /** Which of several is present at each step; -1 where none is. */
  rowAt?: Int32Array;
};

type PartnersByKey = ReadonlyMap<string, Partners>;

function partnersBySignature({ labels }: Frame, { keyOf }: Signature): PartnersByKey {
  const partners = new Map<string, Partners>();
  for (const [row, each] of labels.entries()) {
    const key = keyOf(each);
    const known = partners.get(key);
    if (known) known.rows.push(row);
    else partners.set(key, { rows: [row] });
  }
  return partners;
}

/** The side that must be unique may have several series per group, but one at each step. */
function findDuplicates(
  span: Span,
  {
    many,
    one,
    partners,
    signature,
    side,
  }: {
    readonly many: Frame;
    readonly one: Frame;
    readonly partners: PartnersByKey;
    readonly signature: Signature;
    readonly side: "left" | "right";
  },
): void {
  const { steps, present } = one;
  for (const each of partners.values()) {
    if (each.rows.length < 2) continue;
    const rowAt = new Int32Array(steps).fill(-1);
    each.rowAt = rowAt;
    for (const row of each.rows)
      for (let step = 0; step < steps; step++) {
        if (present[row * steps + step] === 0) continue;
        const other = rowAt[step] ?? -1;
        rowAt[step] = row;
        // Where the other side has nothing at all, nothing is asked of this one.
        if (other < 0 || !isPresentAt(many, step)) continue;
        const [earlier = {}, later = {}] = [one.labels[other], one.labels[row]];
        throw new EvaluationError(
          `found duplicate series for the match group ${listed(signature.labelsOf(later))} on the ${side} hand-side of the operation: [${listed(later)}, ${listed(earlier)}];many-to-many matching not allowed: matching labels must be unique on one side`,
          span,
        );
      }
  }
}

/** All labels in braces, the name as one of them: so Prometheus prints series in its errors. */
function listed(labels: Labels): string {
  const pairs = Object.keys(labels)
    .toSorted()
    .map((name) => `${name}=${quote(labels[name] ?? "")}`);
  return `{${pairs.join(", ")}}`;
}

function isPresentAt({ labels, steps, present }: Frame, step: number): boolean {
  return labels.some((_, row) => present[row * steps + step] === 1);
}

type Pair = {
  readonly key: string;
  readonly manyRow: number;
  readonly oneRow: number;
  readonly rowAt?: Int32Array | undefined;
};

/** One for each series of the many side, or, kept apart, for each partner that it meets at any step. */
function pairsOf(
  { labels, steps, present }: Frame,
  partners: PartnersByKey,
  { keyOf }: Signature,
  keepApart: boolean,
  { budget }: Context,
): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [manyRow, each] of labels.entries()) {
    const key = keyOf(each);
    const { rows = [], rowAt } = partners.get(key) ?? {};
    const [oneRow] = rows;
    if (oneRow === undefined) continue;
    if (!rowAt || !keepApart) {
      pairs.push({ key, manyRow, oneRow, rowAt });
      continue;
    }
    budget.work(steps);
    const met = new Set<number>();
    for (let step = 0; step < steps; step++)
      if (present[manyRow * steps + step] === 1) met.add(rowAt[step] ?? -1);
    for (const row of met) if (row >= 0) pairs.push({ key, manyRow, oneRow: row, rowAt });
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
