// Scrapes all targets in rounds: at aligned instants, all at the same moment, all samples with the
// round's timestamp. A round's samples enter the store together, when it is complete, so that a query
// never sees half of a round. Timestamps in the pages are not honoured.
import assert from "node:assert/strict";
import type { CancelTimer, Clock } from "../lib/clock.ts";
import { parseExposition } from "../metrics/exposition-parser.ts";
import { labelsKey, metricNameLabel, type Labels } from "../metrics/labels.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import type { HttpGet } from "./http-get.ts";
import type { ScrapeTarget } from "./scrape-targets.ts";

export type ScraperOptions = {
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly get: HttpGet;
  /** Told when a target begins to fail, or to lose samples, and when it recovers. */
  readonly log?: (line: string) => void;
  readonly intervalMs?: number;
  /** Shorter than the interval, so that rounds do not overlap. */
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
};

export type RoundTarget =
  | { readonly kind: "scraped"; readonly labels: Labels }
  | { readonly kind: "failed"; readonly labels: Labels; readonly error: string };

/** What a complete round found. Its samples are in the store, at `atMs`. */
export type Round = {
  readonly atMs: number;
  readonly completedAtMs: number;
  readonly targets: readonly RoundTarget[];
};

export type TargetStatus = {
  readonly target: ScrapeTarget;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
  readonly lastScrapeAtMs?: number;
  readonly lastDurationMs: number;
};

const defaultIntervalMs = 1000;
const maxTimeoutMs = 10_000;
const defaultMaxBytes = 16 * 1024 * 1024;

export class Scraper {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly #store: SeriesStore;
  readonly #clock: Clock;
  readonly #get: HttpGet;
  readonly #log: (line: string) => void;
  readonly #maxBytes: number;
  readonly #listeners = new Set<(round: Round) => void>();
  readonly #targets = new Map<string, Target>();
  /** Targets that went during the round; their series end with it. */
  #leaving: Target[] = [];
  #round: OpenRound | undefined;

  constructor(options: ScraperOptions) {
    this.intervalMs = options.intervalMs ?? defaultIntervalMs;
    // A tenth of the interval is left for what happens between two rounds.
    this.timeoutMs = options.timeoutMs ?? Math.min(this.intervalMs * 0.9, maxTimeoutMs);
    assert.ok(this.timeoutMs <= this.intervalMs, "rounds must not overlap");
    this.#store = options.store;
    this.#clock = options.clock;
    this.#get = options.get;
    this.#log = options.log ?? (() => {});
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
  }

  /** Scrapes from the next aligned instant on, until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    let cancel: CancelTimer = () => {};
    const plan = (atMs: number): void => {
      cancel = this.#clock.after(atMs - this.#clock.nowMs(), () => {
        plan(this.#instantAfter(atMs));
        this.#beginRound(atMs);
      });
    };
    plan(this.#nextInstantMs());
    const stop = (): void => {
      cancel();
      this.#round?.cancelDeadline();
      this.#round?.abort.abort();
      this.#round = undefined;
    };
    signal.addEventListener("abort", stop, { once: true });
  }

  /**
   * Replaces the set of targets. A new one is scraped in the next round; one that goes no longer
   * counts in the present round, and its series end.
   */
  setTargets(targets: readonly ScrapeTarget[]): void {
    const wanted = new Map(targets.map((target) => [identityOf(target), target]));
    for (const [identity, target] of this.#targets) {
      if (wanted.has(identity)) continue;
      this.#targets.delete(identity);
      if (this.#round) this.#leaving.push(target);
      else this.#endSeries(target, Math.max(this.#clock.nowMs(), target.lastAtMs + 1));
      const pending = this.#round?.pending.get(target);
      pending?.abort();
      this.#round?.pending.delete(target);
    }
    for (const [identity, target] of wanted)
      if (!this.#targets.has(identity)) this.#targets.set(identity, newTarget(target));
    this.#completeIfDone();
  }

  /** Calls the listener after each round, once its samples are in the store. */
  onRound(listener: (round: Round) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  targets(): readonly TargetStatus[] {
    return [...this.#targets.values()].map(({ target, status }) => ({ target, ...status }));
  }

  /**
   * The next instant in the row. Of those that went by while the process was held up none is made up
   * for, and a clock that was set back is followed.
   */
  #instantAfter(atMs: number): number {
    const nextMs = atMs + this.intervalMs;
    const aheadMs = nextMs - this.#clock.nowMs();
    return aheadMs > 0 && aheadMs <= 2 * this.intervalMs ? nextMs : this.#nextInstantMs();
  }

  #nextInstantMs(): number {
    return (Math.floor(this.#clock.nowMs() / this.intervalMs) + 1) * this.intervalMs;
  }

  #beginRound(atMs: number): void {
    if (this.#round) this.#completeRound();
    if (atMs <= this.#store.newestMs) this.#store.dropFrom(atMs); // The clock was set back.
    const round: OpenRound = {
      atMs,
      startedAtMs: this.#clock.nowMs(),
      abort: new AbortController(),
      pending: new Map(),
      outcomes: new Map(),
      cancelDeadline: this.#clock.after(this.timeoutMs, () => this.#completeRound()),
    };
    this.#round = round;
    for (const target of this.#targets.values()) {
      const abort = new AbortController();
      round.pending.set(target, abort);
      void this.#scrape(round, target, AbortSignal.any([round.abort.signal, abort.signal]));
    }
    this.#completeIfDone();
  }

  async #scrape(round: OpenRound, target: Target, signal: AbortSignal): Promise<void> {
    const options = { timeoutMs: this.timeoutMs, maxBytes: this.#maxBytes, signal };
    let outcome: Outcome;
    try {
      outcome = readPage(await this.#get(target.target.url, options), target.target.labels);
    } catch (error) {
      // A failed scrape is a result like any other: `up` is 0 and the round tells why.
      outcome = { kind: "failed", error: messageOf(error) };
    }
    if (this.#round !== round || !round.pending.delete(target)) return;
    const durationMs = this.#clock.nowMs() - round.startedAtMs;
    round.outcomes.set(target, { ...outcome, durationMs });
    this.#completeIfDone();
  }

  #completeIfDone(): void {
    if (this.#round?.pending.size === 0) this.#completeRound();
  }

  #completeRound(): void {
    const round = this.#round;
    if (!round) return;
    this.#round = undefined;
    round.cancelDeadline();
    round.abort.abort();
    const timeout = `context deadline exceeded: no answer within ${this.timeoutMs} ms`;
    for (const target of round.pending.keys())
      round.outcomes.set(target, { kind: "failed", error: timeout, durationMs: this.timeoutMs });

    for (const target of this.#leaving) this.#endSeries(target, round.atMs);
    this.#leaving = [];
    const targets: RoundTarget[] = [];
    for (const target of this.#targets.values()) {
      const outcome = round.outcomes.get(target);
      if (outcome) targets.push(this.#enter(target, outcome, round.atMs));
    }
    const completed: Round = { atMs: round.atMs, completedAtMs: this.#clock.nowMs(), targets };
    for (const listener of this.#listeners) listener(completed);
  }

  /** Writes what a scrape gave: its samples, the end of series that are gone, and its own metrics. */
  #enter(target: Target, outcome: TimedOutcome, atMs: number): RoundTarget {
    const { labels } = target.target;
    const samples = outcome.kind === "scraped" ? outcome.samples : [];
    const present = new Map<string, Labels>();
    let refused = 0;
    for (const sample of samples) {
      const stored = this.#store.append(sample.labels, atMs, sample.value);
      if (stored !== "appended") refused++;
      present.set(labelsKey(sample.labels), sample.labels);
    }
    for (const [key, series] of target.series)
      if (!present.has(key)) this.#store.appendStale(series, atMs);
    target.series = present;
    target.lastAtMs = atMs;
    const report = [
      ["up", outcome.kind === "scraped" ? 1 : 0],
      ["scrape_duration_seconds", outcome.durationMs / 1000],
      ["scrape_samples_scraped", samples.length],
    ] as const;
    for (const [name, value] of report)
      this.#store.append({ ...labels, [metricNameLabel]: name }, atMs, value);
    this.#updateStatus(target, outcome, refused, atMs);
    return outcome.kind === "scraped"
      ? { kind: "scraped", labels }
      : { kind: "failed", labels, error: outcome.error };
  }

  #updateStatus(target: Target, outcome: TimedOutcome, refused: number, atMs: number): void {
    const failure = outcome.kind === "failed" ? outcome.error : "";
    const losing = refused > 0 ? `${refused} samples were refused by the store` : "";
    const trouble = failure || losing;
    if (trouble !== target.trouble)
      this.#log(`scrape ${target.target.url}: ${trouble || "recovered"}`);
    target.trouble = trouble;
    target.status = {
      health: outcome.kind === "scraped" ? "up" : "down",
      lastError: failure,
      lastScrapeAtMs: atMs,
      lastDurationMs: outcome.durationMs,
    };
  }

  #endSeries(target: Target, atMs: number): void {
    for (const series of target.series.values()) this.#store.appendStale(series, atMs);
    for (const name of ["up", "scrape_duration_seconds", "scrape_samples_scraped"])
      this.#store.appendStale({ ...target.target.labels, [metricNameLabel]: name }, atMs);
    target.series = new Map();
  }
}

type OpenRound = {
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly abort: AbortController;
  readonly pending: Map<Target, AbortController>;
  readonly outcomes: Map<Target, TimedOutcome>;
  readonly cancelDeadline: CancelTimer;
};

/** A target, and what its last round left. */
type Target = {
  readonly target: ScrapeTarget;
  series: ReadonlyMap<string, Labels>;
  status: Omit<TargetStatus, "target">;
  trouble: string;
  /** The time of its newest samples. */
  lastAtMs: number;
};

function newTarget(target: ScrapeTarget): Target {
  const status = { health: "unknown", lastError: "", lastDurationMs: 0 } as const;
  return { target, series: new Map(), status, trouble: "", lastAtMs: -Infinity };
}

const identityOf = (target: ScrapeTarget): string => `${target.url} ${labelsKey(target.labels)}`;

type PageSample = { readonly labels: Labels; readonly value: number };

type Outcome =
  | { readonly kind: "scraped"; readonly samples: readonly PageSample[] }
  | { readonly kind: "failed"; readonly error: string };

type TimedOutcome = Outcome & { readonly durationMs: number };

/** A page with a fault fails as a whole, as in Prometheus: half of it could mislead. */
function readPage(page: string, targetLabels: Labels): Outcome {
  const format = /^# EOF\s*$/m.test(page.slice(-8)) ? "openmetrics" : "text";
  const { samples, errors } = parseExposition(page, format);
  const [first] = errors;
  if (first) return { kind: "failed", error: `line ${first.line}: ${first.message}` };
  return {
    kind: "scraped",
    samples: samples.map(({ labels, value }) => ({
      labels: withTargetLabels(labels, targetLabels),
      value,
    })),
  };
}

/** The target's labels win; one of the same name in the page becomes `exported_…`. */
function withTargetLabels(labels: Labels, targetLabels: Labels): Labels {
  const merged: Record<string, string> = { ...labels, ...targetLabels };
  for (const name of Object.keys(targetLabels)) {
    const exported = labels[name];
    if (exported !== undefined) merged[`exported_${name}`] = exported;
  }
  return merged;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message !== "" ? error.message : error.name;
}
