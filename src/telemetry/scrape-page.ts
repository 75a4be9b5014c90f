// One target's pages on their way into the store. What a series' text stands for is worked out when it
// is first seen, and known again after that: from one scrape to the next most lines differ in their
// values alone. Nothing of a page is written before all of it has been read.
import {
  scanExposition,
  type ExpositionFormat,
  type ExpositionVisitor,
  type MetadataField,
  type ScannedSample,
} from "../metrics/exposition-parser.ts";
import type { Labels } from "../metrics/labels.ts";
import { PageMemory } from "../metrics/page-memory.ts";
import type { Series } from "../metrics/series.ts";
import { maxAheadMs, type AppendOutcome, type SeriesStore } from "../metrics/series-store.ts";
import { copyOf } from "../metrics/string-copy.ts";
import { sampleLabels, type SampleRules } from "./sample-labels.ts";
import type { ScrapeJob } from "./scrape-job.ts";

export type PageOptions = {
  readonly store: SeriesStore;
  /** The target's. */
  readonly labels: Labels;
  /** Whose share of the store its series take. */
  readonly limitGroup: string;
  readonly rules: SampleRules & Pick<ScrapeJob, "honorTimestamps" | "trackTimestampsStaleness">;
  /** Told of each series with the labels that the store holds. */
  readonly onSeriesAdded: (labels: Labels) => void;
  readonly onSeriesEnded: (labels: Labels) => void;
};

/** A page that is whole, to be written. */
export type ReadPage = {
  readonly lines: readonly Line[];
  readonly values: readonly number[];
  /** By line, for those that have a time of their own which is honoured. */
  readonly timesMs: ReadonlyMap<number, number>;
  /** How many samples metric relabelling left, and how many of their series were not known. */
  readonly kept: number;
  readonly added: number;
};

export type PageOutcome =
  | { readonly kind: "read"; readonly page: ReadPage }
  | { readonly kind: "failed"; readonly error: string; readonly scanned: number };

/** Empty where the page says nothing; the type is "unknown" then. */
export type Metadata = Readonly<Record<MetadataField, string>>;

/** What one text of a series stands for. */
type Line = {
  readonly text: string;
  /** Undefined where metric relabelling drops it. */
  labels: Labels | undefined;
  /** Undefined until it is first written, and while the store has no room for it. */
  series: Series | undefined;
  refusedAtMs: number;
  isAnnounced: boolean;
  /** Whether its end is marked when it leaves the page. */
  endsWithPage: boolean;
  /** The number of the last scrape that had it. */
  seenIn: number;
};

/** A store without room is not asked again at once: each question costs the making of a key. */
const retryRefusedMs = 10_000;

/** More than any program has; a page that invents names must not fill the memory. */
const maxMetadata = 10_000;

export class TargetPages {
  readonly #options: PageOptions;
  readonly #memory = new PageMemory();
  /** Those of the last good page, in its order: the next one most likely has the same. */
  #lines: readonly Line[] = [];
  readonly #metadata = new Map<string, Record<MetadataField, string>>();
  #scrape = 0;

  constructor(options: PageOptions) {
    this.#options = options;
  }

  /** What the pages said of their metrics, by name. */
  get metadata(): ReadonlyMap<string, Metadata> {
    return this.#metadata;
  }

  /** Reads a page without writing any of it. */
  read(bytes: Uint8Array, format: ExpositionFormat): PageOutcome {
    const { honorTimestamps, limits } = this.#options.rules;
    const find = this.#finder();
    const lines: Line[] = [];
    const values: number[] = [];
    const timesMs = new Map<number, number>();
    let kept = 0;
    let added = 0;
    const visitor: ExpositionVisitor = {
      sample: (sample) => {
        const line = find(sample);
        if (honorTimestamps && sample.timeMs !== undefined)
          timesMs.set(lines.length, sample.timeMs);
        lines.push(line);
        values.push(sample.value);
        if (!line.labels) return;
        kept++;
        if (!line.series && line.seenIn === 0) added++;
      },
      metadata: (name, field, said) => this.#note(name, field, said),
    };
    const fault = scanExposition(bytes, format, visitor, this.#memory);
    const scanned = lines.length;
    if (fault) return { kind: "failed", error: `line ${fault.line}: ${fault.message}`, scanned };
    if (limits.samples > 0 && kept > limits.samples)
      return { kind: "failed", error: "sample limit exceeded", scanned };
    return { kind: "read", page: { lines, values, timesMs, kept, added } };
  }

  /**
   * Writes a page's samples, at `atMs` where they have no time of their own, and ends the series that
   * are no longer there. Returns how many samples were refused, by reason.
   */
  write({ lines, values, timesMs }: ReadPage, atMs: number, nowMs: number): RefusedSamples {
    const { store, rules, onSeriesAdded, onSeriesEnded } = this.#options;
    const scrape = ++this.#scrape;
    const refused = new Map<SampleRefusal, number>();
    const refuse = (reason: SampleRefusal): void =>
      void refused.set(reason, (refused.get(reason) ?? 0) + 1);
    for (const [index, line] of lines.entries()) {
      line.seenIn = scrape;
      if (!line.labels) continue;
      const ownMs = timesMs.get(index);
      if (ownMs !== undefined && ownMs > nowMs + maxAheadMs) {
        refuse("too-far-ahead");
        continue;
      }
      const series = this.#seriesOf(line, nowMs);
      if (!series) {
        refuse("series-limit");
        continue;
      }
      const stored = store.appendTo(series, ownMs ?? atMs, values[index] ?? NaN);
      if (stored !== "appended" && stored !== "duplicate") {
        refuse(stored);
        continue;
      }
      line.endsWithPage = ownMs === undefined || rules.trackTimestampsStaleness;
      if (line.isAnnounced) continue;
      line.isAnnounced = true;
      onSeriesAdded(series.labels);
    }
    for (const line of this.#lines) {
      if (line.seenIn === scrape || !line.series) continue;
      this.#markEnd(line, atMs);
      if (line.isAnnounced) onSeriesEnded(line.series.labels);
    }
    this.#lines = lines;
    return refused;
  }

  /** Marks all series as ended, those of a scrape that failed; they are known again when they return. */
  fail(atMs: number): void {
    for (const line of this.#lines) this.#markEnd(line, atMs);
  }

  /** Ends all series for good. */
  end(atMs: number): void {
    this.fail(atMs);
    for (const { series, isAnnounced } of this.#lines)
      if (series && isAnnounced) this.#options.onSeriesEnded(series.labels);
    this.#lines = [];
  }

  /** Finds what a line's text stands for: most often it is what came next on the last page too. */
  #finder(): (sample: ScannedSample) => Line {
    const known = this.#lines;
    const fresh = new Map<string, Line>();
    let places: Map<string, number> | undefined;
    let next = 0;
    return (sample) => {
      const { series: text } = sample;
      let line = known[next];
      if (line?.text === text) {
        next++;
        return line;
      }
      places ??= new Map(known.map((each, place) => [each.text, place]));
      const place = places.get(text);
      if (place !== undefined) {
        next = place + 1;
        line = known[place];
      } else line = fresh.get(text);
      if (line) return line;
      const { labels: target, rules } = this.#options;
      line = newLine(text, sampleLabels(sample.labels(), target, rules));
      fresh.set(line.text, line);
      return line;
    };
  }

  /** Undefined while the store has no room for it. */
  #seriesOf(line: Line, nowMs: number): Series | undefined {
    if (line.series && !line.series.isGone) return line.series;
    if (!line.labels || nowMs < line.refusedAtMs + retryRefusedMs) return undefined;
    // The store has let go of it since, and will hold it under labels of another identity.
    if (line.series && line.isAnnounced) this.#options.onSeriesEnded(line.series.labels);
    line.isAnnounced = false;
    const found = this.#options.store.resolve(line.labels, this.#options.limitGroup);
    if (typeof found === "string") {
      line.series = undefined;
      line.refusedAtMs = nowMs;
      line.labels = copiedLabels(line.labels);
      return undefined;
    }
    line.series = found;
    line.labels = found.labels;
    return found;
  }

  #markEnd({ series, endsWithPage }: Line, atMs: number): void {
    // Another text, or another target, may have given this series a sample in the same round.
    if (series && endsWithPage && series.newestMs < atMs)
      this.#options.store.appendStaleTo(series, atMs);
  }

  #note(name: string, field: MetadataField, said: string): void {
    const known = this.#metadata.get(name);
    if (known?.[field] === said) return;
    if (known) known[field] = copyOf(said);
    else if (this.#metadata.size < maxMetadata)
      this.#metadata.set(copyOf(name), {
        type: "unknown",
        help: "",
        unit: "",
        [field]: copyOf(said),
      });
  }
}

export type SampleRefusal = Exclude<AppendOutcome, "appended" | "duplicate"> | "too-far-ahead";
export type RefusedSamples = ReadonlyMap<SampleRefusal, number>;

function newLine(text: string, labels: Labels | undefined): Line {
  return {
    text,
    labels,
    series: undefined,
    refusedAtMs: -Infinity,
    isAnnounced: false,
    endsWithPage: false,
    seenIn: 0,
  };
}

function copiedLabels(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [copyOf(name), copyOf(value)]),
  );
}
