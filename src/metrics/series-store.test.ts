import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { labelsKey, type Labels } from "./labels.ts";
import { compileMatcher, matchesAll, type CompiledMatcher, type MatcherOp } from "./matcher.ts";
import { SeriesStore } from "./series-store.ts";

function matcher(label: string, op: MatcherOp, value: string): CompiledMatcher {
  const compiled = compileMatcher({ label, op, value });
  assert.ok(compiled.kind === "compiled");
  return compiled.matcher;
}

const up = { __name__: "up", pod: "a" };
const everything: readonly CompiledMatcher[] = [];

test("samples go in by time; a repeat is harmless, anything else is refused and counted", () => {
  const store = new SeriesStore();
  assert.equal(store.append(up, 1000, 1), "appended");
  assert.equal(store.append(up, 1000, 1), "duplicate");
  assert.equal(store.append(up, 1000, 2), "conflict");
  assert.equal(store.append(up, 999, 1), "out-of-order");
  assert.equal(store.append(up, 2000, NaN), "appended");
  assert.equal(store.append(up, 2000, NaN), "duplicate");
  assert.deepEqual(store.counts(), {
    series: 1,
    samples: 2,
    refused: { conflict: 1, "out-of-order": 1 },
    evicted: 0,
  });
});

test("label sets are the same in any order, and with labels that are empty", () => {
  const store = new SeriesStore();
  store.append({ a: "1", b: "2" }, 1, 0);
  store.append({ b: "2", a: "1", c: "" }, 2, 0);
  assert.equal(store.counts().series, 1);
});

test("keys do not collide across the borders of names and values", () => {
  const long = "x".repeat(0x8000);
  const keys = [
    { a: "1", b: "2" },
    { a: "1b2" },
    { a1: "b2" },
    { a: "1", b2: "" },
    { a: long },
    { a: `${long}y` },
    { [long]: "y" },
    { a: "\u0001\u0001b2" },
    {},
  ].map(labelsKey);
  assert.equal(new Set(keys).size, keys.length);
});

test("a series is absent from its marker on, and back with its next sample", () => {
  const store = new SeriesStore();
  store.append(up, 1000, 1);
  assert.equal(store.appendStale(up, 2000), "appended");
  assert.equal(store.appendStale(up, 3000), "duplicate");
  store.append(up, 4000, 5);
  const [series] = store.select(everything, -Infinity, Infinity);
  assert.equal(series?.at(1999, 5000)?.value, 1);
  assert.equal(series?.at(3999, 5000), undefined);
  assert.equal(series?.at(4000, 5000)?.value, 5);
  assert.deepEqual([...(series?.window(0, 4000).values ?? [])], [1, 5]);
});

test("a NaN that was measured is no marker", () => {
  const store = new SeriesStore();
  store.append(up, 1000, NaN);
  assert.ok(Number.isNaN(store.select(everything, 0, 2000)[0]?.at(1000, 1000)?.value));
});

test("past the limit a new series is refused, and the others go on", () => {
  const store = new SeriesStore({ maxSeries: 2 });
  assert.equal(store.append({ pod: "a" }, 1, 0), "appended");
  assert.equal(store.append({ pod: "b" }, 1, 0), "appended");
  assert.equal(store.append({ pod: "c" }, 1, 0), "series-limit");
  assert.equal(store.append({ pod: "a" }, 2, 0), "appended");
  assert.deepEqual(store.counts().refused, { "series-limit": 1 });
});

test("long labels take the room of many series, and give it back", () => {
  const store = new SeriesStore({ windowMs: 60_000, maxSeries: 20 });
  const long = (pod: string) => ({ pod, prompt: "x".repeat(8500) });
  assert.equal(store.append(long("a"), 0, 0), "appended");
  assert.equal(store.append(long("a2"), 0, 0), "appended");
  assert.equal(store.append(long("a3"), 0, 0), "series-limit");
  assert.equal(store.append({ pod: "b" }, 0, 0), "appended");
  assert.equal(store.append({ pod: "b" }, 0, 0), "duplicate");
  for (let second = 0; second < 120; second += 10) store.append({ pod: "b" }, second * 1000, 1);
  assert.equal(store.counts().series, 1);
  assert.equal(store.append(long("a3"), 120_000, 0), "appended");
});

test("past the limit of samples the oldest go, and are counted", () => {
  const store = new SeriesStore({ maxSamples: 100 });
  for (let second = 0; second < 1000; second++) {
    assert.equal(store.append({ job: "a", pod: "a" }, second * 1000, second), "appended");
    if (second === 0) store.append({ pod: "a" }, 0, 1);
  }
  const { samples, evicted, series } = store.counts();
  assert.ok(samples > 80 && samples <= 100, `${samples}`);
  assert.equal(evicted, 1001 - samples);
  assert.equal(series, 1);
  assert.equal(store.select(everything, 0, 999_000)[0]?.at(999_000, 1)?.value, 999);
});

test("where all samples are of one time there is nothing to let go of, and more are refused", () => {
  const store = new SeriesStore({ maxSamples: 1 });
  assert.equal(store.append({ pod: "a" }, 1, 0), "appended");
  assert.equal(store.append({ pod: "b" }, 1, 0), "sample-limit");
  assert.deepEqual(store.counts().refused, { "sample-limit": 1 });
});

test("the window slides: old samples and ended series go, and make room", () => {
  const store = new SeriesStore({ windowMs: 60_000, maxSeries: 1 });
  store.append({ pod: "old" }, 0, 1);
  assert.equal(store.append({ pod: "new" }, 30_000, 1), "series-limit");
  assert.equal(store.append({ pod: "new" }, 61_000, 1), "appended");
  assert.equal(store.append({ pod: "new" }, 62_000, 1), "appended");
  assert.equal(store.append({ pod: "late" }, 1000, 1), "too-old");
  assert.deepEqual(store.labelValues("pod"), ["new"]);
});

test("memory stays bounded by the window, however long a series lives", () => {
  const store = new SeriesStore({ windowMs: 60_000 });
  for (let second = 0; second < 3600; second++) store.append(up, second * 1000, second);
  const { samples } = store.counts();
  assert.ok(samples >= 60 && samples <= 66, `${samples}`);
  const [series] = store.select(everything, 0, Infinity);
  assert.deepEqual(series?.at(3_600_000, 5000), { timeMs: 3_599_000, value: 3599 });
  assert.equal(series?.window(3_590_000, 3_599_000).values.length, 9);
});

test("selecting agrees with trying every matcher on every series", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  const pick = <T>(items: readonly [T, ...T[]]): T =>
    items[Math.floor(random() * items.length)] ?? items[0];
  const store = new SeriesStore();
  const all = new Map<string, Labels>();
  for (let index = 0; index < 200; index++) {
    const labels: Labels = {
      __name__: pick(["x", "y"]),
      a: pick(["1", "2", "3"]),
      ...(random() < 0.5 ? { b: pick(["1", "2"]) } : {}),
    };
    all.set(labelsKey(labels), labels);
    store.append(labels, 1000, 1);
  }
  for (let run = 0; run < 300; run++) {
    const matchers = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      matcher(
        pick(["__name__", "a", "b", "none"]),
        pick(["=", "!=", "=~", "!~"]),
        pick(["", "1", "x", "1|2", ".*", ".+"]),
      ),
    );
    const found = store.select(matchers, 0, 1000).map((series) => series.key);
    const expected = [...all]
      .filter(([, labels]) => matchesAll(matchers, labels))
      .map(([key]) => key);
    assert.deepEqual(found.toSorted(), expected.toSorted(), `seed ${seed}`);
  }
});

test("samples from a time on can be dropped, and the time lived through again", () => {
  const store = new SeriesStore();
  const at = (atMs: number) =>
    store.select([], atMs - 1000, atMs).map((one) => one.at(atMs, 1000)?.value);
  for (const [timeMs, value] of [
    [1000, 1],
    [2000, 2],
    [3000, 3],
  ] as const)
    store.append({ __name__: "g" }, timeMs, value);
  store.append({ __name__: "late" }, 3000, 7);
  store.dropFrom(2000);
  assert.deepEqual(at(1000), [1]);
  assert.deepEqual(at(3000), []);
  assert.deepEqual([store.counts().series, store.counts().samples], [1, 1]);
  assert.equal(store.append({ __name__: "g" }, 2000, 5), "appended");
  assert.deepEqual(at(2000), [5]);
});

test("a resolved series is written to without its labels, until the store has dropped it", () => {
  const store = new SeriesStore({ windowMs: 60_000, maxSeries: 2 });
  const series = store.resolve(up);
  assert.ok(typeof series !== "string");
  assert.equal(store.resolve({ pod: "a", __name__: "up", empty: "" }), series);
  assert.equal(store.appendTo(series, 1000, 1), "appended");
  assert.equal(store.appendTo(series, 1000, 2), "conflict");
  assert.equal(store.appendStaleTo(series, 2000), "appended");
  assert.equal(store.appendStaleTo(series, 3000), "duplicate");
  assert.equal(
    store.appendTo(series, 200_000, 3),
    "appended",
    "its own old samples go, not itself",
  );
  assert.equal(store.counts().samples, 1);
  store.append({ pod: "b" }, 400_000, 1);
  assert.equal(series.isGone, true);
  assert.equal(store.appendTo(series, 400_000, 4), "gone");
  const again = store.resolve(up);
  assert.ok(typeof again !== "string" && again !== series);
  assert.equal(store.resolve({ pod: "c" }), "series-limit");
  assert.deepEqual(store.counts().refused, { conflict: 1, "series-limit": 1 });
});

test("a run has the markers of staleness, a window leaves them out", () => {
  const store = new SeriesStore();
  store.append(up, 1000, 1);
  store.append(up, 2000, NaN);
  store.appendStale(up, 3000);
  store.append(up, 4000, 4);
  const [series] = store.select(everything, -Infinity, Infinity);
  assert.deepEqual(series?.run(1000, 4000), {
    timesMs: Float64Array.of(2000, 3000, 4000),
    values: Float64Array.of(NaN, NaN, 4),
    stale: Uint8Array.of(0, 1, 0),
  });
  assert.deepEqual([...(series?.window(1000, 4000).timesMs ?? [])], [2000, 4000]);
  assert.equal(series?.run(4000, 9000).timesMs.length, 0);
});

test("samples that are years apart stand in one series", () => {
  const store = new SeriesStore({ windowMs: Infinity });
  const times = [-5000, 0, 1, 2 ** 32, 2 ** 32 + 1, 1e14];
  for (const timeMs of times) assert.equal(store.append(up, timeMs, timeMs), "appended");
  const [series] = store.select(everything, -Infinity, Infinity);
  assert.deepEqual([...(series?.run(-Infinity, Infinity).timesMs ?? [])], times);
  assert.equal(series?.at(2 ** 32 - 1, Infinity)?.value, 1);
  assert.equal(series?.at(2 ** 33, Infinity)?.value, 2 ** 32 + 1);
});

test("a service whose labels explode takes half of the store, and the others have the rest", () => {
  const store = new SeriesStore({ maxSeries: 1000 });
  const rude = (id: number): Labels => ({ namespace: "a", pod: "rude-0", id: `${id}` });
  for (let id = 0; id < 5000; id++) store.append(rude(id), 1000, 1);
  assert.equal(store.counts().series, 500);
  for (let id = 0; id < 200; id++)
    assert.equal(store.append({ namespace: "b", pod: "calm-0", id: `${id}` }, 1000, 1), "appended");
  assert.equal(store.append(rude(1), 2000, 1), "appended", "what was there before goes on");
  assert.deepEqual(store.groupCounts(), [
    { group: "a/rude", series: 500, samples: 501, refused: { "series-limit": 4500 }, evicted: 0 },
    { group: "b/calm", series: 200, samples: 200, refused: {}, evicted: 0 },
  ]);
});

test("where samples are too many, those of the service that has most go first", () => {
  const store = new SeriesStore({ maxSamples: 1000 });
  for (let second = 0; second < 400; second++) {
    for (let id = 0; id < 20; id++)
      assert.equal(store.append({ job: "rude", id: `${id}` }, second * 1000, 1), "appended");
    assert.equal(store.append({ job: "calm" }, second * 1000, 1), "appended");
  }
  const [rude, calm] = store.groupCounts();
  assert.deepEqual([calm?.samples, calm?.evicted], [400, 0]);
  assert.ok((rude?.samples ?? 0) > 450 && (rude?.samples ?? 0) <= 600, `${rude?.samples}`);
  assert.equal(store.counts().evicted, rude?.evicted);
});

test("series that have been resolved and not been written to make room again", () => {
  const store = new SeriesStore({ windowMs: 60_000, maxSeries: 4 });
  const waiting = store.resolve({ pod: "a" });
  store.append({ pod: "b" }, 0, 1);
  assert.ok(typeof waiting !== "string" && !waiting.isGone, "it is about to be written to");
  for (let second = 0; second < 120; second += 10) store.append({ pod: "b" }, second * 1000, 1);
  assert.ok(waiting.isGone);
  assert.equal(store.counts().series, 1);
});

test("a slow pattern over many values can be ended", () => {
  const store = new SeriesStore();
  for (let id = 0; id < 1000; id++) store.append({ __name__: "m", id: `request-${id}` }, 1000, 1);
  for (const matchers of [
    [matcher("id", "=~", ".*1.*2")],
    [matcher("__name__", "=", "m"), matcher("id", "=~", ".*1.*2|")],
  ]) {
    let steps = 0;
    const onTried = (more: number): void => {
      steps += more;
      if (steps > 50_000) throw new Error("timeout");
    };
    assert.throws(() => store.select(matchers, 0, 1000, onTried), /timeout/);
    assert.ok(store.select(matchers, 0, 1000).length > 0);
  }
});

test("what a pattern repeats counts as so many steps", () => {
  const store = new SeriesStore();
  store.append({ __name__: "m", id: "a".repeat(100) }, 1000, 1);
  const stepsOf = (pattern: string): number => {
    let steps = 0;
    store.select([matcher("id", "=~", pattern)], 0, 1000, (more) => (steps += more));
    return steps;
  };
  assert.ok(stepsOf("(a?){500}a{500}") > 100 * stepsOf("a+b"));
});
