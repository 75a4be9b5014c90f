// `count_values`: one series for each value that occurs in a group, with the value as a label.
import { labelsKey, metricNameLabel, setLabel, type Labels } from "../metrics/labels.ts";
import type { Aggregation } from "./ast.ts";
import type { Context } from "./context.ts";
import { draftFrame, finishFrame, type Frame } from "./frame.ts";
import { groupRows } from "./grouping.ts";
import { EvaluationError } from "./value.ts";

export function countValues(
  { parameter, grouping, ...span }: Aggregation,
  { labels, steps, values, present }: Frame,
  context: Context,
): Frame {
  const name = parameter?.kind === "string" ? parameter.value : "";
  if (name === "" || !name.isWellFormed())
    throw new EvaluationError(`invalid label name ${JSON.stringify(name)}`, parameter ?? span);
  const groups = groupRows(labels, grouping);
  // The value's label is there before the grouping, which may take it away again.
  const isDropped =
    grouping?.kind === "without" && [...grouping.labels, metricNameLabel].includes(name);
  const countsByKey = new Map<string, { readonly labels: Labels; readonly counts: Float64Array }>();
  for (let row = 0; row < labels.length; row++) {
    context.budget.work(steps);
    const group = groups.labels[groups.ofRow[row] ?? 0] ?? {};
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] === 0) continue;
      const value = values[from] ?? NaN;
      const counted = isDropped ? group : withLabel(group, name, formatDecimal(value));
      const key = labelsKey(counted);
      let entry = countsByKey.get(key);
      if (!entry) {
        context.budget.hold(steps);
        countsByKey.set(key, (entry = { labels: counted, counts: new Float64Array(steps) }));
      }
      entry.counts[step] = (entry.counts[step] ?? 0) + 1;
    }
  }
  const draft = draftFrame(countsByKey.size, steps, context);
  for (const { labels: counted, counts } of countsByKey.values()) {
    const to = draft.labels.length * steps;
    draft.values.set(counts, to);
    draft.present.set(counts.map(Math.sign), to);
    draft.labels.push(counted);
  }
  return finishFrame(draft);
}

function withLabel(labels: Labels, name: string, value: string): Labels {
  const result: Record<string, string> = { ...labels };
  setLabel(result, name, value);
  return result;
}

/** Without an exponent, however large or small the number: 1e-7 is 0.0000001, and 1e21 has 22 digits. */
export function formatDecimal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [, sign = "", whole = "", fraction = "", exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (exponent === undefined) return String(value);
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}
