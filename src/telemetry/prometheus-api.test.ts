// The API's routes: what is there, by which methods, and what is refused by name. The endpoints
// themselves have tests of their own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, openApi, success } from "./api-fixture.ts";
import { ownMetrics, storeFamilies } from "./own-metrics.ts";

test("probes are answered, to GET and HEAD", async () => {
  const { ask } = openApi();
  for (const path of ["/-/healthy", "/-/ready"]) {
    assert.equal((await ask(path)).status, 200);
    assert.equal((await ask(path, { method: "HEAD" })).status, 200);
    assert.equal((await ask(path, { method: "POST" })).status, 405);
  }
});

test("a page that Prometheus has and we have not names what to use", async () => {
  const { ask } = openApi();
  for (const [path, hint] of [
    ["/", /promtool/],
    ["/federate", /Prometheus scrape/],
    ["/elsewhere", /^404 page not found\n$/],
  ] as const) {
    const { status, body } = await ask(path);
    assert.equal(status, 404);
    assert.match(body, hint);
  }
});

test("methods other than an endpoint's are named in the refusal", async () => {
  const { ask } = openApi();
  const cases = [
    { method: "POST", path: "/api/v1/targets", allow: "GET" },
    { method: "HEAD", path: "/api/v1/query", allow: "GET, POST" },
    { method: "DELETE", path: "/api/v1/series", allow: "GET, POST" },
    { method: "POST", path: "/api/v1/label/pod/values", allow: "GET" },
  ];
  for (const { method, path, allow } of cases) {
    const { status, headers } = await ask(path, { method });
    assert.equal(status, 405, `${method} ${path}`);
    assert.equal(headers.get("allow"), allow);
  }
});

test("no origin may read across: a preflight is answered and allows nothing", async () => {
  const { ask } = openApi();
  const headers = { origin: "http://example.com", "access-control-request-method": "GET" };
  const preflight = await ask("/api/v1/query", { method: "OPTIONS", headers });
  assert.equal(preflight.status, 204);
  const answers = [preflight, await ask("/api/v1/labels", { headers })];
  for (const answer of answers)
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
});

test("what is not served is refused by name, and told from what nobody has", async () => {
  const { ask } = openApi();
  const cases = [
    ["frobnicate", "unknown endpoint /api/v1/frobnicate"],
    ["parse_query", "endpoint /api/v1/parse_query is not supported by Dunlin"],
    ["write", "endpoint /api/v1/write is not supported by Dunlin"],
    ["toString", "unknown endpoint /api/v1/toString"],
    [
      "read",
      "endpoint /api/v1/read is not supported by Dunlin: remote read is served by Prometheus",
    ],
  ] as const;
  for (const [name, message] of cases) {
    const { status, body } = await ask(`/api/v1/${name}`);
    assert.deepEqual(JSON.parse(body), failure("not_found", message));
    assert.equal(status, 404);
  }
});

test("a form of another type is refused rather than ignored", async () => {
  const { ask } = openApi();
  const { status, body } = await ask("/api/v1/query", {
    method: "POST",
    body: JSON.stringify({ query: "1" }),
    headers: { "content-type": "application/json" },
  });
  assert.equal(status, 400);
  assert.match(body, /must be application\/x-www-form-urlencoded/);
});

test("rules and alerts are empty: a Prometheus evaluates them", async () => {
  const { ask } = openApi();
  const cases = [
    ["rules?type=alert", { groups: [] }],
    ["alerts", { alerts: [] }],
    ["alertmanagers", { activeAlertmanagers: [], droppedAlertmanagers: [] }],
  ] as const;
  for (const [path, data] of cases)
    assert.deepEqual(JSON.parse((await ask(`/api/v1/${path}`)).body), success(data));
});

test("what is pushed goes to the receiver as it came", async () => {
  const pushed: { bytes: number; encoding: string | null }[] = [];
  const { ask } = openApi({
    remoteWrite: async (request) => {
      const { length } = await request.bytes();
      pushed.push({ bytes: length, encoding: request.headers.get("content-encoding") });
      return new Response(null, { status: 204 });
    },
  });
  const headers = { "content-encoding": "snappy", "content-type": "application/x-protobuf" };
  const { status } = await ask("/api/v1/write", { method: "POST", body: "abc", headers });
  assert.equal(status, 204);
  assert.deepEqual(pushed, [{ bytes: 3, encoding: "snappy" }]);
  assert.equal((await ask("/api/v1/write")).status, 405);
});

test("an endpoint that fails says so, and does not end the process", async () => {
  const broken = {
    pools: () => {
      throw new Error("no pools today");
    },
  };
  const { ask } = openApi({ scrape: broken as never });
  const { status, body } = await ask("/api/v1/scrape_pools");
  assert.deepEqual(JSON.parse(body), failure("internal", "no pools today"));
  assert.equal(status, 500);
});

test("our own metrics can be scraped", async () => {
  const { store } = openApi();
  const { ask } = openApi({ metrics: ownMetrics([() => storeFamilies(store)]) });
  await ask("/api/v1/query?query=1");
  await ask("/api/v1/query?query=a%2Bon()b&timeout=0s");
  const { body, headers } = await ask("/metrics");
  assert.equal(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(body, /^dunlin_store_series\{group="a"\} 1$/m);
  assert.match(body, /^# TYPE dunlin_store_evicted_samples_total counter$/m);
  assert.match(body, /^dunlin_http_query_duration_seconds_count\{type="instant"\} [12]$/m);
});
