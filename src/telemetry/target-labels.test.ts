import assert from "node:assert/strict";
import { test } from "node:test";
import type { Labels } from "../metrics/labels.ts";
import { relabelRule } from "./relabel.ts";
import { jobDefaults, type ScrapeJob } from "./scrape-job.ts";
import { targetOf } from "./target-labels.ts";

const job: ScrapeJob = { ...jobDefaults, name: "vllm", intervalMs: 15_000, timeoutMs: 10_000 };

test("a target has its job and instance, and the defaults are among what was discovered", () => {
  assert.deepEqual(targetOf({ __address__: "10.0.0.1:8000", zone: "a", none: "" }, job), {
    kind: "target",
    url: "http://10.0.0.1:8000/metrics",
    labels: { job: "vllm", instance: "10.0.0.1:8000", zone: "a" },
    discoveredLabels: {
      __address__: "10.0.0.1:8000",
      __metrics_path__: "/metrics",
      __scheme__: "http",
      __scrape_interval__: "15s",
      __scrape_timeout__: "10s",
      job: "vllm",
      zone: "a",
    },
    intervalMs: 15_000,
    timeoutMs: 10_000,
  });
});

const urls: readonly (readonly [
  it: string,
  url: string,
  labels: Labels,
  job?: Partial<ScrapeJob>,
])[] = [
  ["no port is added", "http://host/metrics", { __address__: "host" }],
  ["IPv6", "http://[::1]:8000/metrics", { __address__: "[::1]:8000" }],
  [
    "the labels' scheme and path",
    "https://h:1/m/x",
    { __address__: "h:1", __scheme__: "https", __metrics_path__: "/m/x" },
  ],
  ["a path without a slash", "http://h/m", { __address__: "h", __metrics_path__: "m" }],
  [
    "parameters of the job and of labels",
    "http://h/metrics?a=9&a=2&b=3+4",
    { __address__: "h", __param_a: "9", __param_b: "3 4" },
    { params: { a: ["1", "2"] } },
  ],
];

for (const [it, url, labels, more] of urls)
  test(`the address of a target: ${it}`, () => {
    const found = targetOf(labels, { ...job, ...more });
    assert.equal(found.kind === "target" ? found.url : found, url);
  });

test("relabelling sees and sets the job's own labels", () => {
  const rules = [
    relabelRule({ sourceLabels: ["job"], targetLabel: "__tmp_job" }),
    relabelRule({ sourceLabels: ["__tmp_job"], targetLabel: "of", replacement: "$1!" }),
    relabelRule({ targetLabel: "__scrape_interval__", replacement: "30s" }),
    relabelRule({ targetLabel: "__address__", replacement: "proxy:9115" }),
  ];
  const found = targetOf({ __address__: "h:1" }, { ...job, relabel: rules });
  assert.ok(found.kind === "target");
  assert.equal(found.url, "http://proxy:9115/metrics");
  assert.equal(found.intervalMs, 30_000);
  assert.deepEqual(found.labels, { job: "vllm", of: "vllm!", instance: "proxy:9115" });
});

test("a dropped target keeps what it was discovered with", () => {
  const rules = [relabelRule({ action: "drop", sourceLabels: ["zone"], regex: "a" })];
  const found = targetOf({ __address__: "h:1", zone: "a" }, { ...job, relabel: rules });
  assert.equal(found.kind === "dropped" && found.discoveredLabels["zone"], "a");
});

const faults: readonly (readonly [reason: string, labels: Labels])[] = [
  ["no address", {}],
  ['"h/x" is not a valid hostname', { __address__: "h/x" }],
  ['"h:99999" is not a valid hostname', { __address__: "h:99999" }],
  ['"u:p@h" is not a valid hostname', { __address__: "u:p@h" }],
  ['unsupported scheme "ftp"; it is http or https', { __address__: "h", __scheme__: "ftp" }],
  ["scrape interval cannot be 0", { __address__: "h", __scrape_interval__: "0" }],
  [
    'error parsing scrape timeout: not a valid duration string: "soon"',
    { __address__: "h", __scrape_timeout__: "soon" },
  ],
  [
    "scrape timeout cannot be greater than scrape interval (20s > 15s)",
    { __address__: "h", __scrape_timeout__: "20s" },
  ],
];

for (const [reason, labels] of faults)
  test(`no target: ${reason}`, () => {
    assert.deepEqual(targetOf(labels, job), { kind: "invalid", reason });
  });
