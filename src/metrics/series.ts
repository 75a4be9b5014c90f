// One series: its labels, and its samples and markers of staleness in order of time.
import assert from "node:assert/strict";
import type { Labels } from "./labels.ts";
import type { LimitGroup } from "./limit-group.ts";
import { SampleBuffer } from "./sample-buffer.ts";
import { chunkSamples, type SampleChunks } from "./sample-chunks.ts";

export type Sample = { readonly timeMs: number; readonly value: number };

/** Times and values of equal length, oldest first. */
export type SampleWindow = { readonly timesMs: Float64Array; readonly values: Float64Array };

/** A window with its markers of staleness: where `stale` is 1, the series ended and the value is NaN. */
export type SampleRun = SampleWindow & { readonly stale: Uint8Array };

export type SeriesAppend = "appended" | "duplicate" | "conflict" | "out-of-order";

/** Where a series stands in its store. */
export type SeriesPlace = {
  /** Ascends in the order in which the store first saw its series. */
  readonly ordinal: number;
  readonly group: LimitGroup;
  readonly room: SampleChunks;
};

export class Series {
  readonly labels: Labels;
  /** The labels' canonical key. */
  readonly key: string;
  readonly ordinal: number;
  readonly group: LimitGroup;
  /** The store has dropped it: who writes to it has to resolve its labels again. */
  isGone = false;
  /** It had no sample when the store last looked at it. */
  wasEmpty = false;
  readonly #room: SampleChunks;
  readonly #chunks: number[] = [];
  /** How many samples of the first chunk are dropped already. */
  #skipped = 0;
  #count = 0;
  #newestMs = -Infinity;

  constructor(labels: Labels, key: string, place: SeriesPlace) {
    this.labels = labels;
    this.key = key;
    this.ordinal = place.ordinal;
    this.group = place.group;
    this.#room = place.room;
  }

  get sampleCount(): number {
    return this.#count;
  }

  /** The time of the newest sample or marker, or -Infinity when there is none. */
  get newestMs(): number {
    return this.#newestMs;
  }

  get oldestMs(): number {
    const [first] = this.#chunks;
    return first === undefined ? Infinity : this.#room.timeMs(first, this.#skipped);
  }

  get isStale(): boolean {
    const last = this.#chunks.at(-1);
    return last !== undefined && this.#room.isStale(last, this.#room.length(last) - 1);
  }

  /**
   * What append would answer. As in Prometheus without an out-of-order window: a sample that repeats
   * the newest is dropped without harm, another value for the same time is a conflict, and an older
   * time is out of order.
   */
  check(timeMs: number, value: number, stale = false): SeriesAppend {
    if (timeMs > this.#newestMs) return "appended";
    if (timeMs < this.#newestMs) return "out-of-order";
    const last = this.#chunks.at(-1) ?? 0;
    const index = this.#room.length(last) - 1;
    if (stale !== this.#room.isStale(last, index)) return "conflict";
    return stale || Object.is(this.#room.value(last, index), value) ? "duplicate" : "conflict";
  }

  /** Times are whole milliseconds; the value of a marker does not matter. */
  append(timeMs: number, value: number, stale: boolean): SeriesAppend {
    assert.ok(Number.isSafeInteger(timeMs), "times are whole milliseconds");
    const outcome = this.check(timeMs, value, stale);
    if (outcome !== "appended") return outcome;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || !this.#room.hasRoom(chunk, timeMs)) {
      chunk = this.#room.take(timeMs);
      this.#chunks.push(chunk);
    }
    this.#room.push(chunk, timeMs, stale ? NaN : value, stale);
    this.#count++;
    this.#newestMs = timeMs;
    return "appended";
  }

  /** Drops what is older; returns how many samples that were. */
  dropBefore(timeMs: number): number {
    const before = this.#count;
    let gone = 0;
    for (const chunk of this.#chunks) {
      const older = Math.max(this.#skipped, this.#room.countUntil(chunk, Math.ceil(timeMs) - 1));
      this.#count -= older - this.#skipped;
      const isOver = older === this.#room.length(chunk);
      this.#skipped = isOver ? 0 : older;
      if (!isOver) break;
      this.#room.release(chunk);
      gone++;
    }
    if (gone > 0) this.#chunks.splice(0, gone);
    if (this.#count === 0) this.#newestMs = -Infinity;
    return before - this.#count;
  }

  /** Drops what is not older; returns how many samples that were. */
  dropFrom(timeMs: number): number {
    const before = this.#count;
    while (this.#newestMs >= timeMs) {
      const chunk = this.#chunks.at(-1) ?? 0;
      const skipped = this.#chunks.length === 1 ? this.#skipped : 0;
      const kept = Math.max(skipped, this.#room.countUntil(chunk, Math.ceil(timeMs) - 1));
      this.#count -= this.#room.length(chunk) - kept;
      if (kept > skipped) this.#room.truncate(chunk, kept);
      else {
        this.#chunks.pop();
        this.#room.release(chunk);
      }
      const last = this.#chunks.at(-1);
      this.#newestMs =
        last === undefined ? -Infinity : this.#room.timeMs(last, this.#room.length(last) - 1);
    }
    if (this.#count === 0) this.#skipped = 0;
    return before - this.#count;
  }

  /**
   * The newest sample in (atMs - lookbackMs, atMs]; undefined if there is none, or if the series is
   * marked stale by then.
   */
  at(atMs: number, lookbackMs: number): Sample | undefined {
    const place = (atMs >= this.#newestMs ? this.#end() : this.#endUntil(atMs)) - 1;
    if (place < this.#skipped) return undefined;
    const chunk = this.#chunks[Math.floor(place / chunkSamples)] ?? 0;
    const index = place % chunkSamples;
    const timeMs = this.#room.timeMs(chunk, index);
    if (timeMs <= atMs - lookbackMs || this.#room.isStale(chunk, index)) return undefined;
    return { timeMs, value: this.#room.value(chunk, index) };
  }

  /** The samples and markers in (afterMs, untilMs]. */
  run(afterMs: number, untilMs: number): SampleRun {
    const { timesMs, values, stale } = this.#columns(afterMs, untilMs, true);
    return { timesMs, values, stale };
  }

  /** The samples in (afterMs, untilMs], without the markers of staleness. */
  window(afterMs: number, untilMs: number): SampleWindow {
    const { timesMs, values } = this.#columns(afterMs, untilMs, false);
    return { timesMs, values };
  }

  /** As run, into columns of the caller's; returns how many there are. */
  readRun(afterMs: number, untilMs: number, into: SampleBuffer): number {
    return this.#read(afterMs, untilMs, into, true);
  }

  /** As window, into columns of the caller's; returns how many there are. */
  readWindow(afterMs: number, untilMs: number, into: SampleBuffer): number {
    return this.#read(afterMs, untilMs, into, false);
  }

  #columns(afterMs: number, untilMs: number, markers: boolean): SampleRun {
    const buffer = new SampleBuffer(0);
    const count = this.#read(afterMs, untilMs, buffer, markers);
    const { timesMs, values, stale } = buffer;
    if (count === timesMs.length) return { timesMs, values, stale };
    return {
      timesMs: timesMs.subarray(0, count),
      values: values.subarray(0, count),
      stale: stale.subarray(0, count),
    };
  }

  #read(afterMs: number, untilMs: number, into: SampleBuffer, markers: boolean): number {
    const from = Math.max(this.#skipped, this.#endUntil(afterMs));
    const end = untilMs >= this.#newestMs ? this.#end() : this.#endUntil(untilMs);
    if (from >= end) return 0;
    into.reserve(end - from);
    let count = 0;
    let marked = false;
    const lastChunk = Math.floor((end - 1) / chunkSamples);
    for (let at = Math.floor(from / chunkSamples); at <= lastChunk; at++) {
      const chunk = this.#chunks[at] ?? 0;
      const start = Math.max(0, from - at * chunkSamples);
      const stop = Math.min(this.#room.length(chunk), end - at * chunkSamples);
      if (start >= stop) continue;
      marked = this.#room.copy(chunk, start, stop, into, count) || marked;
      count += stop - start;
    }
    return marked && !markers ? withoutMarkers(into, count) : count;
  }

  // A place is `chunkSamples` times the number of a chunk in the list, and the index within it. A
  // chunk may end before it is full, so not every place is taken; the one before an end always is.

  /** The place after the newest sample that is not later than `timeMs`; 0 if there is none. */
  #endUntil(timeMs: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#room.baseMs(this.#chunks[middle] ?? 0) > timeMs) high = middle;
      else low = middle + 1;
    }
    if (low === 0) return 0;
    return (low - 1) * chunkSamples + this.#room.countUntil(this.#chunks[low - 1] ?? 0, timeMs);
  }

  #end(): number {
    const last = this.#chunks.length - 1;
    return last < 0 ? 0 : last * chunkSamples + this.#room.length(this.#chunks[last] ?? 0);
  }
}

/** Moves the samples together over the markers between them. */
function withoutMarkers({ timesMs, values, stale }: SampleBuffer, count: number): number {
  let kept = 0;
  for (let index = 0; index < count; index++) {
    if (stale[index] === 1) continue;
    timesMs[kept] = timesMs[index] ?? NaN;
    values[kept] = values[index] ?? NaN;
    kept++;
  }
  stale.fill(0, 0, kept);
  return kept;
}
