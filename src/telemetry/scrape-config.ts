// Reads Prometheus' own configuration as far as it is about scraping: `global` and `scrape_configs`. All
// that is wrong is told at once, with line and column; what Prometheus has and Dunlin has not is refused
// by name, because a setting that is passed over in silence would be found out too late.
import { atKey, YamlReader, type YamlFields, type YamlValue } from "../lib/yaml-reader.ts";
import { countOf, intervalOf, optional, sizeOf } from "./config-values.ts";
import { httpFields, httpSettingsOf, refusedHttpFields, type Files } from "./http-config.ts";
import { relabelRulesOf } from "./relabel-config.ts";
import {
  acceptOf,
  jobDefaults,
  scrapeProtocols,
  type Discovery,
  type FileDiscovery,
  type HttpDiscovery,
  type HttpSettings,
  type ScrapeJob,
  type ScrapeLimits,
} from "./scrape-job.ts";
import { targetGroup } from "./target-groups.ts";

type Refusals = Readonly<Record<string, string>>;

/** What `global` says and a job may say otherwise. */
type JobSettings = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly accept: string;
  readonly limits: ScrapeLimits;
};

/** Prometheus' defaults. */
const defaults: JobSettings = {
  intervalMs: 60_000,
  timeoutMs: 10_000,
  accept: jobDefaults.http.accept,
  limits: jobDefaults.limits,
};

const sharedFields = [
  "scrape_interval",
  "scrape_timeout",
  "scrape_protocols",
  "body_size_limit",
  "sample_limit",
  "label_limit",
  "label_name_length_limit",
  "label_value_length_limit",
  "target_limit",
  "keep_dropped_targets",
  "metric_name_validation_scheme",
];

const noNativeHistograms = "is not supported: native histograms are not; leave it out";
const sharedRefusals: Refusals = {
  scrape_native_histograms: noNativeHistograms,
  scrape_classic_histograms: noNativeHistograms,
  always_scrape_classic_histograms: noNativeHistograms,
  convert_classic_histograms_to_nhcb: noNativeHistograms,
  metric_name_escaping_scheme: "is not supported; names are asked for as they are",
  scrape_failure_log_file: "is not supported; failures are in the log and in /api/v1/targets",
  extra_scrape_metrics: "is not supported",
};

const ownToPrometheus = "is not supported; use a Prometheus, which may stand beside Dunlin";
const topRefusals: Refusals = {
  rule_files: ownToPrometheus,
  alerting: ownToPrometheus,
  remote_write: ownToPrometheus,
  remote_read: ownToPrometheus,
  storage: "is not supported; what is kept, and how long, is in docs/metrics.md",
  tracing: ownToPrometheus,
  otlp: "is not supported",
  runtime: "is not supported",
  scrape_config_files: "is not supported; put the jobs into scrape_configs",
};
const globalRefusals: Refusals = {
  ...sharedRefusals,
  external_labels: "is not supported: nothing is sent on; labels of a job go to its targets",
  query_log_file: "is not supported",
  rule_query_offset: ownToPrometheus,
  runtime: "is not supported",
};

const jobFields = [
  ...sharedFields,
  ...httpFields,
  "job_name",
  "fallback_scrape_protocol",
  "honor_labels",
  "honor_timestamps",
  "track_timestamps_staleness",
  "metrics_path",
  "scheme",
  "params",
  "enable_compression",
  "static_configs",
  "file_sd_configs",
  "http_sd_configs",
  "relabel_configs",
  "metric_relabel_configs",
];
const jobRefusals: Refusals = {
  ...sharedRefusals,
  ...refusedHttpFields,
  native_histogram_bucket_limit: noNativeHistograms,
  native_histogram_min_bucket_factor: noNativeHistograms,
};

/**
 * The jobs of a configuration, of use only when there are no problems. `path` names it in those; `files`
 * finds what it refers to. `taken` are the names of jobs that there are already.
 */
export function parseScrapeConfig(
  text: string,
  path: string,
  files: Files,
  taken: readonly string[] = [],
): { readonly jobs: readonly ScrapeJob[]; readonly problems: readonly string[] } {
  const reader = new YamlReader(text, path);
  const isReadable = reader.problems.length === 0;
  const jobs = isReadable ? new ConfigReader(reader, files).jobs(taken) : [];
  return { jobs, problems: reader.problems };
}

class ConfigReader {
  readonly #reader: YamlReader;
  readonly #files: Files;

  constructor(reader: YamlReader, files: Files) {
    this.#reader = reader;
    this.#files = files;
  }

  jobs(taken: readonly string[]): readonly ScrapeJob[] {
    const known = ["global", "scrape_configs"];
    const top = this.#fields(this.#reader.root, known, topRefusals);
    if (!top) return [];
    const shared = optional(top, "global", (value) => this.#global(value)) ?? defaults;
    const names = new Set(taken);
    const values = optional(top, "scrape_configs", (value) => this.#reader.list(value)) ?? [];
    return values.flatMap((value) => {
      const job = this.#job(value, shared);
      if (!job) return [];
      if (names.has(job.name))
        this.#reader.complain(
          value,
          taken.includes(job.name)
            ? `the job name ${JSON.stringify(job.name)} is that of one of Dunlin's own jobs; choose another`
            : `found multiple scrape configs with job name ${JSON.stringify(job.name)}`,
        );
      names.add(job.name);
      return job;
    });
  }

  /** As the reader's, but what Prometheus knows and Dunlin does not is refused with the way out. */
  #fields(value: YamlValue, known: readonly string[], refusals: Refusals): YamlFields | undefined {
    const fields = this.#reader.map(value);
    for (const [name, each] of fields?.values ?? []) {
      if (known.includes(name)) continue;
      const refusal = Object.hasOwn(refusals, name) ? refusals[name] : undefined;
      const otherDiscovery = name.endsWith("_sd_configs")
        ? "is not supported; static_configs, file_sd_configs and http_sd_configs are, and what " +
          "discovers in another way can write the files that file_sd_configs name"
        : undefined;
      this.#reader.complain(
        atKey(each),
        refusal ?? otherDiscovery ?? `unknown field; known are ${known.join(", ")}`,
      );
    }
    return fields;
  }

  #global(value: YamlValue): JobSettings | undefined {
    // When rules would be evaluated means nothing where there are none.
    const known = [...sharedFields, "evaluation_interval"];
    const fields = this.#fields(value, known, globalRefusals);
    return fields && this.#settings(fields, defaults);
  }

  #settings(fields: YamlFields, above: JobSettings): JobSettings {
    const reader = this.#reader;
    const count = (name: string): number | undefined =>
      optional(fields, name, (value) => countOf(reader, value));
    const intervalMs =
      optional(fields, "scrape_interval", (value) => intervalOf(reader, value)) ?? above.intervalMs;
    const ownTimeoutMs = optional(fields, "scrape_timeout", (value) => intervalOf(reader, value));
    if (ownTimeoutMs !== undefined && ownTimeoutMs > intervalMs)
      reader.complain(fields.get("scrape_timeout"), "must not be greater than the scrape interval");
    const validation = optional(fields, "metric_name_validation_scheme", (each) =>
      reader.text(each),
    );
    if (validation !== undefined && validation !== "utf8")
      reader.complain(
        fields.get("metric_name_validation_scheme"),
        `${JSON.stringify(validation)} is not supported; names may be any UTF-8, as by "utf8"`,
      );
    const protocols = optional(fields, "scrape_protocols", (value) => this.#protocols(value));
    const { limits } = above;
    return {
      intervalMs,
      timeoutMs: ownTimeoutMs ?? Math.min(above.timeoutMs, intervalMs),
      accept: protocols ? acceptOf(protocols) : above.accept,
      limits: {
        bodyBytes:
          optional(fields, "body_size_limit", (value) => sizeOf(reader, value)) ?? limits.bodyBytes,
        samples: count("sample_limit") ?? limits.samples,
        labels: count("label_limit") ?? limits.labels,
        labelNameLength: count("label_name_length_limit") ?? limits.labelNameLength,
        labelValueLength: count("label_value_length_limit") ?? limits.labelValueLength,
        targets: count("target_limit") ?? limits.targets,
        keepDroppedTargets: count("keep_dropped_targets") ?? limits.keepDroppedTargets,
      },
    };
  }

  #protocols(value: YamlValue): readonly string[] | undefined {
    const values = this.#reader.list(value, { mayBeEmpty: false });
    return values?.flatMap((each) => this.#protocol(each) ?? []);
  }

  #protocol(value: YamlValue): string | undefined {
    const name = this.#reader.text(value);
    if (name === undefined || Object.hasOwn(scrapeProtocols, name)) return name;
    this.#reader.complain(
      value,
      `${JSON.stringify(name)} is not supported; ${Object.keys(scrapeProtocols).join(", ")} are`,
    );
    return undefined;
  }

  #job(value: YamlValue, shared: JobSettings): ScrapeJob | undefined {
    const reader = this.#reader;
    const fields = this.#fields(value, jobFields, jobRefusals);
    if (!fields) return undefined;
    const name = reader.text(fields.get("job_name"));
    const { intervalMs, timeoutMs, accept, limits } = this.#settings(fields, shared);
    const text = (field: string): string | undefined =>
      optional(fields, field, (each) => reader.text(each));
    const flag = (field: string): boolean | undefined =>
      optional(fields, field, (each) => reader.boolean(each));
    const rules = (field: string) =>
      optional(fields, field, (each) => relabelRulesOf(reader, each)) ?? [];
    const scheme = text("scheme") ?? jobDefaults.scheme;
    if (scheme !== "http" && scheme !== "https")
      reader.complain(fields.get("scheme"), `must be http or https, not ${JSON.stringify(scheme)}`);
    const gzip = flag("enable_compression") ?? jobDefaults.http.gzip;
    const http: HttpSettings = { ...jobDefaults.http, accept, gzip };
    const fallback = optional(fields, "fallback_scrape_protocol", (each) => this.#protocol(each));
    return {
      name: name ?? "",
      intervalMs,
      timeoutMs,
      scheme,
      metricsPath: text("metrics_path") ?? jobDefaults.metricsPath,
      params: optional(fields, "params", (each) => this.#params(each)) ?? jobDefaults.params,
      honorLabels: flag("honor_labels") ?? jobDefaults.honorLabels,
      honorTimestamps: flag("honor_timestamps") ?? jobDefaults.honorTimestamps,
      trackTimestampsStaleness:
        flag("track_timestamps_staleness") ?? jobDefaults.trackTimestampsStaleness,
      fallbackFormat: fallback?.startsWith("OpenMetrics") ? "openmetrics" : "text",
      http: httpSettingsOf(reader, fields, this.#files, http),
      limits,
      relabel: rules("relabel_configs"),
      metricRelabel: rules("metric_relabel_configs"),
      discovery: this.#discovery(fields),
    };
  }

  #params(value: YamlValue): Readonly<Record<string, readonly string[]>> | undefined {
    const fields = this.#reader.map(value);
    return (
      fields &&
      Object.fromEntries(fields.values.map(([name, each]) => [name, this.#reader.texts(each)]))
    );
  }

  #discovery(fields: YamlFields): Discovery {
    const each = <T>(name: string, read: (value: YamlValue) => T | undefined): readonly T[] => {
      const values = optional(fields, name, (value) => this.#reader.list(value)) ?? [];
      return values.flatMap((value) => read(value) ?? []);
    };
    return {
      groups: each("static_configs", (value) =>
        targetGroup(this.#reader, value, (address, at) => this.#checkAddress(address, at)),
      ),
      files: each("file_sd_configs", (value) => this.#fileDiscovery(value)),
      http: each("http_sd_configs", (value) => this.#httpDiscovery(value)),
    };
  }

  #checkAddress(address: string, at: YamlValue): void {
    if (address.includes("/"))
      this.#reader.complain(
        at,
        `${JSON.stringify(address)} is not a valid hostname: a target is host:port; scheme and path have fields of their own`,
      );
  }

  #fileDiscovery(value: YamlValue): FileDiscovery | undefined {
    const reader = this.#reader;
    const fields = this.#fields(value, ["files", "refresh_interval"], {});
    if (!fields) return undefined;
    const listed = reader.list(fields.get("files"), { mayBeEmpty: false }) ?? [];
    const patterns = listed.flatMap((each) => {
      const pattern = reader.text(each);
      if (pattern === undefined) return [];
      // As in Prometheus, so that a folder full of other files is not taken for targets.
      if (!/^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml)$/i.test(pattern))
        reader.complain(
          each,
          `path name ${JSON.stringify(pattern)} is not valid for file discovery: it ends in .json, .yml or .yaml, and * stands in its last part only`,
        );
      return this.#files.resolve(pattern);
    });
    return { patterns, refreshMs: this.#refreshMs(fields, 5 * 60_000) };
  }

  #httpDiscovery(value: YamlValue): HttpDiscovery | undefined {
    const known = ["url", "refresh_interval", ...httpFields];
    const fields = this.#fields(value, known, refusedHttpFields);
    if (!fields) return undefined;
    const url = this.#reader.text(fields.get("url"));
    if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
      this.#reader.complain(fields.get("url"), "must begin with http:// or https:// and a host");
    const base = { ...jobDefaults.http, accept: "application/json" };
    const http = httpSettingsOf(this.#reader, fields, this.#files, base);
    return { url: url ?? "", refreshMs: this.#refreshMs(fields, 60_000), http };
  }

  #refreshMs(fields: YamlFields, defaultMs: number): number {
    const read = (value: YamlValue) => intervalOf(this.#reader, value);
    return optional(fields, "refresh_interval", read) ?? defaultMs;
  }
}
