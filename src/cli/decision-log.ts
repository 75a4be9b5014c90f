// Which decisions are worth a line: those that change the count, and those whose reason is a new
// one. A count that is held for the same reason round after round is said once.
import { describeDecision } from "../scaling/reason.ts";
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";

/** Returns a listener that passes on one line for every decision that says something new. */
export function newDecisions(
  tell: (line: string, record: DecisionRecord) => void,
): (record: DecisionRecord) => void {
  const told = new Map<string, string>();
  return (record) => {
    const { key, decision } = record;
    const why = `${decision.kind} ${decision.because.map(({ kind }) => kind).join(" ")}`;
    if (decision.kind === "hold" && told.get(key) === why) return;
    told.set(key, why);
    tell(describeDecision(decision), record);
  };
}
