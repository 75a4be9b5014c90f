// What the last page of a target looked like. Programs show the same series in the same order from
// scrape to scrape, so a line is best recognised by comparing it with the one that stood in its place:
// one comparison of memory instead of a look at each character.
import type { MetricType } from "./exposition-series.ts";
import { copyOf } from "./string-copy.ts";

/** A series' text up to its value, or a comment, whole; `type` is what a `# TYPE` says. */
export type KnownLine = {
  readonly text: string;
  readonly isComment: boolean;
  readonly type: MetricType | undefined;
};

/** One per target, given to each scan of its pages. It holds the texts of one page, or at most two. */
export class PageMemory {
  readonly #lines: KnownLine[] = [];
  /** All lines by their text, so that one that moved keeps its string. */
  #byText = new Map<string, KnownLine>();
  #at = 0;
  #format = "";

  /** What is right in one format may be a fault in another. */
  begin(format: string): void {
    this.#at = 0;
    if (format === this.#format) return;
    this.#format = format;
    this.#lines.length = 0;
    this.#byText.clear();
  }

  /** The line that stood here last time. */
  expected(): KnownLine | undefined {
    return this.#lines[this.#at];
  }

  /** Goes on to the next line: this one is as it was. */
  confirm(): void {
    this.#at++;
  }

  /** Another line than expected stands here; returns it if it has been seen before. */
  recall(text: string): KnownLine | undefined {
    const known = this.#byText.get(text);
    if (known) this.#lines[this.#at++] = known;
    return known;
  }

  /** A line that is new; its text is copied, since it may be a slice that keeps its page in memory. */
  learn(line: KnownLine): KnownLine {
    const known = { ...line, text: copyOf(line.text) };
    this.#byText.set(known.text, known);
    this.#lines[this.#at++] = known;
    return known;
  }

  /** How many texts are held. */
  get lineCount(): number {
    return this.#byText.size;
  }

  /** Forgets what is not on the page that was just read, before that outgrows what is. */
  end(): void {
    this.#lines.length = this.#at;
    if (this.#byText.size > 2 * this.#at)
      this.#byText = new Map(this.#lines.map((line) => [line.text, line]));
  }
}
