import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { evaluateInstant } from "../promql/evaluate.ts";
import { parseQuery } from "../promql/parse.ts";
import { keepAliveGet, type HttpGet } from "./http-get.ts";
import type { ScrapeTarget } from "./scrape-targets.ts";
import { Scraper, type Round } from "./scraper.ts";

const target = (pod: string): ScrapeTarget => ({ url: `http://${pod}/metrics`, labels: { pod } });

type Answer = string | Error | { readonly afterMs: number; readonly page: string };

/** A scraper under a virtual clock; `answers` says what each pod's page is, and may change. */
function setUp(t: TestContext, startMs = 0) {
  const clock = new VirtualClock(startMs);
  const store = new SeriesStore();
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const lines: string[] = [];
  const rounds: Round[] = [];
  const get: HttpGet = (url) => {
    const pod = new URL(url).host;
    asked.push(`${pod}@${clock.nowMs()}`);
    const answer = answers.get(pod) ?? new Error("connect ECONNREFUSED");
    if (answer instanceof Error) return Promise.reject(answer);
    if (typeof answer === "string") return Promise.resolve(answer);
    return new Promise((resolve) => clock.after(answer.afterMs, () => resolve(answer.page)));
  };
  const scraper = new Scraper({ store, clock, get, log: (line) => lines.push(line) });
  scraper.onRound((round) => rounds.push(round));
  const stop = new AbortController();
  t.after(() => stop.abort());
  const query = (text: string, atMs = clock.nowMs()): readonly string[] => {
    const parsed = parseQuery(text);
    assert.ok(parsed.kind === "parsed");
    const { value } = evaluateInstant(parsed.expr, store, atMs);
    if (value.kind === "scalar") return [String(value.value)];
    return value.samples.map((sample) => `${sample.labels["pod"] ?? ""} ${sample.value}`);
  };
  return { clock, store, answers, asked, lines, rounds, scraper, stop, query };
}

test("all targets are scraped at the same aligned instants", async (t) => {
  const { clock, answers, asked, scraper, stop } = setUp(t, 10_400);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  scraper.setTargets([target("a"), target("b")]);
  scraper.start(stop.signal);
  await clock.advance(2000);
  assert.deepEqual(asked, ["a@11000", "b@11000", "a@12000", "b@12000"]);
});

test("a round is complete when the last target answered, and its samples have the round's time", async (t) => {
  const { clock, answers, rounds, scraper, stop, query } = setUp(t);
  answers.set("a", "x 1 999\n").set("b", { afterMs: 300, page: "x 2\n" });
  scraper.setTargets([target("a"), target("b")]);
  scraper.start(stop.signal);
  await clock.advance(1299);
  assert.deepEqual(rounds, []);
  assert.deepEqual(query("x"), [], "half of a round is not seen");
  await clock.advance(1);
  assert.deepEqual(rounds, [
    {
      atMs: 1000,
      completedAtMs: 1300,
      targets: [
        { kind: "scraped", labels: { pod: "a" } },
        { kind: "scraped", labels: { pod: "b" } },
      ],
    },
  ]);
  assert.deepEqual(query("x", 1000), ["a 1", "b 2"]);
  assert.deepEqual(query("scrape_duration_seconds", 1000), ["a 0", "b 0.3"]);
  assert.deepEqual(query("scrape_samples_scraped", 1000), ["a 1", "b 1"]);
});

test("a target that does not answer fails at the deadline, and its series are absent at once", async (t) => {
  const { clock, answers, rounds, scraper, stop, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  scraper.setTargets([target("a"), target("b")]);
  scraper.start(stop.signal);
  await clock.advance(1000);
  answers.set("b", { afterMs: 5000, page: "x 3\n" });
  await clock.advance(1900);
  assert.deepEqual(rounds.at(-1), {
    atMs: 2000,
    completedAtMs: 2900,
    targets: [
      { kind: "scraped", labels: { pod: "a" } },
      {
        kind: "failed",
        labels: { pod: "b" },
        error: "context deadline exceeded: no answer within 900 ms",
      },
    ],
  });
  assert.deepEqual(query("x"), ["a 1"]);
  assert.deepEqual(query("up"), ["a 1", "b 0"]);
  await clock.advance(10_000);
  assert.deepEqual(query("x"), ["a 1"], "an answer that came too late counts for nothing");
});

test("a refused connection and a broken page fail with their reason, told once", async (t) => {
  const { clock, answers, rounds, lines, scraper, stop } = setUp(t);
  answers.set("b", "x 1\n<html>\n");
  scraper.setTargets([target("a"), target("b")]);
  scraper.start(stop.signal);
  await clock.advance(3000);
  assert.deepEqual(
    rounds[0]?.targets.map((each) => (each.kind === "failed" ? each.error : "")),
    ["connect ECONNREFUSED", 'line 2: expected a metric name, found "<html>\\n"'],
  );
  answers.set("a", "x 1\n");
  await clock.advance(1000);
  assert.deepEqual(lines, [
    "scrape http://a/metrics: connect ECONNREFUSED",
    'scrape http://b/metrics: line 2: expected a metric name, found "<html>\\n"',
    "scrape http://a/metrics: recovered",
  ]);
  assert.deepEqual(
    scraper.targets().map(({ health, lastScrapeAtMs }) => `${health} ${lastScrapeAtMs}`),
    ["up 4000", "down 4000"],
  );
});

test("a series that leaves the page ends, and may come back", async (t) => {
  const { clock, answers, scraper, stop, query } = setUp(t);
  answers.set("a", "x 1\ny 1\n");
  scraper.setTargets([target("a")]);
  scraper.start(stop.signal);
  await clock.advance(1000);
  answers.set("a", "x 1\n");
  await clock.advance(1000);
  assert.deepEqual(query("y"), []);
  answers.set("a", "x 1\ny 7\n");
  await clock.advance(1000);
  assert.deepEqual(query("y"), ["a 7"]);
});

test("a target removed between rounds is absent before the next one", async (t) => {
  const { clock, answers, scraper, stop, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n");
  scraper.setTargets([target("a"), target("b")]);
  scraper.start(stop.signal);
  await clock.advance(1000);
  scraper.setTargets([target("a")]);
  await clock.advance(1);
  assert.deepEqual(query("x"), ["a 1"]);
  assert.deepEqual(query("up"), ["a 1"]);
});

test("a target removed during a round does not hold it up and does not count in it", async (t) => {
  const { clock, answers, rounds, scraper, stop, query } = setUp(t);
  answers.set("a", "x 1\n").set("b", "x 2\n").set("c", "x 3\n");
  scraper.setTargets([target("a"), target("b"), target("c")]);
  scraper.start(stop.signal);
  await clock.advance(1000);
  answers.set("b", { afterMs: 800, page: "x 2\n" });
  await clock.advance(1100);
  assert.equal(rounds.length, 1, "the second round waits for b");
  scraper.setTargets([target("a"), target("d")]);
  assert.deepEqual(rounds[1], {
    atMs: 2000,
    completedAtMs: 2100,
    targets: [{ kind: "scraped", labels: { pod: "a" } }],
  });
  assert.deepEqual(query("x", 2000), ["a 1"], "neither b nor c, whose answer was in already");
  answers.set("d", "x 4\n");
  await clock.advance(900);
  assert.deepEqual(query("x"), ["a 1", "d 4"]);
});

test("a round without targets is complete at once", async (t) => {
  const { clock, rounds, scraper, stop } = setUp(t);
  scraper.start(stop.signal);
  await clock.advance(1000);
  assert.deepEqual(rounds, [{ atMs: 1000, completedAtMs: 1000, targets: [] }]);
});

test("the target's labels win over the page's", async (t) => {
  const { clock, answers, store, scraper, stop } = setUp(t);
  answers.set("a", 'x{pod="z"} 1\n');
  scraper.setTargets([target("a")]);
  scraper.start(stop.signal);
  await clock.advance(1000);
  assert.deepEqual(store.select([], 0, 1000).map(({ labels }) => labels)[0], {
    __name__: "x",
    pod: "a",
    exported_pod: "z",
  });
});

test("what the store refuses is told", async (t) => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const scraper = new Scraper({
    store: new SeriesStore({ maxSeries: 1 }),
    clock,
    get: () => Promise.resolve("x 1\ny 1\n"),
    log: (line) => lines.push(line),
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  scraper.setTargets([target("a")]);
  scraper.start(stop.signal);
  await clock.advance(3000);
  assert.deepEqual(lines, ["scrape http://a/metrics: 1 samples were refused by the store"]);
});

test("after the signal nothing is scraped, and an open round is dropped", async (t) => {
  const { clock, answers, asked, rounds, scraper, stop } = setUp(t);
  answers.set("a", { afterMs: 500, page: "x 1\n" });
  scraper.setTargets([target("a")]);
  scraper.start(stop.signal);
  await clock.advance(1100);
  stop.abort();
  await clock.advance(10_000);
  assert.deepEqual(asked, ["a@1000"]);
  assert.deepEqual(rounds, []);
});

test("over real sockets, rounds reuse one connection and tell what a server answers", async (t) => {
  const connections = new Set<unknown>();
  const server = createServer((request, response) => {
    if (request.url === "/metrics") response.end('x{a="é"} 1\n');
    else if (request.url === "/large") response.end("x 1\n".repeat(100_000));
    else response.writeHead(503).end("not yet");
  });
  server.on("connection", (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = keepAliveGet();
  const options = { timeoutMs: 1000, maxBytes: 1000, signal: new AbortController().signal };
  assert.equal(await get(`${origin}/metrics`, options), 'x{a="é"} 1\n');
  assert.equal(await get(`${origin}/metrics`, options), 'x{a="é"} 1\n');
  assert.equal(connections.size, 1);
  await assert.rejects(get(`${origin}/none`, options), {
    message: "server returned HTTP status 503 Service Unavailable",
  });
  await assert.rejects(get(`${origin}/large`, options), { message: "body exceeds 1000 bytes" });

  const store = new SeriesStore();
  const scraper = new Scraper({ store, clock: wallClock, get, intervalMs: 200 });
  const stop = new AbortController();
  scraper.setTargets([{ url: `${origin}/metrics`, labels: { pod: "a" } }]);
  const scraped = new Promise<void>((resolve) => {
    scraper.onRound((round) => {
      if (round.targets[0]?.kind === "scraped") resolve();
    });
  });
  scraper.start(stop.signal);
  await scraped;
  stop.abort();
  assert.equal(store.select([], -Infinity, Infinity)[0]?.labels["a"], "é");
});

test("a connection that the server closed while it was idle is replaced without a failure", async (t) => {
  const used = new WeakSet();
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    if (used.has(request.socket)) request.socket.destroy();
    else response.end("x 1\n");
    used.add(request.socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const get = keepAliveGet();
  const options = { timeoutMs: 1000, maxBytes: 1000, signal: new AbortController().signal };
  assert.equal(await get(url, options), "x 1\n");
  assert.equal(await get(url, options), "x 1\n");
  assert.equal(requests, 3);
});
