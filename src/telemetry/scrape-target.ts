// A target that is scraped: one scrape at a time, each ending as a report to the rounds, with what the
// page held, the series that left it, and the scrape's own series (`up` and its like) in the store.
import type { CancelTimer, Clock } from "../lib/clock.ts";
import { messageOf, stackOf } from "../lib/error-text.ts";
import { expositionFormatOf } from "../metrics/exposition-parser.ts";
import { limitGroupOf } from "../metrics/limit-group.ts";
import { labelsKey, metricNameLabel, type Labels } from "../metrics/labels.ts";
import type { Series } from "../metrics/series.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import type { HttpGet, HttpPage } from "./http-get.ts";
import type { RoundSink, RoundTarget } from "./round.ts";
import type { ScrapeJob } from "./scrape-job.ts";
import {
  TargetPages,
  type Metadata,
  type PageOutcome,
  type RefusedSamples,
  type SampleRefusal,
} from "./scrape-page.ts";
import type { ActiveTarget } from "./scrape-view.ts";
import type { FoundTarget } from "./target-labels.ts";

export type ScrapeContext = {
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly rounds: RoundSink;
  /** Told when a target begins to fail, or to lose samples, and when it recovers. */
  readonly log: (line: string) => void;
};

/** What Prometheus reports of each scrape, under the target's labels. */
const reportNames = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;

type Report = Record<(typeof reportNames)[number], number>;

export class ScrapeTarget implements RoundTarget {
  readonly id: string;
  readonly found: FoundTarget;
  readonly #context: ScrapeContext;
  readonly #job: ScrapeJob;
  readonly #get: HttpGet;
  /** Whose share of the store its series take: a page has no say in that. */
  readonly #limitGroup: string;
  readonly #pages: TargetPages;
  readonly #reportSeries = new Map<string, Series>();
  #pending: Pending | undefined;
  #health: ActiveTarget["health"] = "unknown";
  #lastError = "";
  #lastDurationMs = 0;
  #lastAtMs: number | undefined;
  /** What was last told of it. */
  #trouble = "";

  constructor(found: FoundTarget, job: ScrapeJob, get: HttpGet, context: ScrapeContext) {
    this.id = idOf(found, job);
    this.found = found;
    this.#job = job;
    this.#get = get;
    this.#context = context;
    this.#limitGroup = limitGroupOf(found.labels);
    this.#pages = new TargetPages({
      store: context.store,
      labels: found.labels,
      limitGroup: this.#limitGroup,
      rules: job,
      onSeriesAdded: (labels) => context.rounds.seriesAdded(this, labels),
      onSeriesEnded: (labels) => context.rounds.seriesEnded(this, labels),
    });
  }

  get labels(): Labels {
    return this.found.labels;
  }

  get status(): ActiveTarget {
    const { url, labels, discoveredLabels, intervalMs, timeoutMs } = this.found;
    return {
      scrapePool: this.#job.name,
      scrapeUrl: url,
      labels,
      discoveredLabels,
      health: this.#health,
      lastError: this.#lastError,
      ...(this.#lastAtMs !== undefined && { lastScrapeAtMs: this.#lastAtMs }),
      lastDurationMs: this.#lastDurationMs,
      intervalMs,
      timeoutMs,
    };
  }

  get metadata(): ReadonlyMap<string, Metadata> {
    return this.#pages.metadata;
  }

  /**
   * Begins the scrape of that instant; its end is reported to the rounds. With `refusal` it fails
   * without asking the target.
   */
  scrape(atMs: number, refusal?: string): void {
    const { clock, log } = this.#context;
    const { url, timeoutMs } = this.found;
    const abort = new AbortController();
    const pending: Pending = {
      atMs,
      startedAtMs: clock.nowMs(),
      abort,
      cancelTimeout: clock.after(timeoutMs, () => this.expire()),
    };
    this.#pending = pending;
    const finish = (outcome: PageOutcome): void => {
      if (this.#pending === pending) this.#finish(pending, outcome);
    };
    if (refusal !== undefined) {
      finish(failed(refusal));
      return;
    }
    const { limits } = this.#job;
    this.#get(url, { timeoutMs, maxBytes: limits.bodyBytes, signal: abort.signal })
      .then(
        // A page that comes too late is not even read.
        (page) => this.#pending === pending && finish(this.#read(page)),
        (error: unknown) => finish(failed(messageOf(error))),
      )
      .catch((error: unknown) => {
        // A fault of ours costs this scrape, and not the process.
        log(`scrape ${url}: ${stackOf(error)}`);
        finish(failed(messageOf(error)));
      });
  }

  /** Ends a scrape that has not ended: it took too long. */
  expire(): void {
    const pending = this.#pending;
    if (!pending) return;
    const timeout = `context deadline exceeded: no answer within ${this.found.timeoutMs} ms`;
    this.#finish(pending, failed(timeout));
  }

  /** Stops without a trace in the store. */
  abandon(): void {
    this.#pending?.cancelTimeout();
    this.#pending?.abort.abort();
    this.#pending = undefined;
  }

  /**
   * Stops for good: its series end, and nobody waits for it. One that goes while it is asked ends with
   * that instant, or else its last sample would count in a round that it has no part in.
   */
  end(): void {
    const { store, clock, rounds } = this.#context;
    const goneMs = this.#pending?.atMs ?? Math.ceil(clock.nowMs());
    this.abandon();
    // After its last sample; where the clock was set back since, the store has let go of that.
    const lastMs = Math.min(this.#lastAtMs ?? -Infinity, store.newestMs);
    const endMs = Math.max(goneMs, lastMs + 1);
    this.#pages.end(endMs);
    for (const series of this.#reportSeries.values()) {
      store.appendStaleTo(series, endMs);
      rounds.seriesEnded(this, series.labels);
    }
    rounds.gone(this);
  }

  #read({ body, contentType }: HttpPage): PageOutcome {
    const isKnown = /^(?:text\/plain|application\/openmetrics-text)\b/i.test(contentType ?? "");
    const format = isKnown ? expositionFormatOf(contentType) : this.#job.fallbackFormat;
    return this.#pages.read(body, format);
  }

  #finish(pending: Pending, outcome: PageOutcome): void {
    const { clock, rounds } = this.#context;
    this.#pending = undefined;
    pending.cancelTimeout();
    if (outcome.kind === "failed") pending.abort.abort();
    const { atMs } = pending;
    const nowMs = clock.nowMs();
    const durationMs = Math.max(0, nowMs - pending.startedAtMs);
    const isUp = outcome.kind === "read";
    this.#report(atMs, {
      up: isUp ? 1 : 0,
      scrape_duration_seconds: durationMs / 1000,
      scrape_samples_scraped: isUp ? outcome.page.lines.length : outcome.scanned,
      scrape_samples_post_metric_relabeling: isUp ? outcome.page.kept : 0,
      scrape_series_added: isUp ? outcome.page.added : 0,
    });
    let refused: RefusedSamples = new Map();
    if (isUp) refused = this.#pages.write(outcome.page, atMs, nowMs);
    else this.#pages.fail(atMs);
    this.#lastAtMs = atMs;
    this.#lastDurationMs = durationMs;
    this.#health = isUp ? "up" : "down";
    this.#lastError = isUp ? "" : outcome.error;
    if (isUp && refused.size > 0)
      this.#tell(describeRefused(refused, this.#limitGroup), [...refused.keys()].join());
    else this.#tell(this.#lastError);
    rounds.reported(this, atMs, isUp ? undefined : outcome.error);
  }

  /** Written before the page: a page that has an `up` of its own must not hide ours. */
  #report(atMs: number, report: Report): void {
    const { store, rounds } = this.#context;
    for (const name of reportNames) {
      let series = this.#reportSeries.get(name);
      if (!series || series.isGone) {
        const found = store.resolve({ ...this.labels, [metricNameLabel]: name }, this.#limitGroup);
        if (typeof found === "string") continue;
        this.#reportSeries.set(name, (series = found));
        rounds.seriesAdded(this, series.labels);
      }
      store.appendTo(series, atMs, report[name]);
    }
  }

  /** What has the same `kind` as what was told last is not told again. */
  #tell(trouble: string, kind: string = trouble): void {
    if (kind !== this.#trouble)
      this.#context.log(`scrape ${this.found.url}: ${trouble || "recovered"}`);
    this.#trouble = kind;
  }
}

type Pending = {
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly abort: AbortController;
  readonly cancelTimeout: CancelTimer;
};

/** Two targets with the same are one. */
export function idOf({ url, labels, intervalMs, timeoutMs }: FoundTarget, job: ScrapeJob): string {
  return `${job.name} ${intervalMs} ${timeoutMs} ${url} ${labelsKey(labels)}`;
}

function describeRefused(refused: RefusedSamples, group: string): string {
  const words: Readonly<Record<SampleRefusal, string>> = {
    "series-limit": `there is no room for more series of ${group} (docs/metrics.md)`,
    "sample-limit": `there is no room for more samples of ${group} (docs/metrics.md)`,
    conflict: "there is another value at this time",
    "out-of-order": "they are older than what is there",
    "too-old": "they are older than what is kept",
    "too-far-ahead": "their times are far ahead",
    gone: "their series were let go of",
  };
  const parts = [...refused].map(
    ([reason, count]) => `${count} sample${count === 1 ? "" : "s"}, as ${words[reason]}`,
  );
  return `refused by the store: ${parts.join("; ")}`;
}

function failed(error: string): PageOutcome {
  return { kind: "failed", error, scanned: 0 };
}
