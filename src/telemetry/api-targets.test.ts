// targets, metadata and scrape pools: what is scraped, and what it says of its metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, openApi, running, success } from "./api-fixture.ts";

const labels = { job: "kubernetes-pods", instance: "10.0.0.1:8080", pod: "a" };
const help = "Requests being run.";

async function ask(path: string): Promise<{ status: number; answer: unknown }> {
  const { status, body } = await openApi().ask(path);
  return { status, answer: JSON.parse(body) };
}

test("targets, with their health and what discovery found", async () => {
  const { answer } = await ask("/api/v1/targets");
  assert.deepEqual(
    answer,
    success({
      activeTargets: [
        {
          discoveredLabels: { __address__: "10.0.0.1:8080" },
          labels,
          scrapePool: "kubernetes-pods",
          scrapeUrl: "http://10.0.0.1:8080/metrics",
          globalUrl: "http://10.0.0.1:8080/metrics",
          lastError: "connect ECONNREFUSED",
          lastScrape: "1970-01-01T00:16:40Z",
          lastScrapeDuration: 0.002,
          health: "down",
          scrapeInterval: "1s",
          scrapeTimeout: "900ms",
        },
        {
          discoveredLabels: { __address__: "10.0.0.2:9100" },
          labels: { job: "node", instance: "10.0.0.2:9100" },
          scrapePool: "node",
          scrapeUrl: "http://10.0.0.2:9100/metrics",
          globalUrl: "http://10.0.0.2:9100/metrics",
          lastError: "",
          lastScrape: "0001-01-01T00:00:00Z",
          lastScrapeDuration: 0,
          health: "unknown",
          scrapeInterval: "15s",
          scrapeTimeout: "10s",
        },
      ],
      droppedTargets: [{ scrapePool: "node", discoveredLabels: { __address__: "10.0.0.3:9100" } }],
      droppedTargetCounts: { node: 1, "kubernetes-pods": 0 },
    }),
  );
});

test("targets by state and pool", async () => {
  const cases = [
    { parameters: "state=active", active: 2, dropped: 0 },
    { parameters: "state=dropped", active: 0, dropped: 1 },
    { parameters: "state=any&scrapePool=node", active: 1, dropped: 1 },
    { parameters: "scrapePool=kubernetes-pods", active: 1, dropped: 0 },
    { parameters: "scrapePool=nobody", active: 0, dropped: 0 },
  ];
  for (const { parameters, active, dropped } of cases) {
    const { answer } = await ask(`/api/v1/targets?${parameters}`);
    const { data } = answer as {
      data: { activeTargets: unknown[]; droppedTargets: unknown[] };
    };
    assert.equal(data.activeTargets.length, active, parameters);
    assert.equal(data.droppedTargets.length, dropped, parameters);
  }
  assert.deepEqual((await ask("/api/v1/scrape_pools")).answer, {
    ...success({ scrapePools: ["kubernetes-pods", "node"] }),
  });
});

test("metadata: of each metric what its targets say, once", async () => {
  const gauge = { type: "gauge", help, unit: "" };
  const older = { type: "gauge", help: "An older help.", unit: "" };
  const uptime = { type: "counter", help: "", unit: "seconds" };
  const cases = [
    { parameters: "", data: { [running]: [gauge, older], uptime_seconds: [uptime] } },
    { parameters: "?limit=1", data: { [running]: [gauge, older] } },
    {
      parameters: "?limit_per_metric=1",
      data: { [running]: [gauge], uptime_seconds: [uptime] },
    },
    { parameters: "?metric=uptime_seconds", data: { uptime_seconds: [uptime] } },
    { parameters: "?metric=nobody", data: {} },
  ];
  for (const { parameters, data } of cases)
    assert.deepEqual((await ask(`/api/v1/metadata${parameters}`)).answer, success(data));
  assert.deepEqual(await ask("/api/v1/metadata?limit=few"), {
    status: 400,
    answer: failure("bad_data", "limit must be a number"),
  });
});

test("metadata of one target", async () => {
  const matching = `match_target=${encodeURIComponent('{instance="10.0.0.1:8080"}')}`;
  assert.deepEqual((await ask(`/api/v1/targets/metadata?${matching}&metric=${running}`)).answer, {
    ...success([{ target: labels, type: "gauge", help, unit: "" }]),
  });
  assert.deepEqual((await ask(`/api/v1/targets/metadata?${matching}&limit=1`)).answer, {
    ...success([{ target: labels, metric: running, type: "gauge", help, unit: "" }]),
  });
  assert.deepEqual(await ask("/api/v1/targets/metadata?metric=nobody"), {
    status: 404,
    answer: failure("not_found", "specified metadata not found"),
  });
});
