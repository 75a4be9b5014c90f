// What the Prometheus API shows of whoever scrapes: types alone, so that neither imports the other.
import type { Labels } from "../metrics/labels.ts";

export type ActiveTarget = {
  /** The name of the job in the configuration. */
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  /** After relabelling, as on its series. */
  readonly labels: Labels;
  /** Before relabelling, `__meta_…` and `__address__` among them. */
  readonly discoveredLabels: Labels;
  readonly health: "up" | "down" | "unknown";
  /** Empty when the last scrape succeeded. */
  readonly lastError: string;
  /** Absent before the first. */
  readonly lastScrapeAtMs?: number;
  readonly lastDurationMs: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
};

export type DroppedTarget = { readonly scrapePool: string; readonly discoveredLabels: Labels };

/** What `# TYPE`, `# HELP` and `# UNIT` said; empty where they said nothing ("unknown" for the type). */
export type MetricMetadata = {
  readonly metric: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
};

export type ScrapeView = {
  /** All jobs, those without targets among them. */
  pools(): readonly string[];
  active(): readonly ActiveTarget[];
  /** Those that relabelling dropped: not necessarily all of them. */
  dropped(): readonly DroppedTarget[];
  /** How many those are, by pool. */
  droppedCounts(): Readonly<Record<string, number>>;
  metadata(): Iterable<MetricMetadata & { readonly target: Labels }>;
  /** The configuration in force, as YAML. */
  configText(): string;
};
