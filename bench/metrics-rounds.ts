// How soon a subscriber knows that its round is complete, counted from the last sample of it: with
// 10,000 series and 1,000 subscribers, once of services of their own, once all of the same series, which
// is the most that one report can set going. And what the rounds cost when nobody waits for them.
import { performance } from "node:perf_hooks";
import { wallClock } from "../src/lib/wall-clock.ts";
import type { Labels } from "../src/metrics/labels.ts";
import { SeriesStore } from "../src/metrics/series-store.ts";
import type { Series } from "../src/metrics/series.ts";
import { parseQuery } from "../src/promql/parse.ts";
import type { RoundTarget } from "../src/telemetry/round.ts";
import { Rounds } from "../src/telemetry/rounds.ts";
import { milliseconds, quantile, type Figure } from "./figure.ts";

const subscribers = 1000;
const seriesCount = 10_000;
const rounds = 120;
/** Rounds at the start that the compiler needs. */
const warmUp = 20;
const intervalMs = 1000;

type Exporter = { readonly target: RoundTarget; readonly series: readonly Series[] };

/** As many targets as told, which have the series between them. */
function exportersOf(store: SeriesStore, targets: number): readonly Exporter[] {
  return Array.from({ length: targets }, (_, index): Exporter => {
    const service = Math.floor((index * subscribers) / targets);
    const labels: Labels = {
      job: "kubernetes-pods",
      instance: `10.0.${index >> 8}.${index & 255}:8080`,
      namespace: "default",
      pod: `llm-${service}-predictor-5d8f9c7b6d-${(index % 100_000).toString().padStart(5, "x")}`,
    };
    const series = Array.from({ length: seriesCount / targets }, (_unused, engine) => {
      const resolved = store.resolve({
        ...labels,
        __name__: "vllm:num_requests_running",
        engine: String(engine),
      });
      if (typeof resolved === "string") throw new Error(resolved);
      return resolved;
    });
    return { target: { id: labels["instance"] ?? "", labels }, series };
  });
}

type Measured = { readonly noticesMs: readonly number[]; readonly roundMs: number };

function measure(targets: number, queryOf: ((subscriber: number) => string) | undefined): Measured {
  const store = new SeriesStore();
  const exporters = exportersOf(store, targets);
  const hub = new Rounds({ clock: wallClock });
  let lastSampleMs = 0;
  let noticesMs: number[] = [];
  if (queryOf)
    for (let index = 0; index < subscribers; index++) {
      const parsed = parseQuery(queryOf(index));
      if (parsed.kind !== "parsed") throw new Error(queryOf(index));
      hub.subscribe(parsed.expr, () => noticesMs.push(performance.now() - lastSampleMs));
    }
  for (const { target, series } of exporters)
    for (const { labels } of series) hub.seriesAdded(target, labels);
  let spentMs = 0;
  const startMs = wallClock.nowMs();
  for (let round = 0; round < rounds; round++) {
    if (round === warmUp) [noticesMs, spentMs] = [[], 0];
    const atMs = startMs + round * intervalMs;
    const begunMs = performance.now();
    hub.begin({
      atMs,
      deadlineMs: atMs + intervalMs,
      intervalMs,
      targets: exporters.map(({ target }) => target),
    });
    spentMs += performance.now() - begunMs;
    for (const { target, series } of exporters) {
      for (const each of series) store.appendTo(each, atMs, round);
      lastSampleMs = performance.now();
      hub.reported(target, atMs);
      spentMs += performance.now() - lastSampleMs;
    }
  }
  hub.close();
  return { noticesMs, roundMs: spentMs / (rounds - warmUp) };
}

export function metricsRounds(): readonly Figure[] {
  const what = `last sample → notice of the round, ${seriesCount} series, ${subscribers} subscribers`;
  const cases: readonly [string, number, (subscriber: number) => string][] = [
    [
      "each of its own ten pods",
      10 * subscribers,
      (index) =>
        'sum(vllm:num_requests_running{namespace="default",' +
        `pod=~"llm-${index}-predictor-[a-z0-9]+-[a-z0-9]{5}"})`,
    ],
    ["all of the same 200 targets", 200, () => "sum(vllm:num_requests_running)"],
  ];
  const figures = cases.map(([who, targets, queryOf]): Figure => {
    const { noticesMs, roundMs } = measure(targets, queryOf);
    const [p50, p99] = [0.5, 0.99].map((share) => milliseconds(quantile(noticesMs, share), 3));
    return {
      what: `${what}, ${who}`,
      aim: "p99 < 2 ms",
      measured: `p50 ${p50}, p99 ${p99} of ${noticesMs.length}; rounds take ${milliseconds(roundMs)} each`,
    };
  });
  const { roundMs } = measure(200, undefined);
  return [
    ...figures,
    {
      what: "a round of 200 targets that nobody waits for",
      aim: "next to nothing",
      measured: milliseconds(roundMs, 3),
    },
  ];
}
