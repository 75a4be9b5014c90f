// One job of scraping: what Prometheus calls a scrape_config, with its defaults filled in, as plain data.
import type { ExpositionFormat } from "../metrics/exposition-parser.ts";
import type { Labels } from "../metrics/labels.ts";
import type { RelabelRule } from "./relabel.ts";

export type ScrapeJob = {
  readonly name: string;
  readonly intervalMs: number;
  /** At most the interval. */
  readonly timeoutMs: number;
  readonly scheme: string;
  readonly metricsPath: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  /** Whether the page's labels win over the target's; else they become `exported_…`. */
  readonly honorLabels: boolean;
  /** Whether times that stand in the page are taken; else all samples have the scrape's. */
  readonly honorTimestamps: boolean;
  /** Whether series with times of their own end when they leave the page. */
  readonly trackTimestampsStaleness: boolean;
  /** How a page is read whose Content-Type names no known format. */
  readonly fallbackFormat: ExpositionFormat;
  readonly http: HttpSettings;
  readonly limits: ScrapeLimits;
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
  readonly discovery: Discovery;
};

export type HttpSettings = {
  readonly accept: string;
  /** Whether the answer may come compressed. */
  readonly gzip: boolean;
  readonly followRedirects: boolean;
  readonly authorization?: Authorization;
  readonly tls: TlsSettings;
};

/** Secrets that stand in files are read anew for each request, as they may be rotated. */
export type Secret = { readonly text: string } | { readonly file: string };

export type Authorization =
  | { readonly kind: "basic"; readonly username: Secret; readonly password: Secret }
  | { readonly kind: "credentials"; readonly type: string; readonly credentials: Secret };

export type TlsSettings = {
  /** PEM; the system's authorities when absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
};

/** Zero means without limit. A scrape that exceeds one fails as a whole. */
export type ScrapeLimits = {
  readonly bodyBytes: number;
  /** After metric relabelling. */
  readonly samples: number;
  readonly labels: number;
  readonly labelNameLength: number;
  readonly labelValueLength: number;
  /** With more targets than this, all of the job's scrapes fail. */
  readonly targets: number;
  /** How many dropped targets are remembered to be shown. */
  readonly keepDroppedTargets: number;
};

export type Discovery = {
  readonly groups: readonly TargetGroup[];
  readonly files: readonly FileDiscovery[];
  readonly http: readonly HttpDiscovery[];
};

/** Targets that share labels, as discovery gives them: `__address__` and its like are among them. */
export type TargetGroup = { readonly targets: readonly Labels[]; readonly labels: Labels };

export type FileDiscovery = {
  /** Absolute; a `*` may stand in the last part of a path. */
  readonly patterns: readonly string[];
  readonly refreshMs: number;
};

export type HttpDiscovery = {
  readonly url: string;
  readonly refreshMs: number;
  readonly http: HttpSettings;
};

/** Media types by the names that `scrape_protocols` has for them. */
export const scrapeProtocols: Readonly<Record<string, string>> = {
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "PrometheusText1.0.0": "text/plain;version=1.0.0;escaping=allow-utf-8",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
};

/** The Accept header that prefers these protocols in their order, with Prometheus' weights. */
export function acceptOf(protocols: readonly string[]): string {
  // Prometheus knows a fifth, protobuf, and begins one above their number.
  const weights = protocols.map((name, index) => `${scrapeProtocols[name]};q=0.${6 - index}`);
  return [...weights, `*/*;q=0.${6 - protocols.length}`].join(",");
}

/** What Prometheus 3 asks for: OpenMetrics above the classic text, never protobuf. */
export const acceptText = acceptOf([
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
]);

/** A page of a vLLM server has 54 KB; a target that sends as much as this is none. */
const maxPageBytes = 16 * 1024 * 1024;

/**
 * The settings of Dunlin's own jobs, and what a job of a file begins with: a body limit where Prometheus
 * has none, because this process also decides.
 */
export const jobDefaults = {
  scheme: "http",
  metricsPath: "/metrics",
  params: {},
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  fallbackFormat: "text",
  http: { accept: acceptText, gzip: true, followRedirects: true, tls: {} },
  limits: {
    bodyBytes: maxPageBytes,
    samples: 0,
    labels: 0,
    labelNameLength: 0,
    labelValueLength: 0,
    targets: 0,
    keepDroppedTargets: 0,
  },
  relabel: [],
  metricRelabel: [],
  discovery: { groups: [], files: [], http: [] },
} as const satisfies Partial<ScrapeJob>;
