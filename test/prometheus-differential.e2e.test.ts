// The same samples go by remote write to Debian's Prometheus and to ours, the same queries over HTTP to
// both, and the answers are the same: but for what Prometheus 3 changed, which is listed with its reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startPrometheus } from "../bench/debian-prometheus.ts";
import { wallClock } from "../src/lib/wall-clock.ts";
import { SeriesStore } from "../src/metrics/series-store.ts";
import { prometheusApi } from "../src/telemetry/prometheus-api.ts";
import { serve } from "../src/telemetry/prometheus-server.ts";
import { maxWriteBodyBytes, remoteWrite } from "../src/telemetry/remote-write-handler.ts";
import { RemoteWriteReceiver } from "../src/telemetry/remote-write-receiver.ts";
import { writeRequestBody, type SeriesToWrite } from "../src/telemetry/write-request-fixture.ts";
import { differentialSeries } from "./differential-data.ts";
import { differences, queries } from "./differential-queries.ts";
import { hasTools } from "./tools.ts";

type Labels = Readonly<Record<string, string>>;
type Point = readonly [seconds: number, value: string];
type Answer =
  | { readonly resultType: "vector"; readonly result: readonly { metric: Labels; value: Point }[] }
  | {
      readonly resultType: "matrix";
      readonly result: readonly { metric: Labels; values: Point[] }[];
    }
  | { readonly resultType: "scalar" | "string"; readonly result: Point };
type Envelope =
  | { readonly status: "success"; readonly data: Answer }
  | { readonly status: "error"; readonly errorType: string; readonly error: string };

async function ourPrometheus() {
  const store = new SeriesStore({ windowMs: 2 * 3_600_000 });
  const receiver = new RemoteWriteReceiver({ store, clock: wallClock });
  // A machine that is busy must not make a difference.
  const api = prometheusApi({
    store,
    clock: wallClock,
    version: "0",
    remoteWrite: remoteWrite({ receiver }),
    limits: { timeoutMs: 60_000 },
  });
  const maxBodyBytes = { "/api/v1/write": maxWriteBodyBytes };
  return serve(api, { host: "127.0.0.1", port: 0, maxBodyBytes });
}

async function push(server: string, series: readonly SeriesToWrite[]): Promise<void> {
  for (let first = 0; first < series.length; first += 250) {
    const response = await fetch(`${server}/api/v1/write`, {
      method: "POST",
      headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
      body: new Uint8Array(writeRequestBody(series.slice(first, first + 250))),
    });
    assert.equal(response.status, 204, await response.text());
  }
}

async function ask(server: string, path: string, parameters: Labels): Promise<Envelope> {
  const response = await fetch(`${server}/api/v1/${path}`, {
    method: "POST",
    body: new URLSearchParams(parameters),
  });
  return (await response.json()) as Envelope;
}

/** What differs between the answers, or undefined. The order of series has no meaning. */
function differenceOf(theirs: Envelope, ours: Envelope): string | undefined {
  if (theirs.status === "error" || ours.status === "error") {
    const told = (answer: Envelope): string =>
      answer.status === "error" ? `${answer.errorType}: ${answer.error}` : "an answer";
    const same =
      theirs.status === "error" && ours.status === "error" && theirs.errorType === ours.errorType;
    return same ? undefined : `theirs ${told(theirs)}; ours ${told(ours)}`;
  }
  if (theirs.data.resultType !== ours.data.resultType)
    return `type ${theirs.data.resultType}, ours ${ours.data.resultType}`;
  const [theirSeries, ourSeries] = [seriesOf(theirs.data), seriesOf(ours.data)];
  for (const [metric, points] of theirSeries) {
    const others = ourSeries.get(metric);
    if (!others)
      return `only theirs: ${metric} (${theirSeries.size} theirs, ${ourSeries.size} ours)`;
    if (points.length !== others.length)
      return `${metric}: ${points.length} points, ours ${others.length}`;
    for (const [index, point] of points.entries()) {
      const other = others[index];
      if (!other || !isSame(point, other))
        return `${metric}: ${JSON.stringify(point)}, ours ${JSON.stringify(other)}`;
    }
  }
  for (const metric of ourSeries.keys())
    if (!theirSeries.has(metric)) return `only ours: ${metric}`;
  return undefined;
}

function seriesOf(data: Answer): Map<string, readonly Point[]> {
  const key = (metric: Labels): string =>
    JSON.stringify(
      Object.keys(metric)
        .toSorted()
        .map((name) => [name, metric[name]]),
    );
  if (data.resultType === "vector")
    return new Map(data.result.map(({ metric, value }) => [key(metric), [value]]));
  if (data.resultType === "matrix")
    return new Map(data.result.map(({ metric, values }) => [key(metric), values]));
  return new Map([["[]", [data.result]]]);
}

function isSame([theirTime, theirText]: Point, [ourTime, ourText]: Point): boolean {
  if (theirTime !== ourTime) return false;
  if (theirText === ourText) return true;
  const [theirs, ours] = [Number(theirText), Number(ourText)];
  return Math.abs(theirs - ours) <= 1e-9 * Math.max(Math.abs(theirs), Math.abs(ours));
}

/** For a difference that is listed: `a=b => value` for each series, or the type of the error. */
function formatted(answer: Envelope): string {
  if (answer.status === "error") return answer.errorType;
  return [...seriesOf(answer.data)]
    .map(([key, points]) => {
      const labels = (JSON.parse(key) as [string, string][]).map((pair) => pair.join("="));
      return `${labels.join(",")} => ${points.map(([, value]) => Number(value).toPrecision(12)).join(" ")}`;
    })
    .toSorted()
    .join("; ")
    .trim();
}

/** With numbers as `formatted` writes them. */
const expected = (listed: string): string =>
  listed.replace(/(?<==> ).*/, (value) => Number(value).toPrecision(12));

test("our answers are those of a real Prometheus", async (t) => {
  if (!hasTools(t, "prometheus")) return;
  const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
  const seed = Number(process.env["SEED"] ?? 20_261_125);
  const series = differentialSeries(endMs, seed);
  assert.ok(series.length > 2000);
  const [debian, our] = await Promise.all([startPrometheus(), ourPrometheus()]);
  t.after(() => Promise.all([debian.stop(), our.close()]));
  await Promise.all([push(debian.url, series), push(our.url, series)]);

  const both = (path: string, parameters: Labels): Promise<[Envelope, Envelope]> =>
    Promise.all([ask(debian.url, path, parameters), ask(our.url, path, parameters)]);
  const end = endMs / 1000;
  const mid = end - 15 * 60 + 0.077;

  await t.test(`${queries.length} queries, at two moments and over a range`, async () => {
    const differing: string[] = [];
    let withSeries = 0;
    for (const written of queries) {
      const query = written.replaceAll("$mid", String(mid));
      const asked: readonly (readonly [path: string, parameters: Labels])[] = [
        ["query", { time: String(end + 0.077) }],
        ["query", { time: String(mid) }],
        ["query_range", { start: String(mid), end: String(end + 20), step: "47" }],
      ];
      for (const [path, parameters] of asked) {
        const [theirs, ours] = await both(path, { query, ...parameters });
        if (theirs.status === "success" && theirs.data.result.length > 0) withSeries++;
        const difference = differenceOf(theirs, ours);
        if (difference)
          differing.push(`${path} ${JSON.stringify(parameters)} ${query}\n    ${difference}`);
      }
    }
    assert.ok(withSeries > 2 * queries.length, `only ${withSeries} answers hold anything`);
    assert.equal(differing.length, 0, `seed ${seed}:\n${differing.join("\n")}`);
  });

  for (const { query, at = 0, theirs, ours, why } of differences)
    await t.test(`${query} differs: ${why}`, async () => {
      const answers = await both("query", { query, time: String(end + at) });
      assert.deepEqual(answers.map(formatted), [theirs, ours].map(expected));
    });
});
