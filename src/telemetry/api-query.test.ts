// query, query_range and what else takes a query: as Prometheus answers, and as it refuses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, form, hurryingClock, openApi, running, success } from "./api-fixture.ts";

type Case = {
  readonly it: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status?: number;
  readonly answer: unknown;
};

const vector = (...samples: readonly (readonly [labels: object, at: number, value: string])[]) =>
  success({
    resultType: "vector",
    result: samples.map(([metric, at, value]) => ({ metric, value: [at, value] })),
  });

const matrix = (...series: readonly (readonly [object, ...(readonly [number, string])[]])[]) =>
  success({
    resultType: "matrix",
    result: series.map(([metric, ...values]) => ({ metric, values })),
  });

const pod = (name: string) => ({ __name__: running, pod: name });
const range = "&start=999&end=1001&step=1";
const bad = (parameter: string, why: string) =>
  failure("bad_data", `invalid parameter "${parameter}": ${why}`);

const cases: readonly Case[] = [
  {
    it: "an instant query gives a vector at the time asked for",
    path: `/api/v1/query?query=${running}&time=1000.25`,
    answer: vector([pod("a"), 1000.25, "2"], [pod("b"), 1000.25, "3"]),
  },
  {
    it: "without a time, it is now",
    path: `/api/v1/query?query=sum(${running})`,
    answer: vector([{}, 1000.5, "5"]),
  },
  {
    it: "times are read as RFC 3339 too, as KEDA writes them",
    path: `/api/v1/query?query=sum(${running})&time=1970-01-01T00:16:40Z`,
    answer: vector([{}, 1000, "5"]),
  },
  {
    it: "a query may be posted as a form",
    path: "/api/v1/query",
    init: form({ query: `sum(${running})`, time: "1000" }),
    answer: vector([{}, 1000, "5"]),
  },
  {
    it: "a scalar is a pair, and numbers are text",
    path: "/api/v1/query?query=-1/0&time=1",
    answer: success({ resultType: "scalar", result: [1, "-Inf"] }),
  },
  {
    it: "Grafana's test of a data source",
    path: "/api/v1/query",
    init: form({ query: "1+1", time: "1" }),
    answer: success({ resultType: "scalar", result: [1, "2"] }),
  },
  {
    it: "small and negative zero are written as Go does",
    path: "/api/v1/query?query=-0&time=1",
    answer: success({ resultType: "scalar", result: [1, "-0"] }),
  },
  {
    it: "exponents have two digits",
    path: "/api/v1/query?query=0.0000001&time=1",
    answer: success({ resultType: "scalar", result: [1, "1e-07"] }),
  },
  {
    it: "NaN is text too",
    path: "/api/v1/query?query=idle",
    answer: vector([{ __name__: "idle" }, 1000.5, "NaN"]),
  },
  {
    it: "a string is a pair",
    path: "/api/v1/query?query=%22a%5C%22b%22&time=1",
    answer: success({ resultType: "string", result: [1, 'a"b'] }),
  },
  {
    it: "a range vector is a matrix of the samples as they are",
    path: `/api/v1/query?query=${running}[1m]`,
    answer: matrix([pod("a"), [1000, "2"]], [pod("b"), [1000, "3"]]),
  },
  {
    it: "no data is an empty vector",
    path: "/api/v1/query?query=nothing",
    answer: vector(),
  },
  {
    it: "a limit cuts the series, and says so",
    path: `/api/v1/query?query=${running}&limit=1`,
    answer: {
      ...vector([pod("a"), 1000.5, "2"]),
      warnings: ["results truncated due to limit"],
    },
  },
  {
    it: "a shorter look back finds nothing",
    path: `/api/v1/query?query=${running}&time=1010&lookback_delta=5s`,
    answer: vector(),
  },
  {
    it: "a malformed query is bad data, with the place of each fault",
    path: "/api/v1/query?query=sum(1)%2Brate(a)",
    status: 400,
    answer: bad(
      "query",
      '1:5: parse error: expected type instant vector in aggregation expression, got scalar\n1:13: parse error: expected type range vector in call to function "rate", got instant vector',
    ),
  },
  {
    it: "a missing query is bad data",
    path: "/api/v1/query",
    status: 400,
    answer: bad("query", "1:1: parse error: no expression found in input"),
  },
  {
    it: "a bad time is bad data",
    path: "/api/v1/query?query=a&time=noon",
    status: 400,
    answer: bad("time", 'cannot parse "noon" to a valid timestamp'),
  },
  {
    it: "a bad timeout is bad data",
    path: "/api/v1/query?query=a&timeout=soon",
    status: 400,
    answer: bad("timeout", 'cannot parse "soon" to a valid duration'),
  },
  {
    it: "a bad look back is bad data",
    path: "/api/v1/query?query=a&lookback_delta=far",
    status: 400,
    answer: failure(
      "bad_data",
      'error parsing lookback delta duration: cannot parse "far" to a valid duration',
    ),
  },
  {
    it: "a negative limit is bad data",
    path: "/api/v1/query?query=a&limit=-1",
    status: 400,
    answer: bad("limit", "limit must be non-negative"),
  },
  {
    it: "a range query gives a value for each step",
    path: `/api/v1/query_range?query=sum(${running})${range}`,
    answer: matrix([{}, [1000, "5"], [1001, "5"]]),
  },
  {
    it: "a range query may be posted, as Grafana does",
    path: "/api/v1/query_range",
    init: form({ query: running, start: "1000", end: "1000.5", step: "0.5" }),
    answer: matrix([pod("a"), [1000, "2"], [1000.5, "2"]], [pod("b"), [1000, "3"], [1000.5, "3"]]),
  },
  {
    it: "a step may be a duration",
    path: "/api/v1/query_range?query=idle&start=1000&end=1060&step=1m",
    answer: matrix([{ __name__: "idle" }, [1000, "NaN"], [1060, "NaN"]]),
  },
  {
    it: "a scalar in a range query is a series without labels",
    path: `/api/v1/query_range?query=7${range}`,
    answer: matrix([{}, [999, "7"], [1000, "7"], [1001, "7"]]),
  },
  {
    it: "a range query needs its start",
    path: "/api/v1/query_range?query=a&end=1&step=1",
    status: 400,
    answer: bad("start", 'cannot parse "" to a valid timestamp'),
  },
  {
    it: "a range query needs its step",
    path: "/api/v1/query_range?query=a&start=0&end=1",
    status: 400,
    answer: bad("step", 'cannot parse "" to a valid duration'),
  },
  {
    it: "a range query ends after it starts",
    path: "/api/v1/query_range?query=a&start=2&end=1&step=1",
    status: 400,
    answer: bad("end", "end timestamp must not be before start time"),
  },
  {
    it: "a range query moves on",
    path: "/api/v1/query_range?query=a&start=0&end=1&step=0",
    status: 400,
    answer: bad(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    ),
  },
  {
    it: "a range query has 11,000 points at most",
    path: "/api/v1/query_range?query=a&start=0&end=11001&step=1",
    status: 400,
    answer: failure(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    ),
  },
  {
    it: "a range query of ranges means nothing",
    path: `/api/v1/query_range?query=idle[1m]${range}`,
    status: 400,
    answer: bad(
      "query",
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ),
  },
  {
    it: "a query is formatted",
    path: "/api/v1/format_query?query=sum(a)by(pod)",
    answer: success("sum by (pod) (a)"),
  },
  {
    it: "a malformed one is not",
    path: "/api/v1/format_query?query=sum(1)",
    status: 400,
    answer: bad(
      "query",
      "1:5: parse error: expected type instant vector in aggregation expression, got scalar",
    ),
  },
  {
    it: "there are no exemplars",
    path: "/api/v1/query_exemplars?query=a&start=1&end=2",
    answer: success([]),
  },
];

for (const { it, path, init, status = 200, answer } of cases)
  test(it, async () => {
    const { status: given, body } = await openApi().ask(path, init);
    assert.deepEqual(JSON.parse(body), answer);
    assert.equal(given, status);
  });

test("series that do not pair are an execution error", async () => {
  const { status, body } = await openApi().ask(`/api/v1/query?query=${running}%2Bon()${running}`);
  const { errorType, error } = JSON.parse(body) as { errorType: string; error: string };
  assert.equal(status, 422);
  assert.equal(errorType, "execution");
  assert.match(error, /^found duplicate series for the match group \{\} on the right hand-side/);
});

test("a query that takes too long is given up", async () => {
  const { ask } = openApi({ clock: hurryingClock(700), limits: { timeoutMs: 2000 } });
  const query = `sum(max_over_time(${running}[5m:1s]))`;
  const path = `/api/v1/query_range?query=${query}&start=1000&end=2000&step=1`;
  const { status, body } = await ask(path);
  assert.deepEqual(
    JSON.parse(body),
    failure("timeout", "query timed out in expression evaluation"),
  );
  assert.equal(status, 503);
});

test("an answer that takes too long to write is given up too", async () => {
  const { ask, store } = openApi({ clock: hurryingClock(100) });
  for (let pod = 0; pod < 50; pod++)
    store.append({ __name__: "many", pod: String(pod) }, 1_000_000, pod);
  assert.equal(
    (await ask("/api/v1/query_range?query=many{pod='1'}&start=1000&end=1001&step=1")).status,
    200,
  );
  assert.equal(
    (await ask("/api/v1/query_range?query=many&start=1000&end=1001&step=1")).status,
    503,
  );
});

test("a request may give up sooner, not later", async () => {
  const { ask } = openApi({ clock: hurryingClock(30) });
  const path = `/api/v1/query?query=${running}`;
  assert.equal((await ask(path)).status, 200);
  assert.equal((await ask(`${path}&timeout=10ms`)).status, 503);
  assert.equal((await ask(`${path}&timeout=10m`)).status, 200);
});

test("a query that touches too many samples is refused", async () => {
  const { ask } = openApi({ limits: { maxSamples: 100 } });
  const { status, body } = await ask(
    `/api/v1/query_range?query=${running}&start=1000&end=1290&step=1`,
  );
  assert.deepEqual(
    JSON.parse(body),
    failure(
      "execution",
      "query processing would load too many samples into memory in query execution",
    ),
  );
  assert.equal(status, 422);
});

test("statistics come when they are asked for", async () => {
  const { ask } = openApi({ clock: hurryingClock(10) });
  const { body } = await ask("/api/v1/query?query=1&stats=all");
  const { data } = JSON.parse(body) as { data: { stats: { timings: Record<string, number> } } };
  assert.deepEqual(Object.keys(data.stats.timings), [
    "evalTotalTime",
    "execQueueTime",
    "execTotalTime",
  ]);
});

test("other work has its turn between queries that come at once", async () => {
  const { ask } = openApi();
  const order: string[] = [];
  const queries = [1, 2, 3].map(async (query) => {
    await ask(`/api/v1/query?query=${query}`);
    order.push(`query ${query}`);
    setImmediate(() => order.push(`work after ${query}`));
  });
  await Promise.all(queries);
  assert.ok(order.indexOf("work after 1") < order.indexOf("query 3"), order.join(", "));
});
