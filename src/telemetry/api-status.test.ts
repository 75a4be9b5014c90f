// The status endpoints, as Grafana and people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, openApi, running, success } from "./api-fixture.ts";

async function data(path: string): Promise<unknown> {
  const { body } = await openApi().ask(`/api/v1/status/${path}`);
  return (JSON.parse(body) as { data: unknown }).data;
}

test("the version is that of the Prometheus whose rules are followed", async () => {
  assert.deepEqual(await data("buildinfo"), {
    version: "3.0.0",
    revision: "dunlin 0.1.0",
    branch: "",
    buildUser: "",
    buildDate: "",
    goVersion: "",
  });
});

test("the configuration is the scraper's", async () => {
  assert.deepEqual(await data("config"), { yaml: "scrape_configs:\n  - job_name: node\n" });
});

test("flags say what the limits are", async () => {
  assert.deepEqual(await data("flags"), {
    "query.lookback-delta": "5m",
    "query.max-concurrency": "1",
    "query.max-samples": "10000000",
    "query.timeout": "2s",
    "storage.tsdb.retention.time": "30m",
    "web.enable-remote-write-receiver": "false",
  });
});

test("the running process", async () => {
  const info = (await data("runtimeinfo")) as Record<string, unknown>;
  assert.equal(info["startTime"], "1970-01-01T00:16:40Z");
  assert.equal(info["storageRetention"], "30m");
});

test("what the store holds, the largest first", async () => {
  const { store, ask } = openApi();
  store.append({ __name__: "idle", pod: "a" }, 990_000, 1);
  const { body } = await ask("/api/v1/status/tsdb?limit=2");
  assert.deepEqual(
    JSON.parse(body),
    success({
      headStats: {
        numSeries: 4,
        numLabelPairs: 4,
        chunkCount: 4,
        minTime: 990_000,
        maxTime: 1_000_000,
      },
      seriesCountByMetricName: [
        { name: running, value: 2 },
        { name: "idle", value: 2 },
      ],
      labelValueCountByLabelName: [
        { name: "__name__", value: 2 },
        { name: "pod", value: 2 },
      ],
      memoryInBytesByLabelName: [
        { name: "__name__", value: 8 + 4 + running.length },
        { name: "pod", value: 5 },
      ],
      seriesCountByLabelValuePair: [
        { name: `__name__=${running}`, value: 2 },
        { name: "pod=a", value: 2 },
      ],
    }),
  );
  const refused = await ask("/api/v1/status/tsdb?limit=0");
  assert.deepEqual(
    JSON.parse(refused.body),
    failure("bad_data", "limit must be a positive number, at most 10000"),
  );
});
