// The log of one run of one container, in the form that container runtimes write for kubelets:
// `2026-01-02T03:04:05.678000000Z stdout F text`, with P for a piece of a longer line. It is bounded:
// beside the file that is written stand a few older ones. Readers take it from the files, so a slow
// one costs no memory and may follow over a rotation.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { formatMicroTimestamp } from "../../lib/timestamp.ts";

export type LogStream = "stdout" | "stderr";

export type LogReadOptions = {
  readonly follow: boolean;
  /** The last lines only; of them those that `since…` and `stream` leave are shown. */
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** Milliseconds since the Unix epoch. */
  readonly sinceTimeMs?: number;
  readonly timestamps: boolean;
  readonly limitBytes?: number;
  /** Both when absent. */
  readonly stream?: LogStream;
};

/** As a kubelet's containerLogMaxSize and containerLogMaxFiles. */
const defaultMaxBytes = 10 * 1024 * 1024;
const maxFiles = 5;
/**
 * A longer line is kept in pieces, as containerd does it, so that a program that never ends its line
 * cannot fill the memory. Readers get it whole.
 */
const longestPiece = 16 * 1024;
/** `2026-01-02T03:04:05.678000000Z ` */
const stampLength = 31;
/** `stdout F ` */
const prefixLength = stampLength + 9;
const partialTag = "P".charCodeAt(0);
const newline = 10;
const readBytes = 64 * 1024;

/** Where a line begins: how often the log had been rotated, and the offset in that file. */
type Position = { readonly generation: number; readonly offset: number };

export class ContainerLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #rests = new Map<LogStream, Buffer>();
  readonly #waiting = new Set<() => void>();
  #file: number | undefined;
  #size = 0;
  /** How often the file was rotated: a reader that is one behind finds its file as the first older one. */
  #generation = 0;

  constructor(path: string, clock: Clock, maxBytes = defaultMaxBytes) {
    this.#path = path;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  /** Opens the log for writing. One that was never opened reads as what an earlier run left. */
  open(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    this.#file = openSync(this.#path, "w");
  }

  /** Takes output as it comes, and writes the lines that are whole. */
  append(stream: LogStream, chunk: Buffer): void {
    let rest = Buffer.concat([this.#rests.get(stream) ?? Buffer.alloc(0), chunk]);
    const pieces: Piece[] = [];
    for (;;) {
      const end = rest.indexOf(newline);
      const whole = end >= 0 && end <= longestPiece;
      if (!whole && rest.length <= longestPiece) break;
      const length = whole ? end : longestPiece;
      pieces.push({ stream, whole, text: rest.subarray(0, length) });
      rest = rest.subarray(whole ? length + 1 : length);
    }
    this.#rests.set(stream, rest);
    this.#write(pieces);
  }

  /** Writes what is left of unfinished lines; followers end. */
  end(): void {
    try {
      const rests = [...this.#rests].filter(([, rest]) => rest.length > 0);
      this.#write(rests.map(([stream, text]) => ({ stream, whole: true, text })));
    } finally {
      this.#rests.clear();
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = undefined;
      this.#wake();
    }
  }

  /** The last bytes without their stamps, for termination messages. */
  tail(maxBytes: number, maxLines: number): string {
    const end = this.#end();
    const text = new LogText({ timestamps: false });
    const chunks = [...this.#between(this.#tailStart(maxLines, end), end, text)];
    return Buffer.concat(chunks).subarray(-maxBytes).toString();
  }

  /** Ends after what is there, or, when following, with the container's run. */
  read(options: LogReadOptions, signal: AbortSignal): ReadableStream<Uint8Array> {
    const left = new AbortController();
    const either = AbortSignal.any([signal, left.signal]);
    const chunks = limited(this.#read(options, either), options.limitBytes);
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => left.abort(),
    });
  }

  async *#read(options: LogReadOptions, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    // What is written while this is read belongs to followers.
    let end = this.#end();
    const running = this.#file !== undefined;
    const { tailLines } = options;
    let at = tailLines === undefined ? this.#oldest() : this.#tailStart(tailLines, end);
    const text = new LogText(this.#viewOf(options));
    for (;;) {
      for (const chunk of this.#between(at, end, text)) {
        if (signal.aborted) return;
        yield chunk;
      }
      if (!options.follow || !running || signal.aborted) return;
      at = end;
      end = this.#end();
      if (at.generation !== end.generation || at.offset !== end.offset) continue;
      if (this.#file === undefined) return;
      await this.#change(signal);
    }
  }

  #end(): Position {
    if (this.#file !== undefined) return { generation: this.#generation, offset: this.#size };
    return { generation: this.#generation, offset: sizeOf(this.#path) };
  }

  #oldest(): Position {
    let older = 0;
    while (older + 1 < maxFiles && existsSync(olderLog(this.#path, older + 1))) older++;
    return { generation: this.#generation - older, offset: 0 };
  }

  #pathOf(generation: number): string {
    return olderLog(this.#path, this.#generation - generation);
  }

  /** Where the last lines before `end` begin. Reads backwards, no more than it must. */
  #tailStart(lines: number, end: Position): Position {
    const oldest = this.#oldest();
    let missing = lines;
    // The newline that ends the last line begins none.
    let skip = true;
    for (let { generation } = end; generation >= oldest.generation; generation--) {
      const path = this.#pathOf(generation);
      let offset = generation === end.generation ? end.offset : sizeOf(path);
      if (lines === 0) return { generation, offset };
      while (offset > 0) {
        const length = Math.min(offset, readBytes);
        const bytes = bytesAt(path, offset - length, length);
        for (let at = bytes.length - 1; at >= 0; at--) {
          if (bytes[at] !== newline) continue;
          if (!skip && --missing === 0) return { generation, offset: offset - length + at + 1 };
          skip = false;
        }
        offset -= length;
      }
      // The beginning of a file begins a line, too; its newline stands at the end of the one before.
      if (!skip && --missing === 0) return { generation, offset: 0 };
      skip = true;
    }
    return oldest;
  }

  #viewOf({ sinceSeconds, sinceTimeMs, timestamps, stream }: LogReadOptions): LogView {
    const sinceMs =
      sinceSeconds === undefined ? sinceTimeMs : this.#clock.nowMs() - sinceSeconds * 1000;
    return {
      timestamps,
      ...(sinceMs !== undefined && { since: stampOf(sinceMs) }),
      ...(stream && { stream }),
    };
  }

  /** More than the kept files behind: what is in between is lost, as it is for a later reader. */
  *#between(from: Position, to: Position, text: LogText): Generator<Buffer> {
    let { generation, offset } = from;
    while (generation < to.generation || (generation === to.generation && offset < to.offset)) {
      if (generation <= this.#generation - maxFiles)
        [generation, offset] = [this.#generation - maxFiles + 1, 0];
      const end = generation === to.generation ? to.offset : Infinity;
      const lines = linesFrom(this.#pathOf(generation), offset, end);
      if (lines.length === 0) {
        [generation, offset] = [generation + 1, 0];
        continue;
      }
      for (const line of lines) offset += line.length;
      const shown = text.of(lines);
      if (shown.length > 0) yield shown;
    }
  }

  #write(pieces: readonly Piece[]): void {
    if (this.#file === undefined || pieces.length === 0) return;
    const stamp = stampOf(this.#clock.nowMs());
    const bytes = Buffer.concat(
      pieces.flatMap(({ stream, whole, text }) => [
        Buffer.from(`${stamp}${stream} ${whole ? "F" : "P"} `),
        text,
        Buffer.from("\n"),
      ]),
    );
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate(this.#file);
    writeSync(this.#file, bytes);
    this.#size += bytes.length;
    this.#wake();
  }

  #rotate(file: number): void {
    closeSync(file);
    // Should the next file not open, its number must not be taken for one that is ours.
    this.#file = undefined;
    for (let older = maxFiles - 1; older > 0; older--) {
      const newer = olderLog(this.#path, older - 1);
      if (existsSync(newer)) renameSync(newer, olderLog(this.#path, older));
    }
    this.#file = openSync(this.#path, "w");
    this.#size = 0;
    this.#generation++;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}

/** The file that has become the `older`th behind the one that is written. */
const olderLog = (path: string, older: number): string => (older === 0 ? path : `${path}.${older}`);

/** Removes all files of a log. */
export function removeLog(path: string): void {
  for (let older = 0; older < maxFiles; older++) rmSync(olderLog(path, older), { force: true });
}

type Piece = { readonly stream: LogStream; readonly whole: boolean; readonly text: Buffer };
type LogView = {
  readonly timestamps: boolean;
  readonly since?: string;
  readonly stream?: LogStream;
};

/** From the lines of the file to what a reader sees; pieces of one line become one line again. */
class LogText {
  readonly #view: LogView;
  /** Lines of the two streams may be mixed in the middle. */
  readonly #inLine = new Set<string>();

  constructor(view: LogView) {
    this.#view = view;
  }

  of(lines: readonly Buffer[]): Buffer {
    const { timestamps, since = "", stream: wanted } = this.#view;
    const shown: Buffer[] = [];
    for (const line of lines) {
      const stream = line.toString("latin1", stampLength, stampLength + 6);
      if (wanted !== undefined && stream !== wanted) continue;
      const stamp = line.subarray(0, stampLength);
      if (since !== "" && stamp.toString("latin1") < since) continue;
      const partial = line[prefixLength - 2] === partialTag;
      if (timestamps && !this.#inLine.has(stream)) shown.push(stamp);
      shown.push(line.subarray(prefixLength, partial ? -1 : undefined));
      if (partial) this.#inLine.add(stream);
      else this.#inLine.delete(stream);
    }
    return Buffer.concat(shown);
  }
}

/** Nine digits of a second, of which the clock gives three. */
function stampOf(timeMs: number): string {
  return `${formatMicroTimestamp(timeMs).slice(0, -1)}000Z `;
}

/** The whole lines of a piece of the file, each with its end. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; ;) {
    const end = bytes.indexOf(newline, start);
    if (end < 0) return lines;
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
}

/** Some lines from `offset` on, at least one if there is one before `end`. */
function linesFrom(path: string, offset: number, end: number): Buffer[] {
  const left = Math.min(end, sizeOf(path)) - offset;
  // A piece is shorter than what is read at once, and the file ends with a whole one.
  return left > 0 ? linesOf(bytesAt(path, offset, Math.min(left, readBytes))) : [];
}

function bytesAt(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes = Infinity,
): AsyncGenerator<Uint8Array, undefined> {
  let left = limitBytes;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, Math.min(left, chunk.length));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return undefined;
}
