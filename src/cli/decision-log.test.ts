import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";
import type { Decision } from "../scaling/decide.ts";
import { newDecisions } from "./decision-log.ts";

const max = { kind: "max", wish: 6, max: 5 } as const;
const inactive = { kind: "inactive" } as const;

test("a count held for the same kind of reason is said once; changes are always said", () => {
  const lines: string[] = [];
  const listen = newDecisions((line) => lines.push(line));
  const decisions: readonly Decision[] = [
    { kind: "hold", at: 5, because: [max] },
    { kind: "hold", at: 5, because: [{ ...max, wish: 7 }] },
    { kind: "scale", from: 5, to: 4, because: [] },
    { kind: "scale", from: 4, to: 3, because: [] },
    { kind: "hold", at: 3, because: [inactive] },
    { kind: "hold", at: 3, because: [inactive] },
  ];
  const record = { key: "default/a", round: undefined, writtenAtMs: undefined };
  for (const decision of decisions) listen({ ...record, decision } satisfies DecisionRecord);
  assert.deepEqual(
    lines.map((line) => line.split(":")[0]),
    ["hold at 5", "scale 5 → 4", "scale 4 → 3", "hold at 3"],
  );
});
