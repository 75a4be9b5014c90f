// The store beside the simplest thing that does the same: lists of samples, searched from end to end.
// Times are regular, irregular, and jump by hours and years, forward and (by dropFrom) back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { labelsKey, type Labels } from "./labels.ts";
import { compileMatcher, matchesAll, type CompiledMatcher, type LabelMatcher } from "./matcher.ts";
import { SampleBuffer } from "./sample-buffer.ts";
import { SeriesStore } from "./series-store.ts";

type ModelSample = { readonly timeMs: number; readonly value: number; readonly stale: boolean };

const windowMs = 600_000;
const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

test("random histories read as in a list of samples", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  try {
    for (let run = 0; run < 20; run++) liveThrough(seededRandom(seed + run));
  } catch (error) {
    throw new Error(`with SEED=${seed}`, { cause: error });
  }
});

function liveThrough(random: () => number): void {
  const below = (end: number): number => Math.floor(random() * end);
  const store = new SeriesStore({ windowMs });
  const model = new Map<string, ModelSample[]>();
  const sets: readonly Labels[] = Array.from({ length: 12 }, (_, index) => ({
    __name__: `m${index % 3}`,
    pod: `p${index % 4}`,
    ...(index % 2 === 0 ? { le: `${index}` } : {}),
  }));
  let nowMs = 1_700_000_000_000 - below(10);
  let newestMs = -Infinity;
  /** Everything before has been let go of at some time. */
  let floorMs = -Infinity;

  for (let step = 0; step < 2000; step++) {
    const what = random();
    if (what < 0.3) nowMs += below(2) === 0 ? 1000 : below(3000);
    else if (what < 0.302) nowMs += hourMs * (1 + below(30));
    else if (what < 0.303) nowMs += yearMs;
    else if (what < 0.31 && newestMs > -Infinity) {
      const fromMs = Math.max(floorMs, nowMs - below(windowMs / 2));
      store.dropFrom(fromMs);
      for (const samples of model.values())
        samples.splice(0, Infinity, ...samples.filter(({ timeMs }) => timeMs < fromMs));
      newestMs = Math.min(newestMs, fromMs);
      nowMs = fromMs;
    } else if (what < 0.9) {
      const labels = sets[below(sets.length)] ?? {};
      const samples = model.get(labelsKey(labels)) ?? [];
      model.set(labelsKey(labels), samples);
      const timeMs = Math.max(floorMs, below(8) === 0 ? nowMs - below(5000) : nowMs);
      const stale = below(10) === 0;
      const value = below(20) === 0 ? NaN : below(3);
      // Whether a series that is out of the window still needs a marker depends on when it went.
      const isOver = (samples.at(-1)?.timeMs ?? 0) < floorMs;
      const expected = expectedOutcome(samples, { timeMs, value, stale });
      const outcome = stale
        ? store.appendStale(labels, timeMs)
        : store.append(labels, timeMs, value);
      if (!(stale && isOver)) assert.equal(outcome, expected, `step ${step}, at ${timeMs}`);
      if (outcome === "appended") samples.push({ timeMs, value, stale });
      if (!stale || outcome !== "duplicate") newestMs = Math.max(newestMs, timeMs);
      floorMs = Math.max(floorMs, newestMs - windowMs);
    } else compare(store, model, floorMs, below);
  }
}

function expectedOutcome(
  samples: readonly ModelSample[],
  { timeMs, value, stale }: ModelSample,
): string {
  const last = samples.at(-1);
  if (stale && (!last || last.stale)) return "duplicate";
  if (!last || timeMs > last.timeMs) return "appended";
  if (timeMs < last.timeMs) return "out-of-order";
  return stale === last.stale && Object.is(value, last.value) ? "duplicate" : "conflict";
}

function compare(
  store: SeriesStore,
  model: ReadonlyMap<string, readonly ModelSample[]>,
  floorMs: number,
  below: (end: number) => number,
): void {
  const afterMs = floorMs + below(windowMs);
  const untilMs = afterMs + below(windowMs / 2);
  const selected = new Map(store.select([], -Infinity, Infinity).map((one) => [one.key, one]));
  const buffer = new SampleBuffer(0);
  for (const [key, samples] of model) {
    const series = selected.get(key);
    const within = samples.filter(({ timeMs }) => timeMs > afterMs && timeMs <= untilMs);
    const run = series?.run(afterMs, untilMs);
    assert.deepEqual(
      [...(run?.timesMs ?? [])],
      within.map(({ timeMs }) => timeMs),
    );
    assert.deepEqual(
      [...(run?.stale ?? [])],
      within.map(({ stale }) => Number(stale)),
    );
    assert.deepEqual(
      [...(run?.values ?? [])],
      within.map(({ value, stale }) => (stale ? NaN : value)),
    );
    const live = within.filter(({ stale }) => !stale);
    const count = series?.readWindow(afterMs, untilMs, buffer) ?? 0;
    assert.deepEqual(
      Array.from(buffer.values.subarray(0, count)),
      live.map(({ value }) => value),
    );
    assert.deepEqual(
      Array.from(buffer.timesMs.subarray(0, count)),
      live.map(({ timeMs }) => timeMs),
    );
    const last = within.at(-1);
    assert.deepEqual(
      series?.at(untilMs, untilMs - afterMs),
      last && !last.stale ? { timeMs: last.timeMs, value: last.value } : undefined,
    );
  }
  const inWindow = [...model].filter(([, samples]) => (samples.at(-1)?.timeMs ?? NaN) >= floorMs);
  for (const [key] of inWindow) assert.ok(selected.has(key));
  // The index has lived through the same comings and goings.
  for (const matchers of selections)
    assert.deepEqual(
      store.select(matchers, -Infinity, Infinity).map(({ key }) => key),
      [...selected.values()]
        .filter(({ labels }) => matchesAll(matchers, labels))
        .map(({ key }) => key),
    );
}

const selections = (
  [
    [["__name__", "=", "m1"]],
    [
      ["__name__", "=", "m1"],
      ["pod", "=~", "p[12]"],
    ],
    [["pod", "=~", "p1|p2|p9"]],
    [["le", "!=", ""]],
    [
      ["le", "=", ""],
      ["pod", "!~", "p.*[13]"],
    ],
  ] as const
).map((matchers) => matchers.map(([label, op, value]) => compiled({ label, op, value })));

function compiled(matcher: LabelMatcher): CompiledMatcher {
  const result = compileMatcher(matcher);
  assert.ok(result.kind === "compiled");
  return result.matcher;
}
