// The log of one run of one container: a file of stamped lines, `2026-01-02T03:04:05.678000000Z text`,
// bounded by keeping one older half beside it. Readers take it from the file, so a slow one costs no
// memory and may follow over a rotation.
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { formatMicroTimestamp } from "../../lib/timestamp.ts";

export type LogReadOptions = {
  readonly follow: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly timestamps: boolean;
  readonly limitBytes?: number;
};

/** Both halves together hold at most twice this. */
const defaultMaxBytes = 10 * 1024 * 1024;
/** A longer line is broken, so that a program that never ends its line cannot fill the memory. */
const longestLine = 256 * 1024;
/** `2026-01-02T03:04:05.678000000Z ` */
const stampLength = 31;
const readBytes = 64 * 1024;

export class ContainerLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #rests = new Map<string, Buffer>();
  readonly #waiting = new Set<() => void>();
  #file: number | undefined;
  #size = 0;
  /** How often the file was rotated: a reader that is one behind finds its file as the older half. */
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
  append(stream: "stdout" | "stderr", chunk: Buffer): void {
    let rest = Buffer.concat([this.#rests.get(stream) ?? Buffer.alloc(0), chunk]);
    const lines: Buffer[] = [];
    for (;;) {
      const newline = rest.indexOf(10);
      const end = newline >= 0 ? newline : rest.length >= longestLine ? longestLine : -1;
      if (end < 0) break;
      lines.push(rest.subarray(0, end));
      rest = rest.subarray(newline >= 0 ? end + 1 : end);
    }
    this.#rests.set(stream, rest);
    this.#write(lines);
  }

  /** Writes what is left of unfinished lines; followers end. */
  end(): void {
    try {
      this.#write([...this.#rests.values()].filter((rest) => rest.length > 0));
    } finally {
      this.#rests.clear();
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = undefined;
      this.#wake();
    }
  }

  /** The last bytes without their stamps, for termination messages. */
  tail(maxBytes: number, maxLines: number): string {
    const lines = this.#backlog({ follow: false, timestamps: false, tailLines: maxLines });
    return Buffer.concat(lines).subarray(-maxBytes).toString();
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
    const from = { generation: this.#generation, offset: this.#size };
    const running = this.#file !== undefined;
    yield* joined(this.#backlog(options));
    if (options.follow && running) yield* this.#follow(from, options, signal);
  }

  #backlog({ sinceSeconds, tailLines, timestamps }: LogReadOptions): Buffer[] {
    const since =
      sinceSeconds === undefined ? "" : stampOf(this.#clock.nowMs() - sinceSeconds * 1000);
    const lines = [olderHalf(this.#path), this.#path]
      .flatMap((path) => (existsSync(path) ? linesOf(readFileSync(path)) : []))
      .filter((line) => since === "" || line.toString("latin1", 0, stampLength) >= since);
    const wanted = tailLines === undefined ? lines : lines.slice(lines.length - tailLines);
    return timestamps ? wanted : wanted.map((line) => line.subarray(stampLength));
  }

  async *#follow(
    from: { readonly generation: number; readonly offset: number },
    { timestamps }: LogReadOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    let { generation, offset } = from;
    for (;;) {
      if (signal.aborted) return;
      // More than one rotation behind: what is in between is lost, as it is for a later reader.
      if (generation < this.#generation - 1) [generation, offset] = [this.#generation - 1, 0];
      const current = generation === this.#generation;
      const lines = linesFrom(current ? this.#path : olderHalf(this.#path), offset);
      if (lines.length > 0) {
        for (const line of lines) offset += line.length;
        yield* joined(timestamps ? lines : lines.map((line) => line.subarray(stampLength)));
      } else if (!current) [generation, offset] = [generation + 1, 0];
      else if (this.#file === undefined) return;
      else await this.#change(signal);
    }
  }

  #write(lines: readonly Buffer[]): void {
    if (this.#file === undefined || lines.length === 0) return;
    const stamp = Buffer.from(stampOf(this.#clock.nowMs()));
    const newline = Buffer.from("\n");
    const bytes = Buffer.concat(lines.flatMap((line) => [stamp, line, newline]));
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate(this.#file);
    writeSync(this.#file, bytes);
    this.#size += bytes.length;
    this.#wake();
  }

  #rotate(file: number): void {
    closeSync(file);
    // Should the next file not open, its number must not be taken for one that is ours.
    this.#file = undefined;
    renameSync(this.#path, olderHalf(this.#path));
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

export const olderHalf = (path: string): string => `${path}.1`;

/** Nine digits of a second, of which the clock gives three. */
function stampOf(timeMs: number): string {
  return `${formatMicroTimestamp(timeMs).slice(0, -1)}000Z `;
}

/** The whole lines of a piece of the file, each with its end. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; ;) {
    const end = bytes.indexOf(10, start);
    if (end < 0) return lines;
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
}

function linesFrom(path: string, offset: number): Buffer[] {
  const file = openSync(path, "r");
  try {
    // A line may be longer than what is read at once, but the file ends with a whole one.
    const left = fstatSync(file).size - offset;
    for (let length = Math.min(left, readBytes); length > 0; length = Math.min(left, length * 2)) {
      const bytes = Buffer.alloc(length);
      const lines = linesOf(bytes.subarray(0, readSync(file, bytes, 0, length, offset)));
      if (lines.length > 0 || length === left) return lines;
    }
    return [];
  } finally {
    closeSync(file);
  }
}

function* joined(lines: readonly Buffer[]): Generator<Uint8Array> {
  if (lines.length > 0) yield Buffer.concat(lines);
}

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
