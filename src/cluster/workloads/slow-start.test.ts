import assert from "node:assert/strict";
import { test } from "node:test";
import { inSlowStart } from "./slow-start.ts";

const cases: readonly [name: string, count: number, failsAt: number, tried: number][] = [
  ["all go well", 10, Infinity, 10],
  ["none wanted", 0, Infinity, 0],
  ["the first is refused", 500, 1, 1],
  ["one of the third batch is refused: the batch is finished", 500, 5, 7],
];

for (const [name, count, failsAt, tried] of cases)
  test(name, async () => {
    let calls = 0;
    const write = async (): Promise<void> => {
      if (++calls === failsAt) throw new Error("refused");
    };
    const run = inSlowStart(count, write);
    if (failsAt === Infinity) await run;
    else await assert.rejects(run, /refused/);
    assert.equal(calls, tried);
  });
