// What the series store costs: memory of a series that is scraped every 5 s for half an hour, and the
// time to write a sample. The series are those of vLLM servers with the labels that scraping adds.
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parseExposition } from "../src/metrics/exposition-parser.ts";
import type { Labels } from "../src/metrics/labels.ts";
import { SeriesStore } from "../src/metrics/series-store.ts";
import type { Series } from "../src/metrics/series.ts";
import { quantile, type Figure } from "./figure.ts";
import { vllmPage } from "./vllm-page.ts";

const pods = 24;
const samples = 360;
const intervalMs = 5000;
const startMs = 1_764_045_000_000;
const runs = 3;

export function metricsStore(): readonly Figure[] {
  const measured = Array.from({ length: runs }, measure);
  const median = (of: (run: Run) => number): number => quantile(measured.map(of), 0.5);
  const perSecond = (rate: number): string => `${(rate / 1e6).toFixed(1)} M/s`;
  const [{ seriesCount } = { seriesCount: 0 }] = measured;
  return [
    {
      what: `memory per series with ${samples} samples, labels and index included, ${seriesCount} series of vLLM`,
      aim: "≤ 6 KB",
      measured: `${(median((run) => run.bytesPerSeries) / 1000).toFixed(2)} KB`,
    },
    {
      what: "samples written to series that are known, of one core",
      aim: "> 1 M/s",
      measured: perSecond(median((run) => run.bySeriesPerSecond)),
    },
    {
      what: "samples written by their labels, of one core",
      aim: "> 200k/s",
      measured: perSecond(median((run) => run.byLabelsPerSecond)),
    },
  ];
}

type Run = {
  readonly seriesCount: number;
  readonly bytesPerSeries: number;
  readonly byLabelsPerSecond: number;
  readonly bySeriesPerSecond: number;
};

function measure(): Run {
  const before = usedBytes();
  const store = new SeriesStore();
  const sets = labelSets();
  // In the order of the pages, as scraping meets them.
  const series = sets.map((labels) => resolved(store, labels));
  const rounds = Array.from({ length: samples }, (_, round) => startMs + round * intervalMs);
  const bySeriesPerSecond = perCoreSecond(series.length * samples, () => {
    for (const [round, timeMs] of rounds.entries())
      for (const [index, each] of series.entries())
        store.appendTo(each, timeMs, (round * (index % 7)) / 4);
  });
  assert.equal(store.counts().samples, series.length * samples);
  const seriesCount = series.length;
  series.length = 0;
  sets.length = 0;
  const bytesPerSeries = (usedBytes() - before) / seriesCount;
  const again = labelSets();
  const byLabelsPerSecond = perCoreSecond(again.length * 10, () => {
    for (let round = 0; round < 10; round++)
      for (const labels of again)
        store.append(labels, startMs + (samples + round) * intervalMs, round);
  });
  assert.equal(store.counts().series, seriesCount);
  return { seriesCount, bytesPerSeries, bySeriesPerSecond, byLabelsPerSecond };
}

function labelSets(): Labels[] {
  return Array.from({ length: pods }, (_, pod) => {
    const target = {
      namespace: "default",
      pod: `qwen-predictor-58f9c58b85-${(pod + 1000).toString(28).padStart(5, "x")}`,
      container: "kserve-container",
      service: "qwen-predictor",
      instance: `127.20.0.${pod}:8080`,
      job: "kubernetes-pods",
    };
    const page = parseExposition(vllmPage(pod), "text");
    assert.deepEqual(page.errors, []);
    return page.samples.map(({ labels }) => ({ ...labels, ...target }));
  }).flat();
}

function resolved(store: SeriesStore, labels: Labels): Series {
  const series = store.resolve(labels);
  assert.ok(typeof series !== "string");
  return series;
}

function perCoreSecond(count: number, work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return count / ((user + system) / 1e6);
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Of the heap and of typed arrays, after what nobody uses is collected. */
function usedBytes(): number {
  // A second time, for what the first has only let go of.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
