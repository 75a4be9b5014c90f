import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScrapeConfig } from "./scrape-config.ts";
import { targetOf } from "./target-labels.ts";

const files = {
  resolve: (path: string) => `/etc/prometheus/${path}`,
  read: (path: string) => {
    if (path.endsWith("ca.pem")) return "PEM";
    throw new Error("ENOENT: no such file");
  },
};

const read = (text: string) => parseScrapeConfig(text, "p.yml", files, ["kubernetes-pods"]);

function jobOf(text: string) {
  const { jobs, problems } = read(text);
  assert.deepEqual(problems, []);
  const [job] = jobs;
  assert.ok(job);
  return job;
}

test("a job has Prometheus' defaults, and a limit of the body", () => {
  const job = jobOf("scrape_configs: [{job_name: a, static_configs: [{targets: ['x:1']}]}]");
  assert.equal(job.intervalMs, 60_000);
  assert.equal(job.timeoutMs, 10_000);
  assert.equal(job.limits.bodyBytes, 16 * 1024 * 1024);
  assert.deepEqual(job.discovery.groups, [{ targets: [{ __address__: "x:1" }], labels: {} }]);
  const target = targetOf({ __address__: "x:1" }, job);
  assert.ok(target.kind === "target");
  assert.equal(target.url, "http://x:1/metrics");
  assert.deepEqual(target.labels, { job: "a", instance: "x:1" });
});

test("all that a job may say is read", () => {
  const job = jobOf(`
global: {scrape_interval: 15s, sample_limit: 100, evaluation_interval: 1m}
scrape_configs:
  - job_name: vllm
    scrape_interval: 5s
    scheme: https
    metrics_path: /probe
    params: {module: [gpu, llm]}
    honor_labels: true
    honor_timestamps: false
    track_timestamps_staleness: true
    enable_compression: false
    follow_redirects: false
    fallback_scrape_protocol: OpenMetricsText1.0.0
    scrape_protocols: [PrometheusText0.0.4]
    body_size_limit: 1MB
    label_limit: 30
    label_name_length_limit: 200
    label_value_length_limit: 300
    target_limit: 7
    keep_dropped_targets: 3
    basic_auth: {username: me, password_file: secret.txt}
    tls_config: {ca_file: ca.pem, server_name: vllm, insecure_skip_verify: true}
    static_configs:
      - targets: ["10.0.0.1:8000", "10.0.0.2:8000"]
        labels: {rack: 7, empty: ""}
    file_sd_configs: [{files: ["targets/*.json"], refresh_interval: 1m}]
    http_sd_configs: [{url: "http://sd/x", bearer_token: t}]
    relabel_configs:
      - {source_labels: [__address__], regex: '(.*):\\d+', target_label: host, replacement: $1}
    metric_relabel_configs: [{action: keep, source_labels: [__name__], regex: "vllm:.*"}]
`);
  const { http, limits, discovery } = job;
  assert.equal(job.intervalMs, 5000);
  assert.equal(job.timeoutMs, 5000, "the timeout is at most the interval");
  assert.deepEqual(job.params, { module: ["gpu", "llm"] });
  assert.deepEqual(
    [job.scheme, job.metricsPath, job.fallbackFormat],
    ["https", "/probe", "openmetrics"],
  );
  assert.deepEqual(
    [job.honorLabels, job.honorTimestamps, job.trackTimestampsStaleness],
    [true, false, true],
  );
  assert.deepEqual([http.gzip, http.followRedirects], [false, false]);
  assert.match(http.accept, /^text\/plain;version=0\.0\.4/);
  assert.deepEqual(http.authorization, {
    kind: "basic",
    username: { text: "me" },
    password: { file: "/etc/prometheus/secret.txt" },
  });
  assert.deepEqual(http.tls, { ca: "PEM", serverName: "vllm", insecureSkipVerify: true });
  assert.deepEqual(limits, {
    bodyBytes: 1024 * 1024,
    samples: 100,
    labels: 30,
    labelNameLength: 200,
    labelValueLength: 300,
    targets: 7,
    keepDroppedTargets: 3,
  });
  assert.deepEqual(discovery.groups[0]?.labels, { rack: "7" });
  assert.deepEqual(discovery.files, [
    { patterns: ["/etc/prometheus/targets/*.json"], refreshMs: 60_000 },
  ]);
  assert.deepEqual(discovery.http[0]?.http.authorization, {
    kind: "credentials",
    type: "Bearer",
    credentials: { text: "t" },
  });
  const found = targetOf({ __address__: "10.0.0.1:8000" }, job);
  assert.ok(found.kind === "target");
  assert.equal(found.url, "https://10.0.0.1:8000/probe?module=gpu&module=llm");
  assert.equal(found.labels["host"], "10.0.0.1");
  assert.equal(job.metricRelabel.length, 1);
});

test("a configuration of Prometheus without jobs is one", () => {
  assert.deepEqual(read("global:\n  scrape_interval: 15s\nscrape_configs:\n"), {
    jobs: [],
    problems: [],
  });
});

const wrong: readonly (readonly [name: string, text: string, problem: string])[] = [
  ["no map", "- a", "p.yml:1:1: must be a map"],
  ["broken YAML", "scrape_configs: [", "p.yml:1:18: Flow sequence in block collection"],
  [
    "an unknown field",
    "jobs: []",
    "p.yml:1:1: jobs: unknown field; known are global, scrape_configs",
  ],
  [
    "rules",
    "rule_files: [a.yml]",
    "p.yml:1:1: rule_files: is not supported; use a Prometheus, which may stand beside Dunlin",
  ],
  [
    "labels for what is sent on",
    "global: {external_labels: {a: b}}",
    "p.yml:1:10: global.external_labels: is not supported: nothing is sent on; labels of a job go to its targets",
  ],
  [
    "no name",
    "scrape_configs: [{scheme: http}]",
    "p.yml:1:18: scrape_configs[0].job_name: is required",
  ],
  [
    "a name twice",
    "scrape_configs: [{job_name: a}, {job_name: a}]",
    'p.yml:1:33: scrape_configs[1]: found multiple scrape configs with job name "a"',
  ],
  [
    "a name of ours",
    "scrape_configs: [{job_name: kubernetes-pods}]",
    'p.yml:1:18: scrape_configs[0]: the job name "kubernetes-pods" is that of one of Dunlin\'s own jobs; choose another',
  ],
  [
    "a timeout above the interval",
    "scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]",
    "p.yml:1:69: scrape_configs[0].scrape_timeout: must not be greater than the scrape interval",
  ],
  [
    "an interval that is none",
    "global: {scrape_interval: 15}",
    'p.yml:1:27: global.scrape_interval: not a valid duration string: "15"; write it as 15s, 1m30s or 500ms',
  ],
  [
    "discovery that there is not",
    "scrape_configs: [{job_name: a, kubernetes_sd_configs: []}]",
    "p.yml:1:32: scrape_configs[0].kubernetes_sd_configs: is not supported; static_configs, file_sd_configs and http_sd_configs are, and what discovers in another way can write the files that file_sd_configs name",
  ],
  [
    "native histograms",
    "scrape_configs: [{job_name: a, scrape_native_histograms: true}]",
    "p.yml:1:32: scrape_configs[0].scrape_native_histograms: is not supported: native histograms are not; leave it out",
  ],
  [
    "an address with a scheme",
    "scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x']}]}]",
    'p.yml:1:60: scrape_configs[0].static_configs[0].targets[0]: "http://x" is not a valid hostname: a target is host:port; scheme and path have fields of their own',
  ],
  [
    "a protocol that is not spoken",
    "global: {scrape_protocols: [PrometheusProto]}",
    'p.yml:1:29: global.scrape_protocols[0]: "PrometheusProto" is not supported; OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4 are',
  ],
  [
    "a rule without its target",
    "scrape_configs: [{job_name: a, relabel_configs: [{source_labels: [b]}]}]",
    "p.yml:1:50: scrape_configs[0].relabel_configs[0].target_label: relabel configuration for replace action requires 'target_label' value",
  ],
  [
    "a pattern for all files",
    "scrape_configs: [{job_name: a, file_sd_configs: [{files: ['*']}]}]",
    'p.yml:1:59: scrape_configs[0].file_sd_configs[0].files[0]: path name "*" is not valid for file discovery: it ends in .json, .yml or .yaml, and * stands in its last part only',
  ],
  [
    "a server without a host",
    "scrape_configs: [{job_name: a, http_sd_configs: [{url: 'sd/x'}]}]",
    "p.yml:1:56: scrape_configs[0].http_sd_configs[0].url: must begin with http:// or https:// and a host",
  ],
  [
    "a certificate that is not there",
    "scrape_configs: [{job_name: a, tls_config: {ca_file: gone.pem}}]",
    "p.yml:1:54: scrape_configs[0].tls_config.ca_file: cannot be read: ENOENT: no such file",
  ],
  [
    "names of the old sort only",
    "global: {metric_name_validation_scheme: legacy}",
    'p.yml:1:41: global.metric_name_validation_scheme: "legacy" is not supported; names may be any UTF-8, as by "utf8"',
  ],
];
for (const [name, text, problem] of wrong)
  test(`refused: ${name}`, () => {
    const [first = ""] = read(text).problems;
    assert.ok(first.startsWith(problem), `got  ${first}\nwant ${problem}`);
  });

test("all that is wrong is told at once", () => {
  const { problems } = read(`
scrape_configs:
  - job_name: a
    scheme: ftp
    sample_limit: many
  - scrape_interval: 0s
`);
  assert.deepEqual(problems, [
    'p.yml:5:19: scrape_configs[0].sample_limit: must be a whole number, not "many"',
    'p.yml:4:13: scrape_configs[0].scheme: must be http or https, not "ftp"',
    "p.yml:6:5: scrape_configs[1].job_name: is required",
    "p.yml:6:22: scrape_configs[1].scrape_interval: must be above 0s",
  ]);
});
