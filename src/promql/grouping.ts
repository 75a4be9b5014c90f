// Which group of an aggregation each series falls into: worked out once, for all steps.
import { noLabels, type Labels } from "../metrics/labels.ts";
import type { Grouping } from "./ast.ts";
import { signatureIgnoring, signatureOn, type Signature } from "./label-signature.ts";

/** Groups are numbered in the order of their first series. */
export type Groups = {
  readonly count: number;
  readonly ofRow: Int32Array;
  /** The labels of each group's result. */
  readonly labels: readonly Labels[];
};

export function groupRows(rows: readonly Labels[], grouping: Grouping | undefined): Groups {
  const { keyOf, labelsOf } = signatureOf(grouping);
  const ofRow = new Int32Array(rows.length);
  const labels: Labels[] = [];
  const byKey = new Map<string, number>();
  for (let row = 0; row < rows.length; row++) {
    const each = rows[row] ?? noLabels;
    const key = keyOf(each);
    let group = byKey.get(key);
    if (group === undefined) {
      group = labels.length;
      byKey.set(key, group);
      labels.push(labelsOf(each));
    }
    ofRow[row] = group;
  }
  return { count: labels.length, ofRow, labels };
}

/** The name goes with `without`, and with `by` stays only where it is asked for. */
function signatureOf(grouping: Grouping | undefined): Signature {
  if (!grouping) return signatureOn([]);
  return grouping.kind === "by" ? signatureOn(grouping.labels) : signatureIgnoring(grouping.labels);
}
