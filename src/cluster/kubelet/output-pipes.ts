// Pipes for what a process prints. Node's own are sockets in truth, which a program cannot open a second
// time by their name: `echo > /dev/stdout` and servers that log to a file of that name would fail.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";

export type OutputPipe = {
  /** Ends when no process has the other end any more; nothing is read before somebody listens. */
  readonly output: Readable;
  /** A file descriptor for the process; to be closed here once it has it. */
  readonly writeEnd: number;
};

/** Node cannot make pipes, but it can open named ones. Their names are gone again at once. */
export async function openPipes(count: number): Promise<readonly OutputPipe[]> {
  if (count === 0) return [];
  const paths = Array.from({ length: count }, () => join(tmpdir(), `dunlin-${randomUUID()}`));
  try {
    await promisify(execFile)("mkfifo", ["-m", "600", ...paths]);
    return paths.map(openPipe);
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
}

function openPipe(path: string): OutputPipe {
  // The reading end first: without a reader, opening the other one would wait for one.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = new Socket({ fd: readEnd, readable: true, writable: false });
  output.on("error", () => {}); // Followed by its end.
  return { output, writeEnd: openSync(path, constants.O_WRONLY) };
}

/** Resolves when all that can come has come, or the pipe was given up. */
export function closed(output: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (output.closed) resolve();
    else output.once("close", () => resolve());
  });
}

/** For the process's ends, whether it has been started with them or not. */
export function closeWriteEnds(pipes: readonly OutputPipe[]): void {
  for (const { writeEnd } of pipes) closeSync(writeEnd);
}
