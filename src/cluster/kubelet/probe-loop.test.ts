import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lib/virtual-clock.ts";
import type { Probe } from "../../resources/pod.ts";
import { eagerDelayMs, runProbeLoop } from "./probe-loop.ts";

type Scenario = {
  readonly probe: Probe;
  readonly eager?: boolean;
  readonly healthy?: boolean;
  /** Whether the container is well, by the time. */
  readonly well: (nowMs: number) => boolean;
  readonly forMs: number;
};

async function play({ probe, eager = true, healthy = false, well, forMs }: Scenario) {
  const clock = new VirtualClock();
  const ended = new AbortController();
  const verdicts: [timeMs: number, healthy: boolean][] = [];
  const failuresMs: number[] = [];
  let probes = 0;
  void runProbeLoop(
    {
      probe,
      clock,
      eager,
      healthy,
      once: () => {
        probes++;
        return Promise.resolve(
          well(clock.nowMs()) ? { kind: "success" } : { kind: "failure", message: "down" },
        );
      },
      onVerdict: (is) => {
        if (verdicts.at(-1)?.[1] !== is) verdicts.push([clock.nowMs(), is]);
      },
      onFailure: () => failuresMs.push(clock.nowMs()),
    },
    ended.signal,
  );
  await clock.advance(forMs);
  ended.abort();
  return { verdicts, failuresMs, probes };
}

for (const readyAtMs of [0, 70, 1_000, 20_000, 60_000])
  test(`ready after ${readyAtMs} ms is found within 5 %, though the period is 10 s`, async () => {
    const { verdicts, probes } = await play({
      probe: { periodSeconds: 10 },
      well: (nowMs) => nowMs >= readyAtMs,
      forMs: 70_000,
    });
    const [foundMs = Infinity, ready] = verdicts.at(-1) ?? [];
    assert.equal(ready, true);
    assert.ok(foundMs - readyAtMs <= Math.max(20, readyAtMs * 0.06), `found at ${foundMs}`);
    assert.ok(probes < 150, `${probes} probes`);
  });

test("the extra probes of a container that is coming up count for nothing", async () => {
  const { failuresMs } = await play({
    probe: { periodSeconds: 1 },
    well: () => false,
    forMs: 3_500,
  });
  assert.deepEqual(
    failuresMs.map((timeMs) => Math.round(timeMs / 1000)),
    [1, 2, 3],
  );
});

test("readiness is lost after three failures in a row, at the period's pace", async () => {
  const { verdicts } = await play({
    probe: { periodSeconds: 1 },
    well: (nowMs) => nowMs < 5_000 || (nowMs >= 12_000 && nowMs < 14_000),
    forMs: 13_500,
  });
  assert.deepEqual(verdicts.slice(0, 2), [
    [0, true],
    [7_000, false],
  ]);
  const [foundMs = 0, ready] = verdicts[2] ?? [];
  assert.ok(ready === true && foundMs >= 12_000 && foundMs < 12_300, `found at ${foundMs}`);
});

test("one failure among successes harms nobody", async () => {
  const { verdicts } = await play({
    probe: { periodSeconds: 1 },
    well: (nowMs) => nowMs % 2_000 === 0,
    forMs: 20_000,
  });
  assert.deepEqual(verdicts, [[0, true]]);
});

test("several successes that are asked for come at the period's pace", async () => {
  const { verdicts } = await play({
    probe: { periodSeconds: 2, successThreshold: 3 },
    well: () => true,
    forMs: 10_000,
  });
  assert.deepEqual(verdicts, [[4_000, true]]);
});

test("liveness waits for its delay and never hurries", async () => {
  const { verdicts, failuresMs } = await play({
    probe: { initialDelaySeconds: 5, periodSeconds: 10, failureThreshold: 2 },
    eager: false,
    healthy: true,
    well: () => false,
    forMs: 16_000,
  });
  assert.deepEqual(failuresMs, [5_000, 15_000]);
  assert.deepEqual(verdicts, [[15_000, false]]);
});

test("the eager delay grows with the wait, up to the period", () => {
  assert.deepEqual(
    [0, 400, 10_000, 1_000_000].map((unreadyMs) => eagerDelayMs(unreadyMs, 10_000)),
    [20, 20, 500, 10_000],
  );
});
