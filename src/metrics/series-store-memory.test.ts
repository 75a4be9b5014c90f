// What the limits promise, measured: memory stays where it is however many label sets come and go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SeriesStore } from "./series-store.ts";

test("labels that explode for hours do not make the store grow", () => {
  const store = new SeriesStore({ windowMs: 60_000, maxSeries: 10_000, maxSamples: 100_000 });
  let id = 0;
  const live = (seconds: number, fromSecond: number): void => {
    for (let second = fromSecond; second < fromSecond + seconds; second++) {
      for (let each = 0; each < 200; each++)
        store.append({ __name__: "m", pod: "rude-0", id: `request-${id++}` }, second * 1000, each);
      for (let each = 0; each < 50; each++)
        assert.equal(
          store.append({ __name__: "m", pod: "calm-0", id: `${each}` }, second * 1000, each),
          "appended",
        );
    }
  };
  live(300, 0);
  const before = usedBytes();
  live(1500, 300);
  assert.ok(usedBytes() - before < 2_000_000, `grew by ${usedBytes() - before} bytes`);
  const { series, samples, refused } = store.counts();
  assert.ok(series <= 10_000 && samples <= 100_000, `${series} series, ${samples} samples`);
  assert.ok((refused["series-limit"] ?? 0) > 0);
  assert.equal(store.labelValues("id").length, series, "no value outlives its series");
});

test("labels that were cut from a page do not keep the page", () => {
  const store = new SeriesStore();
  const before = usedBytes();
  for (let page = 0; page < 50; page++) {
    const text = `${page} some value that is long enough to be cut out`.padEnd(
      1_000_000,
      `${page}`,
    );
    store.append({ __name__: text.slice(0, 40), [text.slice(5, 45)]: text.slice(0, 41) }, 1000, 1);
  }
  assert.ok(usedBytes() - before < 5_000_000, `grew by ${usedBytes() - before} bytes`);
  assert.equal(store.counts().series, 50);
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function usedBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
