import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import {
  prometheusClient,
  PrometheusError,
  type PrometheusErrorCode,
} from "./prometheus-client.ts";

const serverAddress = "http://prometheus.istio-system.svc.cluster.local:9090";

function clientAnswering(status: number, body: string, seen: string[] = []) {
  return prometheusClient({
    serverAddress: ` ${serverAddress}/ `,
    clock: new VirtualClock(),
    fetch: (url) => {
      seen.push(url);
      return Promise.resolve({ status, text: () => Promise.resolve(body) });
    },
  });
}

const answer = (data: unknown, more: object = {}): string =>
  JSON.stringify({ status: "success", data, ...more });

const results: readonly (readonly [it: string, body: string, result: unknown])[] = [
  [
    "a vector",
    answer({
      resultType: "vector",
      result: [
        { metric: { pod: "a" }, value: [1.5, "2"] },
        { metric: {}, value: [1.5, "+Inf"] },
        { metric: {}, value: [1.5, "NaN"] },
      ],
    }),
    {
      kind: "vector",
      samples: [
        { labels: { pod: "a" }, timeMs: 1500, value: 2 },
        { labels: {}, timeMs: 1500, value: Infinity },
        { labels: {}, timeMs: 1500, value: NaN },
      ],
      warnings: [],
    },
  ],
  [
    "no data",
    answer({ resultType: "vector", result: [] }),
    { kind: "vector", samples: [], warnings: [] },
  ],
  [
    "a scalar",
    answer({ resultType: "scalar", result: [1, "-Inf"] }, { warnings: ["careful"] }),
    { kind: "scalar", timeMs: 1000, value: -Infinity, warnings: ["careful"] },
  ],
];

for (const [it, body, result] of results)
  test(`reads ${it}`, async () => {
    const { timeMs: _, ...expected } = result as { timeMs?: number };
    assert.deepEqual(await clientAnswering(200, body).query("x", 1500), expected);
  });

test("the query goes where the trigger says, with its time", async () => {
  const seen: string[] = [];
  await clientAnswering(200, answer({ resultType: "vector", result: [] }), seen).query(
    'sum(a{b="c"})',
    1_500,
  );
  assert.deepEqual(seen, [
    `${serverAddress}/api/v1/query?query=sum%28a%7Bb%3D%22c%22%7D%29&time=1.500`,
  ]);
});

const failures: readonly (readonly [
  it: string,
  status: number,
  body: string,
  code: PrometheusErrorCode,
  what: string,
])[] = [
  [
    "a refused query",
    400,
    JSON.stringify({ status: "error", errorType: "bad_data", error: "1:2: parse error: no" }),
    "query-failed",
    "bad_data: 1:2: parse error: no",
  ],
  [
    "a proxy's error",
    502,
    "<h1>Bad\n Gateway</h1>",
    "http-status",
    'HTTP status 502: "<h1>Bad Gateway</h1>"',
  ],
  ["an empty error", 503, "", "http-status", "HTTP status 503: an empty body"],
  [
    "a web page",
    200,
    "<html>hi</html>",
    "not-prometheus",
    'the answer is not that of a Prometheus: "<html>hi</html>"',
  ],
  [
    "other JSON",
    200,
    '{"items":[]}',
    "not-prometheus",
    'the answer is not that of a Prometheus: "{\\"items\\":[]}"',
  ],
  [
    "a matrix",
    200,
    answer({ resultType: "matrix", result: [] }),
    "unexpected-result",
    "the query gives a matrix, where a vector or a scalar is needed",
  ],
  [
    "a histogram",
    200,
    answer({ resultType: "vector", result: [{ metric: {}, histogram: [1, {}] }] }),
    "unexpected-result",
    "a series has no value; native histograms are not supported yet",
  ],
  ["no data field", 200, answer(null), "unexpected-result", "the answer has no data"],
];

for (const [it, status, body, code, what] of failures)
  test(`tells of ${it}`, async () => {
    await assert.rejects(clientAnswering(status, body).query("x", 0), {
      name: "PrometheusError",
      code,
      message: `Prometheus at ${serverAddress}: ${what}`,
    });
  });

test("a server that cannot be reached is told with the reason beneath", async () => {
  const cause = new TypeError("fetch failed", {
    cause: new Error("connect ECONNREFUSED 127.0.0.1:9090"),
  });
  const client = prometheusClient({
    serverAddress,
    clock: new VirtualClock(),
    fetch: () => Promise.reject(cause),
  });
  await assert.rejects(client.query("x", 0), (error: unknown) => {
    assert.ok(error instanceof PrometheusError);
    assert.equal(error.code, "unreachable");
    assert.equal(
      error.message,
      `Prometheus at ${serverAddress}: unreachable: connect ECONNREFUSED 127.0.0.1:9090`,
    );
    assert.equal(error.cause, cause);
    return true;
  });
});

test("a server that does not answer is given up after three seconds", async () => {
  const clock = new VirtualClock();
  const client = prometheusClient({
    serverAddress,
    clock,
    fetch: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
      }),
  });
  const asked = client.query("x", 0).catch((error: unknown) => error);
  await clock.advance(2999);
  await clock.advance(1);
  const error = await asked;
  assert.ok(error instanceof PrometheusError);
  assert.equal(error.message, `Prometheus at ${serverAddress}: no answer within 3000 ms`);
});
