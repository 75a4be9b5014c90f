// `dunlin logs`: the cluster's own log, of the one that runs or of the last one that did.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../lib/clock.ts";
import { UserError } from "../lib/user-error.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { dataDirPath } from "./data-dir.ts";
import { logFileName } from "./log-file.ts";
import { integerOption, readOptions } from "./options.ts";
import { findRunning } from "./running.ts";
import { untilStopped } from "./signals.ts";

const help = `Usage: dunlin logs [OPTION]...

Prints the log of the cluster itself: decisions with their reasons, and what went wrong.

  -f, --follow        go on with what is written later, as long as the cluster runs
  --tail N            the last N lines only (default: all)
  --data-dir DIR      where its state is kept (default: dunlin in the user's data home)
`;

const lookMs = 200;
const chunkBytes = 64 * 1024;

export async function logs(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(args, {
    help: { type: "boolean", short: "h" },
    follow: { type: "boolean", short: "f", default: false },
    tail: { type: "string" },
    "data-dir": { type: "string" },
  });
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const lines =
    options.tail === undefined ? undefined : integerOption("--tail", options.tail, range);
  const dataDir = dataDirPath(options["data-dir"], env);
  const path = join(dataDir, logFileName);
  const file = openLog(path, dataDir);
  try {
    let at = lines === undefined ? 0 : startOfTail(file, lines);
    at = copy(file, at);
    if (!options.follow) return 0;
    let isStopped = false;
    void untilStopped(wallClock).then(() => (isStopped = true));
    while (!isStopped) {
      const isRunning = findRunning(dataDir) !== undefined;
      // A log that has grown too long is begun anew.
      if (fstatSync(file).size < at) at = 0;
      at = copy(file, at);
      if (!isRunning) return 0;
      await sleep(wallClock, lookMs);
    }
    return 0;
  } finally {
    closeSync(file);
  }
}

function openLog(path: string, dataDir: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new UserError(
      `there is no log at ${path}: nothing was logged, or the cluster keeps its state elsewhere ` +
        `(--data-dir; now ${dataDir})`,
      { cause },
    );
  }
}

/** Prints from `at` to the present end, and returns where that is. */
function copy(file: number, at: number): number {
  const buffer = Buffer.alloc(chunkBytes);
  for (;;) {
    const bytes = readSync(file, buffer, 0, chunkBytes, at);
    if (bytes === 0) return at;
    process.stdout.write(Buffer.from(buffer.subarray(0, bytes)));
    at += bytes;
  }
}

/** Where the last `lines` lines begin, found from the end. */
function startOfTail(file: number, lines: number): number {
  const { size } = fstatSync(file);
  const buffer = Buffer.alloc(chunkBytes);
  let left = lines + 1;
  for (let end = size; end > 0; end -= chunkBytes) {
    const start = Math.max(0, end - chunkBytes);
    const bytes = readSync(file, buffer, 0, end - start, start);
    for (let index = bytes - 1; index >= 0; index--)
      if (buffer[index] === 0x0a && --left === 0) return start + index + 1;
  }
  return 0;
}
