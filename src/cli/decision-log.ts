// Which decisions are worth a line: those that change the count, and those whose reason is a new
// one. A count that is held for the same reason round after round is said once.
import { describeDecision } from "../scaling/reason.ts";
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";

/** Objects whose last reason is remembered; of more, the oldest may be told once too often. */
const rememberedMax = 10_000;

/** Returns a listener that passes on one line for every decision that says something new. */
export function newDecisions(
  tell: (line: string, record: DecisionRecord) => void,
): (record: DecisionRecord) => void {
  const told = new Map<string, string>();
  return (record) => {
    const { key, decision } = record;
    const why = `${decision.kind} ${decision.because.map(({ kind }) => kind).join(" ")}`;
    if (decision.kind === "hold" && told.get(key) === why) return;
    told.delete(key);
    told.set(key, why);
    const [oldest] = told.keys();
    if (told.size > rememberedMax && oldest !== undefined) told.delete(oldest);
    tell(describeDecision(decision), record);
  };
}
