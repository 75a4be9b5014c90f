import assert from "node:assert/strict";
import { test } from "node:test";
import type { Round } from "../telemetry/round.ts";
import { jointRounds } from "./joint-rounds.ts";
import type { Trigger } from "./trigger.ts";

type Announced = readonly [trigger: string, atMs: number, intervalMs?: number];

/** What a listener is told when the triggers announce in this order; `+` is the time of the last. */
function told(names: readonly string[], announced: readonly Announced[]): readonly string[] {
  const listeners = new Map<string, (round: Round) => void>();
  const triggers = names.map((metricName): Trigger => ({
    type: "test",
    metricName,
    query: "",
    target: 1,
    metricType: "AverageValue",
    activation: 0,
    rounds: (listener) => {
      listeners.set(metricName, listener);
      return () => listeners.delete(metricName);
    },
    measure: () => Promise.reject(new Error("nobody measures here")),
  }));
  const lines: string[] = [];
  const stop = jointRounds(triggers, ({ atMs, completedAtMs, intervalMs, moments }) => {
    const parts = [...moments].flatMap(([{ metricName }, { atMs: ownMs, missing }]) => [
      ...(ownMs === atMs ? [] : [` ${metricName} of ${ownMs}`]),
      ...missing.map(({ error }) => ` -${metricName}: ${error}`),
    ]);
    lines.push(`${atMs}+${completedAtMs - atMs} every ${intervalMs}${parts.join("")}`);
  });
  for (const [index, [name, atMs, intervalMs = 1000]] of announced.entries()) {
    const isFaulty = name.endsWith("!");
    const error = "connect ECONNREFUSED";
    listeners.get(name.replace("!", ""))?.({
      atMs,
      completedAtMs: atMs + index,
      intervalMs,
      missing: isFaulty ? [{ labels: {}, error, isKnown: true }] : [],
    });
  }
  stop();
  assert.equal(listeners.size, 0);
  return lines;
}

test("an instant is told once, when the last trigger is complete", () => {
  const cases: readonly {
    name: string;
    triggers: readonly string[];
    announced: readonly Announced[];
    expected: readonly string[];
  }[] = [
    {
      name: "one trigger",
      triggers: ["a"],
      announced: [
        ["a", 1000],
        ["a", 2000],
      ],
      expected: ["1000+0 every 1000", "2000+1 every 1000"],
    },
    {
      name: "two triggers, in any order",
      triggers: ["a", "b"],
      announced: [
        ["a", 1000],
        ["b", 1000],
        ["b", 2000],
        ["a", 2000],
      ],
      expected: ["1000+1 every 1000", "2000+3 every 1000"],
    },
    {
      name: "a slower trigger is waited for at its own instants",
      triggers: ["a", "slow"],
      announced: [
        ["slow", 0, 3000],
        ["a", 0],
        ["a", 1000],
        ["a", 2000],
        ["a", 3000],
        ["slow", 3000, 3000],
        ["a", 4000],
      ],
      expected: [
        "0+1 every 1000",
        "1000+2 every 1000 slow of 0",
        "2000+3 every 1000 slow of 0",
        "3000+5 every 1000",
        "4000+6 every 1000 slow of 3000",
      ],
    },
    {
      name: "a trigger that never announces holds up one instant only",
      triggers: ["a", "silent"],
      announced: [
        ["a", 1000],
        ["a", 2000],
        ["a", 3000],
      ],
      expected: ["2000+1 every 1000", "3000+2 every 1000"],
    },
    {
      name: "what a late trigger announces for an old instant is not told, and it is waited for again",
      triggers: ["a", "late"],
      announced: [
        ["a", 1000],
        ["a", 2000],
        ["late", 1000],
        ["a", 3000],
        ["late", 3000],
      ],
      expected: ["2000+1 every 1000", "3000+4 every 1000"],
    },
    {
      name: "what a slow trigger has of an instant that is not complete is not told",
      triggers: ["slow", "a"],
      announced: [
        ["slow", 0, 3000],
        ["a", 0],
        ["a", 3000],
        ["a", 4000],
        ["slow", 3000, 3000],
        ["a", 5000],
      ],
      expected: ["0+1 every 1000", "4000+3 every 1000 slow of 0", "5000+5 every 1000 slow of 3000"],
    },
    {
      name: "when the clock is set back, nothing is measured ahead of it",
      triggers: ["slow", "a"],
      announced: [
        ["slow", 9000, 3000],
        ["a", 9000],
        ["a", 1000],
      ],
      expected: ["9000+1 every 1000", "1000+2 every 1000"],
    },
    {
      name: "when the clock is set back, rounds go on",
      triggers: ["a", "b"],
      announced: [
        ["a", 9000],
        ["b", 9000],
        ["a", 1000],
        ["b", 1000],
        ["a", 2000],
        ["b", 2000],
      ],
      expected: ["9000+1 every 1000", "1000+2 every 1000", "2000+5 every 1000"],
    },
    {
      name: "what is missing is told by trigger, until the trigger is measured again",
      triggers: ["a", "slow"],
      announced: [
        ["a!", 0],
        ["slow!", 0, 3000],
        ["a", 1000],
      ],
      expected: [
        "0+1 every 1000 -a: connect ECONNREFUSED -slow: connect ECONNREFUSED",
        "1000+2 every 1000 slow of 0 -slow: connect ECONNREFUSED",
      ],
    },
  ];
  for (const { name, triggers, announced, expected } of cases)
    assert.deepEqual(told(triggers, announced), expected, name);
});
