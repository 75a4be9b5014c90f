import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Clock } from "../lib/clock.ts";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { labelsKey } from "../metrics/labels.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { evaluateInstant } from "../promql/evaluate.ts";
import { parseQuery } from "../promql/parse.ts";
import type { HttpGet } from "./http-get.ts";
import { relabelRule } from "./relabel.ts";
import type { RoundSink, RoundTarget } from "./round.ts";
import { jobDefaults, type ScrapeJob } from "./scrape-job.ts";
import { Scraper } from "./scraper.ts";

type Answer =
  | string
  | Error
  | { readonly page: string | Buffer; readonly afterMs?: number; readonly contentType?: string };

const second: ScrapeJob = { ...jobDefaults, name: "pods", intervalMs: 1000, timeoutMs: 900 };

/** Writes down in a line what it is told. */
class RecordedRounds implements RoundSink {
  readonly lines: string[] = [];

  begin({ atMs, deadlineMs, targets }: Parameters<RoundSink["begin"]>[0]): void {
    this.lines.push(`${atMs}..${deadlineMs} ${targets.map(nameOf).join(",")}`);
  }
  reported(target: RoundTarget, atMs: number, error?: string): void {
    this.lines.push(`${nameOf(target)} ${atMs}${error === undefined ? "" : `: ${error}`}`);
  }
  gone(target: RoundTarget): void {
    this.lines.push(`${nameOf(target)} gone`);
  }
  seriesAdded(target: RoundTarget, labels: Readonly<Record<string, string>>): void {
    if (!isReport(labels)) this.lines.push(`${nameOf(target)} +${labels["__name__"]}`);
  }
  seriesEnded(target: RoundTarget, labels: Readonly<Record<string, string>>): void {
    if (!isReport(labels)) this.lines.push(`${nameOf(target)} -${labels["__name__"]}`);
  }
}

const nameOf = ({ labels }: RoundTarget): string => labels["pod"] ?? "";
const isReport = (labels: Readonly<Record<string, string>>): boolean =>
  /^(?:up|scrape_.*)$/.test(labels["__name__"] ?? "");

/** A scraper under a virtual clock; `answers` says what each pod's page is, and may change. */
function setUp(
  t: TestContext,
  options: {
    readonly startMs?: number;
    readonly job?: Partial<ScrapeJob>;
    readonly store?: SeriesStore;
    /** What is added to the time that the scraper is told. */
    readonly skewMs?: () => number;
  } = {},
) {
  const clock = new VirtualClock(options.startMs ?? 0);
  const skewMs = options.skewMs ?? (() => 0);
  const shown: Clock = {
    nowMs: () => clock.nowMs() + skewMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
  };
  const store = options.store ?? new SeriesStore();
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const lines: string[] = [];
  const rounds = new RecordedRounds();
  const get: HttpGet = (url) => {
    const pod = new URL(url).host;
    asked.push(`${pod}@${clock.nowMs()}`);
    const answer = answers.get(pod) ?? new Error("connect ECONNREFUSED");
    if (answer instanceof Error) return Promise.reject(answer);
    const { page, afterMs, contentType } = typeof answer === "string" ? { page: answer } : answer;
    const response = { body: Buffer.from(page), contentType, headers: {} };
    if (afterMs === undefined) return Promise.resolve(response);
    return new Promise((resolve) => clock.after(afterMs, () => resolve(response)));
  };
  const scraper = new Scraper({ store, clock: shown, rounds, log: (line) => lines.push(line) });
  const pool = scraper.add({ ...second, ...options.job }, get);
  const setTargets = (...pods: string[]): void => {
    const targets = pods.map((pod) => ({ __address__: pod, pod }));
    pool.set("test", [{ targets, labels: {} }]);
  };
  const stop = new AbortController();
  t.after(() => stop.abort());
  const query = (text: string, atMs = clock.nowMs()): readonly string[] => {
    const parsed = parseQuery(text);
    assert.ok(parsed.kind === "parsed");
    const { value } = evaluateInstant(parsed.expr, store, atMs);
    assert.ok(value.kind === "vector");
    return value.samples.map((sample) => `${sample.labels["pod"] ?? ""} ${sample.value}`);
  };
  const start = (): void => scraper.start(stop.signal);
  return {
    clock,
    store,
    answers,
    asked,
    lines,
    rounds,
    scraper,
    pool,
    get,
    setTargets,
    start,
    stop,
    query,
  };
}

test("all targets are scraped at the same aligned instants", async (t) => {
  const { clock, answers, asked, setTargets, start } = setUp(t, { startMs: 10_400 });
  answers.set("a", "x 1\n").set("b", "x 2\n");
  setTargets("a", "b");
  start();
  await clock.advance(2000);
  assert.deepEqual(asked, ["a@11000", "b@11000", "a@12000", "b@12000"]);
});

test("jobs have intervals of their own, and relabelling may give a target another", async (t) => {
  const { clock, answers, asked, setTargets, scraper, get, start, rounds } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n").set("c", "x 3\n").set("d", "x 4\n");
  setTargets("a");
  const slow = scraper.add({ ...second, name: "slow", intervalMs: 2000, timeoutMs: 1500 }, get);
  start();
  slow.set("test", [
    {
      targets: [
        { __address__: "b" },
        { __address__: "c", __scrape_interval__: "1s", __scrape_timeout__: "1s" },
      ],
      labels: {},
    },
    { targets: [{ __address__: "d", __scrape_interval__: "3s" }], labels: { zone: "z" } },
  ]);
  await clock.advance(3000);
  const expected = "a@1000 a@2000 a@3000 b@2000 c@1000 c@2000 c@3000 d@3000";
  assert.equal(asked.toSorted().join(" "), expected);
  assert.ok(
    rounds.lines.includes("1000..2000 a,"),
    "one round for both jobs, with the longest timeout",
  );
});

test("a target's samples are in the store with the instant's time when it reports", async (t) => {
  const { clock, answers, rounds, setTargets, start, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", { afterMs: 300, page: "x 2\n" });
  setTargets("a", "b");
  start();
  await clock.advance(1299);
  assert.deepEqual(rounds.lines, ["1000..1900 a,b", "a +x", "a 1000"]);
  assert.deepEqual(query("x"), ["a 1"]);
  await clock.advance(1);
  assert.deepEqual(rounds.lines.slice(3), ["b +x", "b 1000"]);
  assert.deepEqual(query("x", 1000), ["a 1", "b 2"]);
  assert.deepEqual(query("scrape_duration_seconds", 1000), ["a 0", "b 0.3"]);
  assert.deepEqual(query("scrape_samples_scraped", 1000), ["a 1", "b 1"]);
});

test("a target that does not answer fails at its timeout, and its series are absent at once", async (t) => {
  const { clock, answers, rounds, setTargets, start, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  setTargets("a", "b");
  start();
  await clock.advance(1000);
  answers.set("b", { afterMs: 5000, page: "x 3\n" });
  await clock.advance(1900);
  assert.equal(rounds.lines.at(-1), "b 2000: context deadline exceeded: no answer within 900 ms");
  assert.deepEqual(query("x"), ["a 1"]);
  assert.deepEqual(query("up"), ["a 1", "b 0"]);
  await clock.advance(10_000);
  assert.deepEqual(query("x"), ["a 1"], "an answer that came too late counts for nothing");
  answers.set("b", "x 4\n");
  await clock.advance(1000);
  assert.deepEqual(query("x"), ["a 1", "b 4"]);
});

test("a timeout as long as the interval ends before the next scrape begins", async (t) => {
  const { clock, answers, rounds, setTargets, start } = setUp(t, { job: { timeoutMs: 1000 } });
  answers.set("a", { afterMs: 5000, page: "x 1\n" });
  setTargets("a");
  start();
  await clock.advance(2000);
  assert.deepEqual(rounds.lines, [
    "1000..2000 a",
    "a 1000: context deadline exceeded: no answer within 1000 ms",
    "2000..3000 a",
  ]);
});

test("a refused connection and a broken page fail with their reason, told once", async (t) => {
  const { clock, answers, rounds, lines, setTargets, scraper, start, query } = setUp(t);
  answers
    .set("b", "x 1\n<html>\n")
    .set("c", { page: Buffer.from([0x78, 0x20, 0x31, 0x0a, 0xff, 0x0a]) });
  setTargets("a", "b", "c");
  start();
  await clock.advance(3000);
  const html = 'line 2: expected a valid start token, found "<html>"';
  assert.deepEqual(rounds.lines.slice(1, 4), [
    "a 1000: connect ECONNREFUSED",
    `b 1000: ${html}`,
    "c 1000: line 2: the text is not valid UTF-8",
  ]);
  assert.deepEqual(query("x"), [], "nothing of a broken page is stored");
  assert.deepEqual(query("up"), ["a 0", "b 0", "c 0"]);
  answers.set("a", "x 1\n");
  await clock.advance(1000);
  assert.deepEqual(lines, [
    "scrape http://a/metrics: connect ECONNREFUSED",
    `scrape http://b/metrics: ${html}`,
    "scrape http://c/metrics: line 2: the text is not valid UTF-8",
    "scrape http://a/metrics: recovered",
  ]);
  assert.deepEqual(
    scraper
      .active()
      .map(({ health, lastError, lastScrapeAtMs }) => `${health} ${lastScrapeAtMs} ${lastError}`),
    ["up 4000 ", `down 4000 ${html}`, "down 4000 line 2: the text is not valid UTF-8"],
  );
});

test("a series that leaves the page ends, and may come back", async (t) => {
  const { clock, answers, rounds, setTargets, start, query } = setUp(t);
  answers.set("a", "x 1\ny 1\nz 1\n");
  setTargets("a");
  start();
  await clock.advance(1000);
  answers.set("a", "x 1\nz 2\n");
  await clock.advance(1000);
  assert.deepEqual(query("y"), []);
  assert.deepEqual(query("z"), ["a 2"]);
  answers.set("a", "z 3\nx 1\ny 7\nw 1\n");
  await clock.advance(1000);
  assert.deepEqual([query("y"), query("z"), query("w")], [["a 7"], ["a 3"], ["a 1"]]);
  assert.deepEqual(
    rounds.lines.filter((line) => /[+-]/.test(line)),
    ["a +x", "a +y", "a +z", "a -y", "a +y", "a +w"],
  );
  assert.deepEqual(query("scrape_series_added"), ["a 2"]);
});

test("a target removed between rounds is absent before the next one", async (t) => {
  const { clock, answers, rounds, setTargets, start, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  setTargets("a", "b");
  start();
  await clock.advance(1000);
  setTargets("a");
  await clock.advance(1);
  assert.deepEqual(query("x"), ["a 1"]);
  assert.deepEqual(query("up"), ["a 1"]);
  assert.deepEqual(rounds.lines.slice(-2), ["b -x", "b gone"]);
});

test("a target removed while it is asked holds nobody up, and a new one waits for the next round", async (t) => {
  const { clock, answers, rounds, setTargets, start, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  setTargets("a", "b");
  start();
  await clock.advance(1000);
  answers.set("b", { afterMs: 800, page: "x 2\n" });
  await clock.advance(1100);
  answers.set("d", "x 4\n");
  setTargets("a", "d");
  assert.equal(rounds.lines.at(-1), "b gone");
  assert.deepEqual(query("x", 2000), ["a 1"], "nor does what it said in the round before");
  await clock.advance(850);
  assert.deepEqual(query("x"), ["a 1"], "the answer of who is gone counts for nothing");
  await clock.advance(50);
  assert.deepEqual(query("x"), ["a 1", "d 4"]);
});

test("a target that goes when the clock was set back ends now, and not in what was the present", async (t) => {
  let skewMs = 0;
  const { clock, answers, setTargets, scraper, get, start, store } = setUp(t, {
    startMs: 7_200_000,
    skewMs: () => skewMs,
  });
  answers.set("a", "x 1\n").set("b", "x 2\n");
  setTargets("a");
  const slow = scraper.add({ ...second, name: "slow", intervalMs: 60_000 }, get);
  slow.set("test", [{ targets: [{ __address__: "b" }], labels: {} }]);
  start();
  await clock.advance(180_000);
  skewMs = -90_000;
  await clock.advance(2000);
  slow.set("test", []);
  assert.equal(store.newestMs - (clock.nowMs() + skewMs), 1);
});

test("a round that begins late has its deadline after the timeouts of its targets", async (t) => {
  let skewMs = 0;
  const { clock, answers, rounds, setTargets, start } = setUp(t, { skewMs: () => skewMs });
  answers.set("a", { page: "x 1\n", afterMs: 500 });
  setTargets("a");
  start();
  skewMs = 400;
  await clock.advance(1550);
  assert.deepEqual(rounds.lines, ["1000..2300 a", "a +x", "a 1000"]);
});

test("an instant without targets is told: somebody may wait for the first one", async (t) => {
  const { clock, rounds, start } = setUp(t);
  start();
  await clock.advance(1000);
  assert.deepEqual(rounds.lines, ["1000..1000 "]);
});

const labelCases: readonly (readonly [
  it: string,
  honorLabels: boolean,
  page: string,
  key: Record<string, string>,
])[] = [
  [
    "the target's labels win over the page's",
    false,
    'x{pod="z"} 1\n',
    { pod: "a", exported_pod: "z" },
  ],
  [
    "a name that is taken is moved further",
    false,
    'x{pod="z",exported_pod="y"} 1\n',
    { pod: "a", exported_pod: "y", exported_exported_pod: "z" },
  ],
  ["honoured labels of the page win", true, 'x{pod="z"} 1\n', { pod: "z" }],
];

for (const [it, honorLabels, page, labels] of labelCases)
  test(it, async (t) => {
    const { clock, answers, store, setTargets, start } = setUp(t, { job: { honorLabels } });
    answers.set("a", page);
    setTargets("a");
    start();
    await clock.advance(1000);
    const keys = store.select([], 0, 1000).map((series) => labelsKey(series.labels));
    assert.ok(keys.includes(labelsKey({ __name__: "x", job: "pods", instance: "a", ...labels })));
  });

test("metric relabelling rewrites and drops samples, and the report counts what is left", async (t) => {
  const metricRelabel = [
    relabelRule({ action: "drop", sourceLabels: ["__name__"], regex: "go_.*" }),
    relabelRule({ sourceLabels: ["le"], targetLabel: "bound" }),
    relabelRule({ action: "labeldrop", regex: "le" }),
  ];
  const { clock, answers, setTargets, start, query } = setUp(t, { job: { metricRelabel } });
  answers.set("a", 'x{le="1"} 1\ngo_threads 7\n');
  setTargets("a");
  start();
  await clock.advance(2000);
  assert.deepEqual(query('x{bound="1",le=""}'), ["a 1"]);
  assert.deepEqual(query("go_threads"), []);
  assert.deepEqual(query("scrape_samples_scraped"), ["a 2"]);
  assert.deepEqual(query("scrape_samples_post_metric_relabeling"), ["a 1"]);
});

const limitCases: readonly (readonly [error: string, limits: Partial<ScrapeJob["limits"]>])[] = [
  ["sample limit exceeded", { samples: 1 }],
  ["line 1: label_limit exceeded (metric: x, number of labels: 5, limit: 4)", { labels: 4 }],
  [
    "line 1: label_name_length_limit exceeded (metric: x, label name: __name__, length: 8, limit: 7)",
    { labelNameLength: 7 },
  ],
  [
    'line 1: label_value_length_limit exceeded (metric: x, label name: b, value: "größe", length: 7, limit: 6)',
    { labelValueLength: 6 },
  ],
];

for (const [error, limits] of limitCases)
  test(`a scrape fails as a whole: ${error}`, async (t) => {
    const job = { limits: { ...jobDefaults.limits, ...limits } };
    const { clock, answers, rounds, setTargets, start, query } = setUp(t, { job });
    answers.set("a", 'x{b="größe"} 1\ny 1\n');
    setTargets("a");
    start();
    await clock.advance(1000);
    assert.equal(rounds.lines.at(-1), `a 1000: ${error}`);
    assert.deepEqual(query("x"), []);
    assert.deepEqual(query("up"), ["a 0"]);
  });

test("page times are taken where they are honoured, but not from far ahead", async (t) => {
  const { clock, answers, lines, setTargets, start, query } = setUp(t, { startMs: 1_000_000 });
  answers.set("a", "x 1 1000500\ny 1 4102444800000\nz 1\n");
  setTargets("a");
  start();
  await clock.advance(1000);
  assert.deepEqual(query("timestamp(x)"), ["a 1000.5"]);
  assert.deepEqual(query("y", 4_102_444_800_000), []);
  assert.deepEqual(lines, [
    "scrape http://a/metrics: refused by the store: 1 sample, as their times are far ahead",
  ]);
  answers.set("a", "z 1\n");
  await clock.advance(1000);
  assert.deepEqual(query("x"), ["a 1"], "a series with times of its own may rest");
  assert.deepEqual(query("z"), ["a 1"]);
});

test("page times are passed over where they are not honoured", async (t) => {
  const { clock, answers, setTargets, start, query } = setUp(t, {
    job: { honorTimestamps: false },
  });
  answers.set("a", "x 1 5\n");
  setTargets("a");
  start();
  await clock.advance(1000);
  assert.deepEqual(query("timestamp(x)"), ["a 1"]);
});

test("the format is that of the Content-Type, else the job's", async (t) => {
  const { clock, answers, setTargets, start, scraper, query } = setUp(t);
  answers
    .set("a", { contentType: "application/openmetrics-text; version=1.0.0", page: "x_total 1\n" })
    .set("b", { contentType: "text/plain; version=0.0.4", page: "# EOF\nx 1\n" });
  setTargets("a", "b");
  start();
  await clock.advance(1000);
  assert.match(scraper.active()[0]?.lastError ?? "", /# EOF/);
  assert.deepEqual(query("x"), ["b 1"]);
});

test("a fault of our own costs the scrape that it befell, and is in the log with its stack", async (t) => {
  const { clock, answers, lines, rounds, setTargets, start, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  setTargets("a", "b");
  let isFaulty = true;
  rounds.seriesAdded = (target) => {
    if (isFaulty && nameOf(target) === "a") throw new Error("a bug");
  };
  start();
  await clock.advance(1000);
  assert.match(lines.join("\n"), /^scrape http:\/\/a\/metrics: Error: a bug\n +at /);
  assert.deepEqual(query("x"), ["b 2"]);
  isFaulty = false;
  await clock.advance(1000);
  assert.deepEqual(query("x").toSorted(), ["a 1", "b 2"]);
});

test("what the store refuses is told", async (t) => {
  const { clock, answers, lines, setTargets, start } = setUp(t, {
    store: new SeriesStore({ maxSeries: 12 }),
  });
  answers.set("a", "x 1\ny 1\n");
  setTargets("a");
  start();
  await clock.advance(3000);
  assert.deepEqual(lines, [
    "scrape http://a/metrics: refused by the store: 1 sample, as there is no room for more series " +
      "of a (docs/metrics.md)",
  ]);
});

test("more targets than the job allows are not asked at all", async (t) => {
  const limits = { ...jobDefaults.limits, targets: 1 };
  const { clock, answers, asked, rounds, setTargets, start } = setUp(t, { job: { limits } });
  answers.set("a", "x 1\n").set("b", "x 1\n");
  setTargets("a", "b");
  start();
  await clock.advance(1000);
  assert.deepEqual(asked, []);
  assert.equal(rounds.lines[1], "a 1000: target_limit exceeded (number of targets: 2, limit: 1)");
  setTargets("a");
  await clock.advance(1000);
  assert.deepEqual(asked, ["a@2000"]);
});

test("what the pages say of their metrics is kept by target", async (t) => {
  const { clock, answers, setTargets, start, scraper } = setUp(t);
  answers.set("a", "# HELP x What it is.\n# TYPE x gauge\nx 1\n");
  setTargets("a");
  start();
  await clock.advance(1000);
  assert.deepEqual(
    [...scraper.metadata()].map(({ target, ...said }) => ({ ...said, pod: target["pod"] })),
    [{ metric: "x", type: "gauge", help: "What it is.", unit: "", pod: "a" }],
  );
});

test("dropped targets are shown, and targets that are none are told once", (t) => {
  const relabel = [relabelRule({ action: "drop", sourceLabels: ["pod"], regex: "b" })];
  const { scraper, lines, setTargets } = setUp(t, { job: { relabel } });
  setTargets("a", "b", "c/d");
  setTargets("a", "b", "c/d");
  assert.deepEqual(
    scraper.active().map(({ labels }) => labels["pod"]),
    ["a"],
  );
  assert.deepEqual(
    scraper
      .dropped()
      .map(({ scrapePool, discoveredLabels }) => [scrapePool, discoveredLabels["pod"]]),
    [["pods", "b"]],
  );
  assert.deepEqual(scraper.droppedCounts(), { pods: 1 });
  assert.deepEqual(lines, ['job pods: not scraped: c/d: "c/d" is not a valid hostname']);
});

test("after the signal nothing is scraped, and an open scrape leaves no trace", async (t) => {
  const { clock, answers, asked, rounds, setTargets, start, stop, query } = setUp(t);
  answers.set("a", { afterMs: 500, page: "x 1\n" });
  setTargets("a");
  start();
  await clock.advance(1100);
  stop.abort();
  await clock.advance(10_000);
  assert.deepEqual(asked, ["a@1000"]);
  assert.deepEqual(rounds.lines, ["1000..1900 a"]);
  assert.deepEqual(query("up"), []);
});

test("when the clock is set back, its time is followed, and what is measured anew counts", async (t) => {
  let skewMs = 0;
  const { clock, answers, setTargets, start, query } = setUp(t, {
    startMs: 100_000,
    skewMs: () => skewMs,
  });
  answers.set("a", "x 1\n");
  setTargets("a");
  start();
  await clock.advance(20_000);
  skewMs = -15_000;
  answers.set("a", "x 2\n");
  await clock.advance(2000);
  assert.deepEqual(query("x", 107_000), ["a 2"]);
  assert.deepEqual(query("timestamp(x)", 107_000), ["a 107"]);
  await clock.advance(3000);
  assert.deepEqual(query("timestamp(x)", 110_000), ["a 110"]);
});

test("when the clock is set ahead, the instants are those of the new time", async (t) => {
  let skewMs = 0;
  const { clock, answers, setTargets, start, query } = setUp(t, { skewMs: () => skewMs });
  answers.set("a", "x 1\n");
  setTargets("a");
  start();
  await clock.advance(1000);
  skewMs = 3_600_250;
  await clock.advance(2000);
  assert.deepEqual(query("timestamp(x)", 3_603_250), ["a 3603"]);
});
