// Samples in chunks of equal size, which the series of a store share. A typed array costs a quarter of
// a kilobyte beside its elements, which is more than many a series holds in samples; so chunks are cut
// from slabs of 512, and a chunk is a number. Times are offsets from the chunk's own base. What is
// stale is a bit of its own: Prometheus marks it by a NaN of a certain bit pattern, which JavaScript
// does not preserve.
import type { SampleBuffer } from "./sample-buffer.ts";

/** As many as a word has bits for markers; at 12 bytes each that is 384 bytes. */
export const chunkSamples = 32;

const slabChunks = 512;

/** Offsets are of 32 bits: 49 days. */
const maxOffsetMs = 2 ** 32 - 1;

/** Of a chunk that was taken, by number. Indices within it are those of its samples, oldest first. */
export class SampleChunks {
  readonly #slabs: (Slab | undefined)[] = [];
  /** Indices of the slabs that have free chunks; the last is taken from first. */
  readonly #open: number[] = [];

  /** An empty chunk, for samples from the given time on. */
  take(baseMs: number): number {
    const slabIndex = this.#open.at(-1) ?? this.#addSlab();
    const slab = this.#slabs[slabIndex] as Slab;
    const within = slab.free.pop() as number;
    if (slab.free.length === 0) this.#open.pop();
    slab.baseMs[within] = baseMs;
    slab.lengths[within] = 0;
    slab.stale[within] = 0;
    return slabIndex * slabChunks + within;
  }

  /** A slab of which nothing is taken any more goes, unless it is the only one that has room. */
  release(chunk: number): void {
    const slabIndex = Math.floor(chunk / slabChunks);
    const { free } = this.#slabOf(chunk);
    if (free.length === 0) this.#open.push(slabIndex);
    free.push(chunk % slabChunks);
    if (free.length < slabChunks || this.#open.length === 1) return;
    this.#open.splice(this.#open.indexOf(slabIndex), 1);
    this.#slabs[slabIndex] = undefined;
  }

  /** Whether a sample of this time, which is later than all others, can be pushed. */
  hasRoom(chunk: number, timeMs: number): boolean {
    const slab = this.#slabOf(chunk);
    const within = chunk % slabChunks;
    return lengthIn(slab, within) < chunkSamples && timeMs - baseIn(slab, within) <= maxOffsetMs;
  }

  push(chunk: number, timeMs: number, value: number, stale: boolean): void {
    const slab = this.#slabOf(chunk);
    const within = chunk % slabChunks;
    const length = lengthIn(slab, within);
    slab.offsetsMs[within * chunkSamples + length] = timeMs - baseIn(slab, within);
    slab.values[within * chunkSamples + length] = value;
    if (stale) slab.stale[within] = (slab.stale[within] ?? 0) | (1 << length);
    slab.lengths[within] = length + 1;
  }

  /** Forgets all samples from this index on. */
  truncate(chunk: number, length: number): void {
    const slab = this.#slabOf(chunk);
    const within = chunk % slabChunks;
    slab.lengths[within] = length;
    slab.stale[within] = (slab.stale[within] ?? 0) & (2 ** length - 1);
  }

  length(chunk: number): number {
    return lengthIn(this.#slabOf(chunk), chunk % slabChunks);
  }

  baseMs(chunk: number): number {
    return baseIn(this.#slabOf(chunk), chunk % slabChunks);
  }

  timeMs(chunk: number, index: number): number {
    const slab = this.#slabOf(chunk);
    const within = chunk % slabChunks;
    return baseIn(slab, within) + (slab.offsetsMs[within * chunkSamples + index] ?? NaN);
  }

  value(chunk: number, index: number): number {
    return this.#slabOf(chunk).values[(chunk % slabChunks) * chunkSamples + index] ?? NaN;
  }

  isStale(chunk: number, index: number): boolean {
    return (((this.#slabOf(chunk).stale[chunk % slabChunks] ?? 0) >>> index) & 1) === 1;
  }

  /** How many of the samples are not later than `timeMs`. */
  countUntil(chunk: number, timeMs: number): number {
    const { offsetsMs, lengths, baseMs } = this.#slabOf(chunk);
    const within = chunk % slabChunks;
    const first = within * chunkSamples;
    const offsetMs = timeMs - (baseMs[within] ?? NaN);
    let low = 0;
    let high = lengths[within] ?? 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((offsetsMs[first + middle] ?? NaN) > offsetMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Copies the samples [from, to) to `into` at `at`; returns whether there are markers among them. */
  copy(chunk: number, from: number, to: number, into: SampleBuffer, at: number): boolean {
    const { offsetsMs, values, baseMs, stale } = this.#slabOf(chunk);
    const within = chunk % slabChunks;
    const first = within * chunkSamples;
    const base = baseMs[within] ?? NaN;
    for (let index = from; index < to; index++) {
      into.timesMs[at + index - from] = base + (offsetsMs[first + index] ?? NaN);
      into.values[at + index - from] = values[first + index] ?? NaN;
    }
    const markers = stale[within] ?? 0;
    if (markers === 0) into.stale.fill(0, at, at + to - from);
    else
      for (let index = from; index < to; index++)
        into.stale[at + index - from] = (markers >>> index) & 1;
    return markers !== 0;
  }

  #slabOf(chunk: number): Slab {
    return this.#slabs[Math.floor(chunk / slabChunks)] as Slab;
  }

  #addSlab(): number {
    const gap = this.#slabs.indexOf(undefined);
    const index = gap < 0 ? this.#slabs.length : gap;
    this.#slabs[index] = {
      offsetsMs: new Uint32Array(slabChunks * chunkSamples),
      values: new Float64Array(slabChunks * chunkSamples),
      baseMs: new Float64Array(slabChunks),
      lengths: new Uint8Array(slabChunks),
      stale: new Uint32Array(slabChunks),
      free: Array.from({ length: slabChunks }, (_, within) => slabChunks - 1 - within),
    };
    this.#open.push(index);
    return index;
  }
}

/** The columns of 512 chunks: by sample, and by chunk. */
type Slab = {
  readonly offsetsMs: Uint32Array;
  readonly values: Float64Array;
  readonly baseMs: Float64Array;
  readonly lengths: Uint8Array;
  /** A bit for each sample that is a marker. */
  readonly stale: Uint32Array;
  /** Chunks that are not taken. */
  readonly free: number[];
};

const lengthIn = (slab: Slab, within: number): number => slab.lengths[within] ?? 0;
const baseIn = (slab: Slab, within: number): number => slab.baseMs[within] ?? NaN;
