// The series that the differential test sends to two Prometheus servers: counters that are reset, gauges
// of every kind of number, histograms, gaps and markers of staleness, from a seed.
import { seededRandom, type Random } from "../src/lib/random.ts";
import type { SeriesToWrite, WrittenSample } from "../src/telemetry/write-request-fixture.ts";

const intervalMs = 15_000;
const rounds = 130;
const pods = 80;

/**
 * Some 2,500 series over half an hour before `endMs`, a whole minute. No sample but those of `edge` falls
 * on a whole second: so the ends of ranges, which Prometheus 2 and 3 treat differently, never meet one.
 */
export function differentialSeries(endMs: number, seed: number): readonly SeriesToWrite[] {
  const random = seededRandom(seed);
  const series: SeriesToWrite[] = [];
  for (let pod = 0; pod < pods; pod++) {
    const phaseMs = ((pod * 613) % 14_000) - ((pod * 613) % 1000) + 331;
    const timesMs = times(endMs, phaseMs);
    const target = {
      namespace: ["default", "team-a", "team-b"][pod % 3] ?? "",
      pod: `llm-${pod}`,
      instance: `10.0.0.${pod}:8080`,
      job: pod < 50 ? "pods" : "other",
    };
    // One pod in five goes at some time and leaves markers; one in seven is not seen for a while.
    const goneFrom = pod % 5 === 4 ? 30 + Math.floor(random() * 90) : Infinity;
    const backFrom = pod % 10 === 4 ? goneFrom + 25 : Infinity;
    const gapFrom = pod % 7 === 3 ? Math.floor(random() * 90) : Infinity;
    const add = (name: string, labels: Readonly<Record<string, string>>, values: Values): void => {
      const samples: WrittenSample[] = [];
      for (const [round, timeMs] of timesMs.entries()) {
        const value = values(round);
        if (round === goneFrom) samples.push({ timeMs, value: NaN, stale: true });
        if (round >= goneFrom && round < backFrom) continue;
        if (round >= gapFrom && round < gapFrom + 30) continue;
        // Here and there a single scrape fails.
        if ((round * 31 + pod * 17) % 41 !== 0) samples.push({ timeMs, value });
      }
      series.push({ labels: { __name__: name, ...target, ...labels }, samples });
    };
    for (const code of ["200", "404", "503"])
      for (const method of ["GET", "POST"])
        add("requests_total", { code, method }, counter(random, 20, 0.01));
    add("tokens_total", { model: `m${pod % 4}` }, counter(random, 1e13, 0.02));
    add("restarts_total", {}, counter(random, 2, 0));
    for (const state of ["running", "waiting"]) add("queue", { state }, gauge(random, 50));
    add("kv_usage", {}, () => random());
    add("temperature", { unit: "C" }, () => Math.round((random() * 60 - 20) * 8) / 8);
    add("odd", { kind: "mixed" }, oneOf(random, [NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e300]));
    add("odd", { kind: "small" }, oneOf(random, [1e-300, -1e-300, 1e-9, 0]));
    add("constant", {}, () => 42);
    add("started_at_seconds", {}, () => Math.floor(endMs / 1000) - pod * 100_000);
    add("info", { version: `v${pod % 3}`, "k8s.node": `n${pod % 4}` }, () => 1);
    addHistogram(add, random, { path: "/chat" });
    if (pod % 2 === 0) addHistogram(add, random, { path: "/embed" });
  }
  return [...series, ...alone(endMs)];
}

/** Few series of plain values, for what is meant to differ. */
function alone(endMs: number): readonly SeriesToWrite[] {
  const rising = (labels: SeriesToWrite["labels"], timesMs: readonly number[]): SeriesToWrite => ({
    labels,
    samples: timesMs.map((timeMs, round) => ({ timeMs, value: round * 30 + 20 })),
  });
  const usual = times(endMs, 331);
  return [
    ...["default", "team-a", "team-b"].map((namespace) =>
      rising({ __name__: "limits", namespace }, usual),
    ),
    rising({ __name__: "edge" }, times(endMs, intervalMs)),
    rising({ __name__: "newborn_total" }, usual.slice(-4)),
    rising({ __name__: "lines", text: "a\nb" }, usual),
    {
      labels: { __name__: "tiny" },
      samples: usual.map((timeMs) => ({ timeMs, value: 5e-324 })),
    },
  ];
}

type Values = (round: number) => number;
type Add = (name: string, labels: Readonly<Record<string, string>>, values: Values) => void;

const times = (endMs: number, phaseMs: number): readonly number[] =>
  Array.from({ length: rounds }, (_, round) => endMs - (rounds - round) * intervalMs + phaseMs);

/**
 * So far from zero, and so much farther before a reset than after it, that a rate does not have to ask
 * where zero was.
 */
function counter(random: Random, step: number, resets: number): Values {
  let value = Math.floor((100 + random()) * step);
  return () => {
    if (random() < resets && value > 50 * step) value = Math.floor((10 + random()) * step);
    else if (random() < 0.8) value += Math.floor(random() * step);
    return value;
  };
}

function gauge(random: Random, top: number): Values {
  let value = random() * top;
  return () => (value = Math.max(0, Math.min(top, value + (random() - 0.5) * 8)));
}

const oneOf =
  (random: Random, values: readonly number[]): Values =>
  () =>
    values[Math.floor(random() * values.length)] ?? 0;

const bounds = ["0.01", "0.1", "0.5", "1", "2.5", "10", "+Inf"];

function addHistogram(add: Add, random: Random, labels: Readonly<Record<string, string>>): void {
  const counts = bounds.map(() => 1000);
  const history = Array.from({ length: rounds }, () => {
    const reset = random() < 0.01 && (counts[0] ?? 0) > 900;
    for (let index = 0; index < counts.length; index++)
      counts[index] = (reset ? 200 : (counts[index] ?? 0)) + Math.floor(random() ** 3 * 10);
    let total = 0;
    return counts.map((count) => (total += count));
  });
  for (const [index, le] of bounds.entries())
    add("latency_seconds_bucket", { ...labels, le }, (round) => history[round]?.[index] ?? 0);
  add("latency_seconds_count", labels, (round) => history[round]?.at(-1) ?? 0);
  add("latency_seconds_sum", labels, (round) => (history[round]?.at(-1) ?? 0) * 0.731);
}
