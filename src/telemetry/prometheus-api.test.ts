import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { prometheusApi } from "./prometheus-api.ts";
import { prometheusClient } from "./prometheus-client.ts";
import { serve } from "./prometheus-server.ts";

function setUp() {
  const store = new SeriesStore();
  for (const [pod, value] of [
    ["a", 2],
    ["b", 3],
  ] as const)
    store.append({ __name__: "vllm:num_requests_running", pod }, 1_000_000, value);
  store.append({ __name__: "idle" }, 1_000_000, NaN);
  const clock = new VirtualClock(1_000_500);
  const scrape = {
    intervalMs: 1000,
    timeoutMs: 900,
    targets: () => [
      {
        target: {
          url: "http://127.0.0.1:8080/metrics",
          labels: { job: "kubernetes-pods", pod: "a" },
        },
        health: "down" as const,
        lastError: "connect ECONNREFUSED",
        lastScrapeAtMs: 1_000_000,
        lastDurationMs: 2,
      },
    ],
  };
  const handler = prometheusApi({ store, clock, version: "0.1.0", scrape });
  return {
    handler,
    ask: async (path: string, init?: RequestInit) => {
      const response = await handler(new Request(`http://prometheus${path}`, init));
      return { status: response.status, body: await response.text() };
    },
  };
}

const running = "vllm:num_requests_running";
const form = (body: string): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": "application/x-www-form-urlencoded" },
});

type Case = {
  readonly it: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status?: number;
  readonly answer: unknown;
};

const success = (data: unknown) => ({ status: "success", data });
const failure = (errorType: string, error: string) => ({ status: "error", errorType, error });

const cases: readonly Case[] = [
  {
    it: "an instant query gives a vector at the time asked for",
    path: `/api/v1/query?query=${running}&time=1000.25`,
    answer: success({
      resultType: "vector",
      result: [
        { metric: { __name__: running, pod: "a" }, value: [1000.25, "2"] },
        { metric: { __name__: running, pod: "b" }, value: [1000.25, "3"] },
      ],
    }),
  },
  {
    it: "without a time, it is now",
    path: `/api/v1/query?query=sum(${running})`,
    answer: success({ resultType: "vector", result: [{ metric: {}, value: [1000.5, "5"] }] }),
  },
  {
    it: "times are read as RFC 3339 too, as KEDA writes them",
    path: `/api/v1/query?query=sum(${running})&time=1970-01-01T00:16:40Z`,
    answer: success({ resultType: "vector", result: [{ metric: {}, value: [1000, "5"] }] }),
  },
  {
    it: "a query may be posted as a form",
    path: "/api/v1/query",
    init: form(`query=${encodeURIComponent(`sum(${running})`)}&time=1000`),
    answer: success({ resultType: "vector", result: [{ metric: {}, value: [1000, "5"] }] }),
  },
  {
    it: "a scalar is a pair, and numbers are text",
    path: "/api/v1/query?query=-1/0&time=1",
    answer: success({ resultType: "scalar", result: [1, "-Inf"] }),
  },
  {
    it: "NaN is text too",
    path: "/api/v1/query?query=idle",
    answer: success({
      resultType: "vector",
      result: [{ metric: { __name__: "idle" }, value: [1000.5, "NaN"] }],
    }),
  },
  {
    it: "no data is an empty vector",
    path: "/api/v1/query?query=nothing",
    answer: success({ resultType: "vector", result: [] }),
  },
  {
    it: "a malformed query is bad data, with the place of each fault",
    path: "/api/v1/query?query=sum(1)%2Brate(a)",
    status: 400,
    answer: failure(
      "bad_data",
      'invalid parameter "query": 1:5: parse error: expected type instant vector in aggregation expression, got scalar\n1:13: parse error: expected type range vector in call to function "rate", got instant vector',
    ),
  },
  {
    it: "a missing query is bad data",
    path: "/api/v1/query",
    status: 400,
    answer: failure(
      "bad_data",
      'invalid parameter "query": 1:1: parse error: no expression found in input',
    ),
  },
  {
    it: "a bad time is bad data",
    path: "/api/v1/query?query=a&time=noon",
    status: 400,
    answer: failure(
      "bad_data",
      'invalid parameter "time": cannot parse "noon" to a valid timestamp',
    ),
  },
  {
    it: "what cannot be evaluated is an execution error",
    path: "/api/v1/query?query=topk(1,idle)",
    status: 422,
    answer: failure("execution", "aggregation topk is not supported yet"),
  },
  {
    it: "series are found by selector",
    path: `/api/v1/series?match[]=${encodeURIComponent('{pod="a"}')}&match[]=idle`,
    answer: success([{ __name__: running, pod: "a" }, { __name__: "idle" }]),
  },
  {
    it: "series outside of the time asked for are not found",
    path: "/api/v1/series?match[]=idle&start=1001",
    answer: success([]),
  },
  {
    it: "series need a selector",
    path: "/api/v1/series",
    status: 400,
    answer: failure("bad_data", "no match[] parameter provided"),
  },
  { it: "label names", path: "/api/v1/labels", answer: success(["__name__", "pod"]) },
  {
    it: "label names of some series",
    path: "/api/v1/labels?match[]=idle",
    answer: success(["__name__"]),
  },
  { it: "label values", path: "/api/v1/label/pod/values", answer: success(["a", "b"]) },
  {
    it: "a limit cuts and says so",
    path: "/api/v1/label/pod/values?limit=1",
    answer: { ...success(["a"]), warnings: ["results truncated due to limit"] },
  },
  {
    it: "targets",
    path: "/api/v1/targets",
    answer: success({
      activeTargets: [
        {
          discoveredLabels: {},
          labels: { job: "kubernetes-pods", pod: "a" },
          scrapePool: "kubernetes-pods",
          scrapeUrl: "http://127.0.0.1:8080/metrics",
          globalUrl: "http://127.0.0.1:8080/metrics",
          lastError: "connect ECONNREFUSED",
          lastScrape: "1970-01-01T00:16:40Z",
          lastScrapeDuration: 0.002,
          health: "down",
          scrapeInterval: "1s",
          scrapeTimeout: "900ms",
        },
      ],
      droppedTargets: [],
      droppedTargetCounts: {},
    }),
  },
  {
    it: "an endpoint that is not there yet is refused by name",
    path: "/api/v1/query_range?query=a",
    status: 404,
    answer: failure("not_found", "endpoint /api/v1/query_range is not supported by Dunlin yet"),
  },
  {
    it: "an unknown endpoint is told from those",
    path: "/api/v1/frobnicate",
    status: 404,
    answer: failure("not_found", "unknown endpoint /api/v1/frobnicate"),
  },
];

for (const { it, path, init, status = 200, answer } of cases)
  test(it, async () => {
    const { status: given, body } = await setUp().ask(path, init);
    assert.deepEqual(JSON.parse(body), answer);
    assert.equal(given, status);
  });

test("probes are answered, other paths and methods are not", async () => {
  const { ask } = setUp();
  assert.equal((await ask("/-/healthy")).status, 200);
  assert.equal((await ask("/-/ready")).status, 200);
  assert.equal((await ask("/graph")).status, 404);
  assert.equal((await ask("/api/v1/targets", { method: "POST" })).status, 405);
  assert.equal((await ask("/api/v1/label/%zz/values")).status, 400);
});

test("over a real socket, our own client asks our own server", async (t) => {
  const server = await serve(setUp().handler, { host: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  const client = prometheusClient({ serverAddress: server.url, fetch, clock: wallClock });
  assert.deepEqual(await client.query(`sum(${running})`, 1_000_000), {
    kind: "vector",
    samples: [{ labels: {}, timeMs: 1_000_000, value: 5 }],
    warnings: [],
  });
  const long = `sum(${running}{pod=~"${"a|".repeat(3000)}b"})`;
  const { kind } = await client.query(long, 1_000_000);
  assert.equal(kind, "vector", "a query too long for an address goes in a body");
  await assert.rejects(client.query("topk(1, idle)", 1_000_000), {
    code: "query-failed",
    message: `Prometheus at ${server.url}: execution: aggregation topk is not supported yet`,
  });
});

test("a port in use is told by name", async (t) => {
  const { handler } = setUp();
  const server = await serve(handler, { host: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  await assert.rejects(serve(handler, { host: "127.0.0.1", port: server.port }), {
    code: "EADDRINUSE",
  });
});
