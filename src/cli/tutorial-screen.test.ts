import assert from "node:assert/strict";
import { test } from "node:test";
import { screen, summary, type Sample } from "./tutorial-screen.ts";

const history: readonly Sample[] = Array.from({ length: 60 }, (_, second) => ({
  atMs: second * 1000,
  inFlight: second >= 10 && second < 40 ? 5 : 0,
  wanted: second >= 12 && second < 50 ? 3 : 1,
  ready: second >= 14 && second < 50 ? 3 : 1,
}));

test("the screen fits the terminal, whatever its size", () => {
  const happenings = Array.from({ length: 100 }, (_, index) => ({
    atMs: index * 1000,
    text: `decision ${index} ${"because ".repeat(40)}`,
  }));
  const view = {
    elapsedMs: 60_000,
    phase: "load",
    now: history[20] as Sample,
    maxReplicas: 5,
    history,
    happenings,
  };
  for (const [columns, rows] of [
    [80, 24],
    [40, 20],
    [200, 60],
  ] as const) {
    const lines = screen(view, columns, rows);
    assert.ok(lines.length <= rows, `${lines.length} lines on ${rows} rows`);
    assert.ok(lines.every((line) => line.length <= columns));
  }
  assert.ok(
    screen(view, 0, 0).every((line) => line.length <= 80),
    "a terminal without a size",
  );
  // The newest decision is the one that must not be lost, nor its last word.
  const text = screen({ ...view, happenings: happenings.slice(-3) }, 80, 60).join("\n");
  assert.match(text, /decision 99 because/);
  assert.equal(text.match(/because/g)?.length, 3 * 40);
});

test("the summary tells requests, errors, latencies, times and the replicas' course", () => {
  const text = summary(
    {
      load: {
        latenciesMs: [100, 200, 300, 400],
        outcomes: new Map([
          ["200", 4],
          ["503", 1],
        ]),
        durationMs: 30_000,
      },
      history,
      metricToScaleMs: 1_612,
      roundToScaleMs: 3,
      loadToThirdReadyMs: 2_345,
    },
    5,
  );
  assert.match(text.join("\n"), /requests +5 in 30.0 s, 1 errors \(503: 1\)/);
  assert.match(text.join("\n"), /p50 200 ms {2}p90 400 ms/);
  assert.match(text.join("\n"), /\/scale written +1.61 s \(of it 3 ms after the round/);
  assert.match(text.join("\n"), /third pod Ready +2.35 s/);
  const rows = text.filter((line) => line.includes("│"));
  assert.deepEqual(
    rows.map((row) => [row.trim()[0], row.includes("█"), row.includes("░")]),
    [
      ["5", false, false],
      ["4", false, false],
      ["3", true, true],
      ["2", true, true],
      ["1", true, false],
    ],
  );
});

test("what did not happen shows as a dash", () => {
  const load = { latenciesMs: [], outcomes: new Map(), durationMs: 0 };
  const times = {
    metricToScaleMs: undefined,
    roundToScaleMs: undefined,
    loadToThirdReadyMs: undefined,
  };
  assert.match(summary({ load, history: [], ...times }, 5).join("\n"), /third pod Ready +–/);
});
