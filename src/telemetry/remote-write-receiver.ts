// What other Prometheus servers and agents push: remote write 1.0 into the series store. As in
// Prometheus a body is taken whole or not at all, with one exception that is ours: where the store has
// no room for a service's new series, the rest of the body is stored all the same, or else one service
// would cost all others of its sender their samples.
import type { Clock } from "../lib/clock.ts";
import { formatLabels, type Labels } from "../metrics/labels.ts";
import type { Series } from "../metrics/series.ts";
import { maxAheadMs, type SeriesStore } from "../metrics/series-store.ts";
import {
  readLabels,
  readWriteRequest,
  RemoteWriteError,
  type WriteRequest,
} from "./remote-write.ts";
import { uncompressSnappy } from "./snappy.ts";

/**
 * Of a body when it is uncompressed. A Prometheus sends 2,000 samples at once, which is about 1 MB, and
 * who configures ten times as many is still served.
 */
const maxMessageBytes = 16 * 1024 * 1024;

export type WriteOutcome = {
  /** Samples that are in the store now; one that was there already counts too. */
  readonly stored: number;
  /** Samples for which there was no room. */
  readonly refused: number;
};

export type RemoteWriteCounts = {
  readonly requests: number;
  readonly rejectedRequests: number;
  readonly storedSamples: number;
  readonly refusedSamples: number;
  /** Series that are recognised by their bytes: those of the store, and for a while the ones before. */
  readonly knownSeries: number;
};

export class RemoteWriteReceiver {
  readonly #store: SeriesStore;
  readonly #clock: Clock;
  /** By the bytes of their labels. */
  #pushed = new Map<string, PushedSeries>();
  /** What these take, in characters, and at what they are looked through. */
  #held = 0;
  #sweepAt = minSweep;
  /** Senders repeat their series in the same order, so each knows which came after it. */
  #last: PushedSeries | undefined;
  #requests = 0;
  #rejectedRequests = 0;
  #storedSamples = 0;
  #refusedSamples = 0;

  constructor(options: { readonly store: SeriesStore; readonly clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** `body` is a snappy block. Throws SnappyError or RemoteWriteError; then nothing is stored. */
  receive(body: Uint8Array): WriteOutcome {
    this.#requests++;
    try {
      const request = readWriteRequest(uncompressSnappy(body, maxMessageBytes));
      this.#sweep();
      const pushed = request.series.map(({ labelBytes }) => this.#recognise(labelBytes));
      this.#check(request, pushed);
      return this.#write(request, pushed);
    } catch (error) {
      this.#rejectedRequests++;
      throw error;
    }
  }

  counts(): RemoteWriteCounts {
    return {
      requests: this.#requests,
      rejectedRequests: this.#rejectedRequests,
      storedSamples: this.#storedSamples,
      refusedSamples: this.#refusedSamples,
      knownSeries: this.#pushed.size,
    };
  }

  #recognise(labelBytes: string): PushedSeries {
    const expected = this.#last?.next;
    let found = expected?.labelBytes === labelBytes ? expected : this.#pushed.get(labelBytes);
    if (!found) {
      found = { labelBytes, labels: readLabels(labelBytes), request: 0, newestMs: 0 };
      this.#pushed.set(labelBytes, found);
      this.#held += sizeOf(found);
    }
    if (this.#last) this.#last.next = found;
    this.#last = found;
    return found;
  }

  /** Whether the store would take all samples; throws RemoteWriteError if not, in Prometheus' words. */
  #check(request: WriteRequest, pushed: readonly PushedSeries[]): void {
    const { timesMs, values, stale } = request;
    const latestMs = this.#clock.nowMs() + maxAheadMs;
    let newestMs = this.#store.newestMs;
    for (const timeMs of timesMs) if (timeMs > newestMs && timeMs <= latestMs) newestMs = timeMs;
    const earliestMs = newestMs - this.#store.windowMs;
    for (const [index, written] of request.series.entries()) {
      const series = pushed[index];
      if (!series) continue;
      if (series.request !== this.#requests) {
        series.request = this.#requests;
        series.newestMs = -Infinity;
      }
      const known = series.series?.isGone === false ? series.series : undefined;
      for (let sample = written.first; sample < written.end; sample++) {
        const timeMs = timesMs[sample] ?? NaN;
        if (!Number.isSafeInteger(timeMs) || timeMs > latestMs)
          refuse("out of bounds", series.labels, timeMs);
        if (timeMs < earliestMs) refuse("too old sample", series.labels, timeMs);
        if (timeMs < series.newestMs) refuse("out of order sample", series.labels, timeMs);
        const outcome = known?.check(timeMs, values[sample] ?? NaN, stale.has(sample));
        if (outcome === "out-of-order") refuse("out of order sample", series.labels, timeMs);
        if (outcome === "conflict" || timeMs === series.newestMs)
          refuse("duplicate sample for timestamp", series.labels, timeMs);
        series.newestMs = timeMs;
      }
    }
  }

  #write(
    { series, timesMs, values, stale }: WriteRequest,
    pushed: readonly PushedSeries[],
  ): WriteOutcome {
    let stored = 0;
    for (const [index, written] of series.entries()) {
      const into = this.#resolve(pushed[index]);
      if (!into) continue;
      for (let sample = written.first; sample < written.end; sample++) {
        const timeMs = timesMs[sample] ?? NaN;
        const outcome = stale.has(sample)
          ? this.#store.appendStaleTo(into, timeMs)
          : this.#store.appendTo(into, timeMs, values[sample] ?? NaN);
        if (outcome === "appended" || outcome === "duplicate") stored++;
      }
    }
    const refused = timesMs.length - stored;
    this.#storedSamples += stored;
    this.#refusedSamples += refused;
    return { stored, refused };
  }

  #resolve(pushed: PushedSeries | undefined): Series | undefined {
    if (!pushed) return undefined;
    if (pushed.series?.isGone !== false) {
      const resolved = this.#store.resolve(pushed.labels);
      if (resolved === "series-limit") return undefined;
      pushed.series = resolved;
      pushed.labels = resolved.labels;
    }
    return pushed.series;
  }

  /** Forgets what the store has dropped, before that outgrows the rest. */
  #sweep(): void {
    if (this.#held < this.#sweepAt) return;
    this.#last = undefined;
    for (const [labelBytes, pushed] of this.#pushed) {
      pushed.next = undefined;
      if (pushed.series?.isGone === false) continue;
      this.#pushed.delete(labelBytes);
      this.#held -= sizeOf(pushed);
    }
    this.#sweepAt = Math.max(minSweep, 2 * this.#held);
  }
}

/** By their size, since what the store refuses may have labels of megabytes. */
const sizeOf = ({ labelBytes }: { readonly labelBytes: string }): number => 500 + labelBytes.length;
const minSweep = 500_000;

/** A series as its sender spells it. */
type PushedSeries = {
  readonly labelBytes: string;
  labels: Labels;
  series?: Series;
  next?: PushedSeries | undefined;
  /** The last request that had it, and its newest sample there. */
  request: number;
  newestMs: number;
};

function refuse(reason: string, labels: Labels, timeMs: number): never {
  throw new RemoteWriteError(`${reason}: ${formatLabels(labels)} at ${timeMs} ms`);
}
