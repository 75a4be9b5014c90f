// The series of a cluster, in memory, for as long as a window of time. It is bounded: past its limits
// it refuses new series and lets go of the oldest samples, and counts both. It keeps nothing on disk,
// takes no sample out of order, and never asks for the time: it knows the newest sample's.
import { labelsKey, type Labels } from "./labels.ts";
import { matchesAll, type CompiledMatcher } from "./matcher.ts";
import { Series, type SeriesAppend } from "./series.ts";

export type StoreLimits = {
  /** Samples older than the newest one by more than this are dropped. */
  readonly windowMs: number;
  readonly maxSeries: number;
  /** When there are as many, the window shrinks: what is newest matters most. */
  readonly maxSamples: number;
};

// A sample takes 17 bytes, so the columns stay below 70 MB, or below 140 MB when all just doubled.
const defaultLimits: StoreLimits = {
  windowMs: 30 * 60_000,
  maxSeries: 100_000,
  maxSamples: 4_000_000,
};

/**
 * "gone" asks the writer to resolve the series again. All others but "appended" and "duplicate" mean
 * that the sample was refused, and is counted as such.
 */
export type AppendOutcome = SeriesAppend | "too-old" | "series-limit" | "sample-limit" | "gone";

export type StoreCounts = {
  readonly series: number;
  readonly samples: number;
  readonly refused: Readonly<Partial<Record<AppendOutcome, number>>>;
  /** Samples dropped before their window was over, for want of room. */
  readonly evicted: number;
};

export class SeriesStore {
  readonly #limits: StoreLimits;
  readonly #series = new Map<string, Series>();
  readonly #index = new Map<string, Map<string, Set<Series>>>();
  readonly #refused = new Map<AppendOutcome, number>();
  #sampleCount = 0;
  #evicted = 0;
  #newestMs = -Infinity;
  #prunedAtMs = -Infinity;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** `labels` include the name; a label with an empty value counts as absent. */
  append(labels: Labels, timeMs: number, value: number): AppendOutcome {
    this.#advance(timeMs);
    if (this.#isTooOld(timeMs)) return this.#count("too-old");
    const series = this.resolve(labels);
    return typeof series === "string" ? series : this.appendTo(series, timeMs, value);
  }

  /**
   * Marks that the series ends here: it is absent from `timeMs` on, until its next sample. A series
   * that the store does not know, or that has ended already, needs no marker.
   */
  appendStale(labels: Labels, timeMs: number): AppendOutcome {
    const series = this.#series.get(labelsKey(labels));
    return series ? this.appendStaleTo(series, timeMs) : "duplicate";
  }

  /**
   * The series of these labels, made if there is none, to be written to by appendTo without working
   * out its key again. Refused (and counted) where there is no room for one more; `limitGroup` says
   * whose share of the store it takes.
   */
  resolve(labels: Labels, _limitGroup?: string): Series | "series-limit" {
    const key = labelsKey(labels);
    const known = this.#series.get(key);
    if (known) return known;
    if (this.#series.size < this.#limits.maxSeries) return this.#addSeries(labels, key);
    this.#count("series-limit");
    return "series-limit";
  }

  appendTo(series: Series, timeMs: number, value: number): AppendOutcome {
    return series.isGone ? "gone" : this.#count(this.#append(series, timeMs, value, false));
  }

  /** As appendStale; a series that has gone needs no marker. */
  appendStaleTo(series: Series, timeMs: number): AppendOutcome {
    if (series.isGone || series.isStale) return "duplicate";
    return this.#count(this.#append(series, timeMs, NaN, true));
  }

  /**
   * Drops all samples from `timeMs` on. When the clock is set back, what was measured then would
   * otherwise be read again as that time comes once more, in place of what is measured now.
   */
  dropFrom(timeMs: number): void {
    for (const series of this.#series.values()) {
      this.#sampleCount -= series.dropFrom(timeMs);
      if (series.sampleCount === 0) this.#removeSeries(series);
    }
    this.#newestMs = Math.min(this.#newestMs, timeMs);
    this.#prunedAtMs = Math.min(this.#prunedAtMs, timeMs);
  }

  /** The time of the newest sample ever appended; -Infinity before the first. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** The series that match and have a sample or a marker in (afterMs, untilMs], oldest series first. */
  select(
    matchers: readonly CompiledMatcher[],
    afterMs: number,
    untilMs: number,
  ): readonly Series[] {
    const selected: Series[] = [];
    for (const series of this.#candidates(matchers))
      if (
        series.newestMs > afterMs &&
        series.oldestMs <= untilMs &&
        matchesAll(matchers, series.labels)
      )
        selected.push(series);
    return selected;
  }

  labelNames(): readonly string[] {
    return [...this.#index.keys()].toSorted();
  }

  labelValues(name: string): readonly string[] {
    return [...(this.#index.get(name)?.keys() ?? [])].toSorted();
  }

  counts(): StoreCounts {
    return {
      series: this.#series.size,
      samples: this.#sampleCount,
      refused: Object.fromEntries(this.#refused),
      evicted: this.#evicted,
    };
  }

  #append(series: Series, timeMs: number, value: number, stale: boolean): AppendOutcome {
    this.#advance(timeMs, series);
    if (this.#isTooOld(timeMs)) return "too-old";
    if (this.#sampleCount >= this.#limits.maxSamples) this.#evict(series);
    if (this.#sampleCount >= this.#limits.maxSamples) return "sample-limit";
    const outcome = series.append(timeMs, value, stale);
    if (outcome === "appended") this.#sampleCount++;
    return outcome;
  }

  #isTooOld(timeMs: number): boolean {
    return timeMs < this.#newestMs - this.#limits.windowMs;
  }

  /** The window slides on; what is about to be written to stays, even if it is empty by then. */
  #advance(timeMs: number, written?: Series): void {
    if (timeMs <= this.#newestMs) return;
    this.#newestMs = timeMs;
    this.#pruneNowAndThen(written);
  }

  #count(outcome: AppendOutcome): AppendOutcome {
    if (outcome !== "appended" && outcome !== "duplicate")
      this.#refused.set(outcome, (this.#refused.get(outcome) ?? 0) + 1);
    return outcome;
  }

  #addSeries(labels: Labels, key: string): Series {
    const series = new Series(detach(labels), detach(key));
    this.#series.set(series.key, series);
    for (const [name, value] of Object.entries(series.labels)) {
      let values = this.#index.get(name);
      if (!values) this.#index.set(name, (values = new Map()));
      const members = values.get(value);
      if (members) members.add(series);
      else values.set(value, new Set([series]));
    }
    return series;
  }

  #removeSeries(series: Series): void {
    series.isGone = true;
    this.#series.delete(series.key);
    for (const [name, value] of Object.entries(series.labels)) {
      const values = this.#index.get(name);
      const members = values?.get(value);
      members?.delete(series);
      if (members?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#index.delete(name);
    }
  }

  /** The fewest series that the index can narrow the matchers to; it may hold more than match. */
  #candidates(matchers: readonly CompiledMatcher[]): Iterable<Series> {
    let best: ReadonlySet<Series> | undefined;
    for (const { label, op, value } of matchers) {
      if (op !== "=" || value === "") continue;
      const members = this.#index.get(label)?.get(value);
      if (!members) return [];
      if (!best || members.size < best.size) best = members;
    }
    return best ?? this.#series.values();
  }

  /** Whole-store pruning costs a pass over all series, so it runs a few times per window only. */
  #pruneNowAndThen(written?: Series): void {
    const { windowMs } = this.#limits;
    if (this.#newestMs - this.#prunedAtMs < windowMs / 16) return;
    this.#prunedAtMs = this.#newestMs;
    this.#dropBefore(this.#newestMs - windowMs, written);
  }

  /** An eighth of the time that is held, so that room is not made for each sample anew. */
  #evict(written: Series): void {
    let oldestMs = Infinity;
    for (const series of this.#series.values()) oldestMs = Math.min(oldestMs, series.oldestMs);
    const before = this.#sampleCount;
    this.#dropBefore(oldestMs + (this.#newestMs - oldestMs) / 8, written);
    this.#evicted += before - this.#sampleCount;
  }

  #dropBefore(timeMs: number, kept?: Series): void {
    for (const series of this.#series.values()) {
      this.#sampleCount -= series.dropBefore(timeMs);
      if (series.sampleCount === 0 && series !== kept) this.#removeSeries(series);
    }
  }
}

/**
 * Copies strings out of the page that they were cut from, which they would otherwise keep alive. JSON
 * gives back what it was given, so the type stays.
 */
function detach<T extends string | Labels>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
