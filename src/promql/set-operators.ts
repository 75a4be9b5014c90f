// `and`, `or` and `unless`: which series of one side stay depends, step by step, on whether the other
// side has one with the same labels.
import type { Labels } from "../metrics/labels.ts";
import type { Binary, SetOp } from "./ast.ts";
import type { Context } from "./context.ts";
import {
  addRow,
  draftFrame,
  finishFrame,
  mergeSameLabels,
  nextOffset,
  type Frame,
} from "./frame.ts";
import { signatureIgnoring, signatureOn } from "./label-signature.ts";

export function combineSets(
  { op, matching, ...span }: Binary & { readonly op: SetOp },
  left: Frame,
  right: Frame,
  context: Context,
): Frame {
  const { keyOf } = matching?.on
    ? signatureOn(matching.labels)
    : signatureIgnoring(matching?.labels ?? []);
  if (op === "and") return restricted(left, presenceBy(keyOf, right), keyOf, 1, context);
  if (op === "unless") return restricted(left, presenceBy(keyOf, right), keyOf, 0, context);
  const added = restricted(right, presenceBy(keyOf, left), keyOf, 0, context);
  // The same series may come from the left at some steps and from the right at others.
  const both = stacked(left, added, context);
  return left.steps === 1 ? both : mergeSameLabels(both, span);
}

type Presence = ReadonlyMap<string, Uint8Array>;

/** At which steps the frame has a series with these labels. */
function presenceBy(keyOf: (labels: Labels) => string, frame: Frame): Presence {
  const { steps, present } = frame;
  const presence = new Map<string, Uint8Array>();
  for (const [row, labels] of frame.labels.entries()) {
    const key = keyOf(labels);
    const known = presence.get(key);
    const own = present.subarray(row * steps, (row + 1) * steps);
    if (!known) presence.set(key, own.slice());
    else for (let step = 0; step < steps; step++) if (own[step] === 1) known[step] = 1;
  }
  return presence;
}

/** Keeps what is present while the other side is (`wanted` 1), or is not (0). */
function restricted(
  { labels, steps, values, present }: Frame,
  other: Presence,
  keyOf: (labels: Labels) => string,
  wanted: 0 | 1,
  context: Context,
): Frame {
  const draft = draftFrame(labels.length, steps, context);
  for (const [row, each] of labels.entries()) {
    const presence = other.get(keyOf(each));
    if (!presence && wanted === 1) continue;
    const to = nextOffset(draft);
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] === 0 || (presence?.[step] ?? 0) !== wanted) continue;
      draft.values[to + step] = values[from] ?? NaN;
      draft.present[to + step] = 1;
    }
    addRow(draft, each);
  }
  return finishFrame(draft);
}

function stacked(first: Frame, second: Frame, context: Context): Frame {
  const rows = first.labels.length + second.labels.length;
  const draft = draftFrame(rows, first.steps, context);
  for (const frame of [first, second]) {
    const size = frame.labels.length * frame.steps;
    const offset = nextOffset(draft);
    draft.values.set(frame.values.subarray(0, size), offset);
    draft.present.set(frame.present.subarray(0, size), offset);
    draft.labels.push(...frame.labels);
  }
  return finishFrame(draft);
}
