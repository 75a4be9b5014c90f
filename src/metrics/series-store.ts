// The series of a cluster, in memory, for as long as a window of time. It is bounded: past its limits
// it refuses new series and lets go of the oldest samples, and counts both, by the service whose they
// are. It keeps nothing on disk, takes no sample out of order, and never asks for the time: it knows
// the newest sample's.
import { LabelIndex } from "./label-index.ts";
import { labelsKey, type Labels } from "./labels.ts";
import { limitGroupOf, type LimitGroup } from "./limit-group.ts";
import { matchesAll, type CompiledMatcher } from "./matcher.ts";
import { SampleChunks } from "./sample-chunks.ts";
import { Series, type SeriesAppend } from "./series.ts";
import { copyOf } from "./string-copy.ts";

export type StoreLimits = {
  /** Samples older than the newest one by more than this are dropped. */
  readonly windowMs: number;
  /**
   * Of all services together; one of them gets no more than the others leave free. A series whose labels
   * are longer than usual counts as several.
   */
  readonly maxSeries: number;
  /** When there are as many, the window of the service that has most shrinks: the newest matter most. */
  readonly maxSamples: number;
};

// A series takes about a kilobyte beside its samples and a sample 12 bytes, so that some 600 MB are the
// worst. 200 replicas of vLLM at 432 series each fit into the half that one service may take.
const defaultLimits: StoreLimits = {
  windowMs: 30 * 60_000,
  maxSeries: 300_000,
  maxSamples: 20_000_000,
};

/**
 * How far ahead of the clock a sample may be that brings its own time: as much as Prometheus allows. The
 * store cannot judge it, having no clock, and one sample of a distant year would make all others too
 * old; so it is for those who write to refuse what is later.
 */
export const maxAheadMs = 10 * 60_000;

/**
 * A series counts once more for each so many characters of its labels, of which a series of vLLM has 300:
 * else a few labels of megabytes would be what fills the memory.
 */
const charactersPerPlace = 1000;

/** Of a label's value, in characters. */
const usualLength = 30;

/** How many series are looked at in one go, which takes some milliseconds. */
const maxSweep = 10_000;

/** More services than this share one group. */
const maxGroups = 1000;
const otherGroups = "(others)";

export type Refusal = "conflict" | "out-of-order" | "too-old" | "series-limit" | "sample-limit";

/**
 * "gone" asks the writer to resolve the series again. All others but "appended" and "duplicate" are
 * refusals, and are counted as such.
 */
export type AppendOutcome = SeriesAppend | Refusal | "gone";

export type StoreCounts = {
  readonly series: number;
  readonly samples: number;
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
  /** Samples dropped before their window was over, for want of room. */
  readonly evicted: number;
};

export class SeriesStore {
  readonly #limits: StoreLimits;
  readonly #series = new Map<string, Series>();
  readonly #index = new LabelIndex<Series>();
  readonly #chunks = new SampleChunks();
  readonly #groups = new Map<string, LimitGroup>();
  /** As many series of usual length as those that are held would be. */
  #places = 0;
  readonly #refused = new Map<Refusal, number>();
  #nextOrdinal = 0;
  #sampleCount = 0;
  #evicted = 0;
  #newestMs = -Infinity;
  /** The series that are still to be looked at in this pass, and how many by now. */
  #sweeper = this.#series.values();
  #sweepDue = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** `labels` include the name; a label with an empty value counts as absent. */
  append(labels: Labels, timeMs: number, value: number): AppendOutcome {
    this.#advance(timeMs);
    if (this.#isTooOld(timeMs)) return this.#refuse("too-old", this.#group(limitGroupOf(labels)));
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
   * out its key again. Refused (and counted) where its group has no room for one more, which is when it
   * has as many as are left for all: so one group alone gets half of the store, and however many take
   * all they can, as much as each of them has is left for others.
   *
   * `groupName` says whose share of the store it takes; by default limitGroupOf tells.
   */
  resolve(labels: Labels, groupName?: string): Series | "series-limit" {
    const key = labelsKey(labels);
    const known = this.#series.get(key);
    if (known) return known;
    const group = this.#group(groupName ?? limitGroupOf(labels));
    if (group.places + placesOf(key) > this.#limits.maxSeries - this.#places)
      return this.#refuse("series-limit", group);
    return this.#addSeries(labels, key, group);
  }

  appendTo(series: Series, timeMs: number, value: number): AppendOutcome {
    return series.isGone ? "gone" : this.#append(series, timeMs, value, false);
  }

  /** As appendStale; a series that has gone needs no marker. */
  appendStaleTo(series: Series, timeMs: number): AppendOutcome {
    if (series.isGone || series.isStale) return "duplicate";
    return this.#append(series, timeMs, NaN, true);
  }

  /**
   * Drops all samples from `timeMs` on. When the clock is set back, what was measured then would
   * otherwise be read again as that time comes once more, in place of what is measured now.
   */
  dropFrom(timeMs: number): void {
    const ended: Series[] = [];
    for (const series of this.#series.values())
      if (this.#forget(series, series.dropFrom(timeMs))) ended.push(series);
    this.#remove(ended);
    this.#newestMs = Math.min(this.#newestMs, timeMs);
  }

  /** What is older than the newest sample by more than this is refused as too old. */
  get windowMs(): number {
    return this.#limits.windowMs;
  }

  /** The time of the newest sample ever appended; -Infinity before the first. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /**
   * The series that match and have a sample or a marker in (afterMs, untilMs], oldest series first.
   * A pattern can be slow, and there may be many values to try it on: `onTried` is told as it goes how
   * many steps that may have taken, and may throw to end it.
   */
  select(
    matchers: readonly CompiledMatcher[],
    afterMs: number,
    untilMs: number,
    onTried: (steps: number) => void = () => {},
  ): readonly Series[] {
    const narrowed = this.#index.narrow(matchers, onTried);
    const untried = narrowed?.matchers ?? matchers;
    const selected: Series[] = [];
    const steps = untried.reduce((sum, each) => sum + each.stepsPerCharacter * usualLength, 1);
    for (const series of narrowed?.members ?? this.#series.values()) {
      if (series.isGone || series.newestMs <= afterMs || series.oldestMs > untilMs) continue;
      onTried(steps);
      if (matchesAll(untried, series.labels)) selected.push(series);
    }
    return selected;
  }

  labelNames(): readonly string[] {
    return [...this.#index.names()].toSorted();
  }

  labelValues(name: string): readonly string[] {
    return [...this.#index.values(name)].toSorted();
  }

  counts(): StoreCounts {
    return {
      series: this.#series.size,
      samples: this.#sampleCount,
      refused: Object.fromEntries(this.#refused),
      evicted: this.#evicted,
    };
  }

  /** The same for each service that has series, or had some and was refused others. */
  groupCounts(): readonly (StoreCounts & { readonly group: string })[] {
    return [...this.#groups.values()].map(
      ({ name, seriesCount, sampleCount, refused, evicted }) => ({
        group: name,
        series: seriesCount,
        samples: sampleCount,
        refused: Object.fromEntries(refused),
        evicted,
      }),
    );
  }

  #append(series: Series, timeMs: number, value: number, stale: boolean): AppendOutcome {
    this.#advance(timeMs, series);
    if (this.#isTooOld(timeMs)) return this.#refuse("too-old", series.group);
    if (this.#sampleCount >= this.#limits.maxSamples) {
      this.#evict(series);
      if (this.#sampleCount >= this.#limits.maxSamples)
        return this.#refuse("sample-limit", series.group);
    }
    const outcome = series.append(timeMs, value, stale);
    if (outcome === "appended") {
      this.#sampleCount++;
      series.group.sampleCount++;
    } else if (outcome !== "duplicate") return this.#refuse(outcome, series.group);
    return outcome;
  }

  #isTooOld(timeMs: number): boolean {
    return timeMs < this.#newestMs - this.#limits.windowMs;
  }

  #refuse<R extends Refusal>(reason: R, { refused }: LimitGroup): R {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
    return reason;
  }

  #group(name: string): LimitGroup {
    const known = this.#groups.get(name);
    if (known) return known;
    if (this.#groups.size >= maxGroups) {
      for (const group of this.#groups.values())
        if (group.seriesCount === 0) this.#groups.delete(group.name);
      if (this.#groups.size >= maxGroups && name !== otherGroups) return this.#group(otherGroups);
    }
    const group: LimitGroup = {
      name: copyOf(name),
      seriesCount: 0,
      places: 0,
      sampleCount: 0,
      refused: new Map(),
      evicted: 0,
    };
    this.#groups.set(group.name, group);
    return group;
  }

  #addSeries(labels: Labels, key: string, group: LimitGroup): Series {
    const place = { ordinal: this.#nextOrdinal++, group, room: this.#chunks };
    const series = new Series(this.#index.intern(labels), copyOf(key), place);
    this.#series.set(series.key, series);
    this.#index.add(series);
    group.seriesCount++;
    group.places += placesOf(key);
    this.#places += placesOf(key);
    return series;
  }

  #remove(ended: readonly Series[]): void {
    for (const series of ended) {
      series.isGone = true;
      series.group.seriesCount--;
      series.group.places -= placesOf(series.key);
      this.#places -= placesOf(series.key);
      this.#series.delete(series.key);
      this.#index.remove(series);
    }
  }

  /** The window slides on; what is about to be written to stays, even if it is empty by then. */
  #advance(timeMs: number, written?: Series): void {
    const passedMs = timeMs - this.#newestMs;
    if (passedMs <= 0) return;
    this.#newestMs = timeMs;
    if (passedMs < Infinity) this.#sweep(passedMs, written);
  }

  /**
   * Drops what is older than the window. Each series is looked at a few times per window, a few series
   * at a time: a pass over all of them at once would hold up whoever waits for a round.
   */
  #sweep(passedMs: number, written: Series | undefined): void {
    const due = this.#sweepDue + (this.#series.size * passedMs * 16) / this.#limits.windowMs;
    this.#sweepDue = Math.min(due, this.#series.size, maxSweep);
    const beforeMs = this.#newestMs - this.#limits.windowMs;
    const ended: Series[] = [];
    for (; this.#sweepDue >= 1; this.#sweepDue--) {
      let next = this.#sweeper.next();
      if (next.done) next = (this.#sweeper = this.#series.values()).next();
      if (next.done) break;
      const series = next.value;
      // A series that was resolved a moment ago is empty, and about to be written to.
      const isEmpty = series.sampleCount === 0;
      const isOver = isEmpty ? series.wasEmpty : this.#forget(series, series.dropBefore(beforeMs));
      series.wasEmpty = isEmpty;
      if (isOver && series !== written) ended.push(series);
    }
    this.#remove(ended);
  }

  /**
   * Of the group that has most, an eighth of the time that it covers, so that room is not made for each
   * sample anew.
   */
  #evict(written: Series): void {
    let largest = written.group;
    for (const group of this.#groups.values())
      if (group.sampleCount > largest.sampleCount) largest = group;
    const members = [...this.#series.values()].filter(({ group }) => group === largest);
    let oldestMs = Infinity;
    let newestMs = -Infinity;
    for (const series of members) {
      oldestMs = Math.min(oldestMs, series.oldestMs);
      newestMs = Math.max(newestMs, series.newestMs);
    }
    const beforeMs = oldestMs + (newestMs - oldestMs) / 8;
    const before = this.#sampleCount;
    const isOver = (series: Series): boolean => this.#forget(series, series.dropBefore(beforeMs));
    this.#remove(members.filter((series) => isOver(series) && series !== written));
    this.#evicted += before - this.#sampleCount;
    largest.evicted += before - this.#sampleCount;
  }

  /** Takes dropped samples off the counts; returns whether they were the last of the series. */
  #forget({ group, sampleCount }: Series, dropped: number): boolean {
    this.#sampleCount -= dropped;
    group.sampleCount -= dropped;
    return dropped > 0 && sampleCount === 0;
  }
}

function placesOf(key: string): number {
  return 1 + Math.floor(key.length / charactersPerPlace);
}
