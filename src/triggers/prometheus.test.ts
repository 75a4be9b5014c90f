import assert from "node:assert/strict";
import { test } from "node:test";
import { SeriesStore } from "../metrics/series-store.ts";
import type { Value } from "../promql/value.ts";
import type { ScaleTrigger, TargetType } from "../resources/scaled-object.ts";
import { prometheusTriggers, type PrometheusSources } from "./prometheus.ts";
import type { Measurement, Trigger } from "./trigger.ts";

const here = "http://prometheus.local:9090";
const signal = new AbortController().signal;
const noRounds = { subscribe: () => () => {} };

function storeOf(series: Readonly<Record<string, number>>): SeriesStore {
  const store = new SeriesStore();
  for (const [pod, value] of Object.entries(series))
    store.append({ __name__: "running", pod }, 1000, value);
  return store;
}

function make(
  metadata: Readonly<Record<string, string>>,
  sources: Partial<PrometheusSources> = {},
  metricType?: TargetType,
): ReturnType<ReturnType<typeof prometheusTriggers>> {
  const spec: ScaleTrigger = {
    type: "prometheus",
    metadata: { serverAddress: here, query: "running", threshold: "2", ...metadata },
    ...(metricType && { metricType }),
  };
  const query = () => Promise.reject(new Error("nobody should ask"));
  return prometheusTriggers({ local: new Map(), query, ...sources })(spec, 0);
}

function trigger(...args: Parameters<typeof make>): Trigger {
  const made = make(...args);
  assert.equal(made.kind, "trigger", JSON.stringify(made));
  return (made as { trigger: Trigger }).trigger;
}

const localTo = (store: SeriesStore): Partial<PrometheusSources> => ({
  local: new Map([[here, { store, rounds: noRounds }]]),
});

test("local series: what a query measures", async () => {
  const store = storeOf({ a: 2, b: 3 });
  type Case = { name: string; query: string; type?: TargetType; expected: Partial<Measurement> };
  const cases: readonly Case[] = [
    {
      name: "several series are summed for AverageValue, and their pods are known",
      query: "running",
      expected: { kind: "value", value: 5, series: 2, pods: new Set(["a", "b"]) },
    },
    {
      name: "an aggregation keeps the pods of its leaves",
      query: "sum(running)",
      expected: { kind: "value", value: 5, series: 1, pods: new Set(["a", "b"]) },
    },
    {
      name: "an absent series is no data",
      query: "absent_metric",
      expected: { kind: "noData", failed: false, detail: "the query returned no series" },
    },
    {
      name: "NaN from fresh samples is idle",
      query: "sum(running) * 0 / 0",
      expected: { kind: "value", value: 0, idle: true },
    },
    {
      name: "scalar() of an absent series is no data, though it is NaN",
      query: "scalar(absent_metric)",
      expected: { kind: "noData", failed: false },
    },
    {
      name: "scalar() of several series is no data, though it is NaN",
      query: "sum(running) / scalar(running)",
      expected: { kind: "noData", failed: false },
    },
    {
      name: "NaN beside scalar() of one series is idle",
      query: "(sum(running) - 5) / scalar(sum(running) - 5)",
      expected: { kind: "value", value: 0, idle: true },
    },
    { name: "a scalar is a value", query: "7", expected: { kind: "value", value: 7 } },
    {
      name: "several series for Value are refused",
      query: "running",
      type: "Value",
      expected: { kind: "noData", failed: true },
    },
  ];
  for (const { name, query, type, expected } of cases) {
    const measured = await trigger({ query }, localTo(store), type).measure(
      { atMs: 1000, missing: [] },
      signal,
    );
    assert.deepEqual({ ...measured, ...expected }, measured, name);
  }
});

test("a target that is missing from the round takes its pod with it, and is named where there is no data", async () => {
  const missing = [
    { labels: { namespace: "ns", pod: "b" }, error: "connect ECONNREFUSED", isKnown: true },
    { labels: { namespace: "ns", pod: "a" }, error: "timeout", isKnown: false },
  ];
  const measure = (query: string): Promise<Measurement> =>
    trigger({ query }, localTo(storeOf({ a: 2, b: 3 }))).measure({ atMs: 1000, missing }, signal);
  const measured = await measure("sum(running)");
  assert.ok(measured.kind === "value");
  assert.deepEqual(measured.pods, new Set(["a"]), "of pod a only a new target is missing");
  assert.deepEqual(await measure("absent_metric"), {
    kind: "noData",
    failed: false,
    detail: "the query returned no series; scraping ns/a: timeout (and 1 more)",
  });
});

test("a server that scrapes every second is polled every second", () => {
  const scraped = new Map([["http://elsewhere:9090", { intervalMs: 1000 }]]);
  const serverAddress = "http://elsewhere:9090";
  assert.equal(trigger({ serverAddress }, { scraped }).pollIntervalMs, 1000);
  assert.equal(trigger({ serverAddress }).pollIntervalMs, undefined);
});

test("a trailing slash means the same server", () => {
  assert.ok(trigger({ serverAddress: `${here}/` }, localTo(storeOf({}))).rounds);
});

test("any other server is asked over HTTP, announces no rounds, and may fail", async () => {
  const answer: Value = {
    kind: "vector",
    samples: [{ labels: { pod: "a" }, value: 4, timeMs: 0 }],
  };
  const asked: string[] = [];
  const working = trigger(
    { serverAddress: "http://elsewhere:9090" },
    {
      query: (address, query) => {
        asked.push(`${address} ${query}`);
        return Promise.resolve(answer);
      },
    },
  );
  assert.equal(working.rounds, undefined);
  assert.deepEqual(await working.measure({ atMs: 0, missing: [] }, signal), {
    kind: "value",
    value: 4,
    series: 1,
    idle: false,
    pods: new Set(["a"]),
  });
  assert.deepEqual(asked, ["http://elsewhere:9090 running"]);

  const down = trigger(
    { serverAddress: "http://elsewhere:9090" },
    {
      query: () =>
        Promise.reject(new Error("http://elsewhere:9090 cannot be reached: ECONNREFUSED")),
    },
  );
  assert.deepEqual(await down.measure({ atMs: 0, missing: [] }, signal), {
    kind: "noData",
    failed: true,
    detail: "metadata.serverAddress: http://elsewhere:9090 cannot be reached: ECONNREFUSED",
  });
});

test("metadata that cannot work is refused by its field", () => {
  const cases = [
    { metadata: { query: "" }, field: "query", message: /^Required value/ },
    { metadata: { query: "sum(" }, field: "query", message: /parse error/ },
    { metadata: { serverAddress: "prometheus:9090" }, field: "serverAddress", message: /http:/ },
    { metadata: { threshold: "500m" }, field: "threshold", message: /without a unit/ },
    { metadata: { threshold: "0" }, field: "threshold", message: /above 0/ },
    { metadata: { threshold: "-1" }, field: "threshold", message: /above 0/ },
    { metadata: { activationThreshold: "lots" }, field: "activationThreshold", message: /number/ },
  ];
  for (const { metadata, field, message } of cases) {
    const made = make(metadata);
    assert.ok(made.kind === "invalid", JSON.stringify(metadata));
    assert.equal(made.causes[0]?.field, `spec.triggers[0].metadata.${field}`);
    assert.match(made.causes[0]?.message ?? "", message);
  }
});
