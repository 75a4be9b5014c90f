// The samples of one series: compact columns in a ring, in order of time. What is stale is a flag of
// its own; Prometheus marks it by a NaN of a certain bit pattern, which JavaScript does not preserve.
import type { Labels } from "./labels.ts";

export type Sample = { readonly timeMs: number; readonly value: number };

/** Times and values of equal length, oldest first. */
export type SampleWindow = { readonly timesMs: Float64Array; readonly values: Float64Array };

/** A window with its markers of staleness: where `stale` is 1, the series ended and the value is NaN. */
export type SampleRun = SampleWindow & { readonly stale: Uint8Array };

export type SeriesAppend = "appended" | "duplicate" | "conflict" | "out-of-order";

const initialCapacity = 16;

export class Series {
  readonly labels: Labels;
  /** The labels' canonical key. */
  readonly key: string;
  /** The store has dropped it: who writes to it has to resolve its labels again. */
  isGone = false;
  #timesMs = new Float64Array(initialCapacity);
  #values = new Float64Array(initialCapacity);
  #stale = new Uint8Array(initialCapacity);
  #start = 0;
  #count = 0;

  constructor(labels: Labels, key: string) {
    this.labels = labels;
    this.key = key;
  }

  get sampleCount(): number {
    return this.#count;
  }

  /** The time of the newest sample or marker, or -Infinity when there is none. */
  get newestMs(): number {
    return this.#count === 0 ? -Infinity : this.#timeAt(this.#count - 1);
  }

  get oldestMs(): number {
    return this.#count === 0 ? Infinity : this.#timeAt(0);
  }

  get isStale(): boolean {
    return this.#count > 0 && this.#staleAt(this.#count - 1);
  }

  /**
   * As Prometheus does without an out-of-order window: a sample that repeats the newest is dropped
   * without harm, another value for the same time is a conflict, and an older time is out of order.
   */
  append(timeMs: number, value: number, stale: boolean): SeriesAppend {
    const newestMs = this.newestMs;
    if (timeMs < newestMs) return "out-of-order";
    if (timeMs === newestMs) {
      const last = this.#slot(this.#count - 1);
      const same = stale === this.isStale && (stale || Object.is(this.#values[last], value));
      return same ? "duplicate" : "conflict";
    }
    if (this.#count === this.#timesMs.length) this.#resize(this.#count * 2);
    const slot = this.#slot(this.#count);
    this.#timesMs[slot] = timeMs;
    this.#values[slot] = value;
    this.#stale[slot] = stale ? 1 : 0;
    this.#count++;
    return "appended";
  }

  /** Drops what is older; returns how many samples that were. */
  dropBefore(timeMs: number): number {
    const dropped = this.#firstAfter(timeMs, true);
    this.#start = this.#slot(dropped);
    this.#count -= dropped;
    if (this.#count < this.#timesMs.length / 4 && this.#timesMs.length > initialCapacity)
      this.#resize(Math.max(initialCapacity, this.#timesMs.length / 2));
    return dropped;
  }

  /** Drops what is not older; returns how many samples that were. */
  dropFrom(timeMs: number): number {
    const kept = this.#firstAfter(timeMs, true);
    const dropped = this.#count - kept;
    this.#count = kept;
    return dropped;
  }

  /**
   * The newest sample in (atMs - lookbackMs, atMs]; undefined if there is none, or if the series is
   * marked stale by then.
   */
  at(atMs: number, lookbackMs: number): Sample | undefined {
    const index = this.#firstAfter(atMs, false) - 1;
    if (index < 0 || this.#staleAt(index)) return undefined;
    const timeMs = this.#timeAt(index);
    if (timeMs <= atMs - lookbackMs) return undefined;
    return { timeMs, value: this.#values[this.#slot(index)] ?? NaN };
  }

  /** The samples and markers in (afterMs, untilMs]. */
  run(afterMs: number, untilMs: number): SampleRun {
    const first = this.#firstAfter(afterMs, false);
    const length = Math.max(0, this.#firstAfter(untilMs, false) - first);
    const timesMs = new Float64Array(length);
    const values = new Float64Array(length);
    const stale = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      timesMs[index] = this.#timeAt(first + index);
      values[index] = this.#values[this.#slot(first + index)] ?? NaN;
      stale[index] = this.#staleAt(first + index) ? 1 : 0;
    }
    return { timesMs, values, stale };
  }

  /** The samples in (afterMs, untilMs], without the markers of staleness. */
  window(afterMs: number, untilMs: number): SampleWindow {
    const first = this.#firstAfter(afterMs, false);
    const last = this.#firstAfter(untilMs, false);
    const timesMs = new Float64Array(Math.max(0, last - first));
    const values = new Float64Array(timesMs.length);
    let length = 0;
    for (let index = first; index < last; index++) {
      if (this.#staleAt(index)) continue;
      timesMs[length] = this.#timeAt(index);
      values[length] = this.#values[this.#slot(index)] ?? NaN;
      length++;
    }
    if (length === timesMs.length) return { timesMs, values };
    return { timesMs: timesMs.subarray(0, length), values: values.subarray(0, length) };
  }

  /** Index of the first sample later than `timeMs`, or not earlier if `inclusive`. */
  #firstAfter(timeMs: number, inclusive: boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timeAt(middle);
      if (inclusive ? other >= timeMs : other > timeMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // Capacities are powers of two, so the ring wraps by a mask.
  #slot(index: number): number {
    return (this.#start + index) & (this.#timesMs.length - 1);
  }

  #timeAt(index: number): number {
    return this.#timesMs[this.#slot(index)] ?? NaN;
  }

  #staleAt(index: number): boolean {
    return this.#stale[this.#slot(index)] === 1;
  }

  #resize(capacity: number): void {
    const timesMs = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    const stale = new Uint8Array(capacity);
    for (let index = 0; index < this.#count; index++) {
      const slot = this.#slot(index);
      timesMs[index] = this.#timesMs[slot] ?? NaN;
      values[index] = this.#values[slot] ?? NaN;
      stale[index] = this.#stale[slot] ?? 0;
    }
    this.#timesMs = timesMs;
    this.#values = values;
    this.#stale = stale;
    this.#start = 0;
  }
}
