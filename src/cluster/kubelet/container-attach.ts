// Joins the process of a container: its output from now on, and its input where the specification
// gives it one.
import type { Writable } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import type { CommandStreams } from "../apiserver/node-access.ts";
import { endOf } from "./container-end.ts";
import type { RunningContainer } from "./container-runner.ts";
import { resizeTerminal } from "./terminal.ts";

/** The container does not wait for its audience: who falls further behind than this is let go. */
const behindBytesMax = 4 * 1024 * 1024;

/**
 * With `stdinOnce`, the container's input ends with the client's. Resolves with 0 when the container's
 * run or the client's interest has ended. Rejects when there is no input to be had, and when the client
 * reads too slowly.
 */
export async function attachToContainer(
  { name, process }: RunningContainer,
  { stdinOnce, tty }: { readonly stdinOnce: boolean; readonly tty: boolean },
  clock: Clock,
  streams: CommandStreams,
  signal: AbortSignal,
): Promise<number> {
  const { stdin } = streams;
  if (stdin && !process.stdin)
    throw new Error(
      `container ${name} has no standard input: set "stdin: true" in its specification`,
    );
  const ends = [signal, endOf(process)];
  let remove = () => {};
  const over = new Promise<void>((resolve, reject) => {
    const stop = process.listen((stream, chunk) => {
      const output: Writable | undefined = streams[stream];
      output?.write(chunk);
      if ((output?.writableLength ?? 0) <= behindBytesMax) return;
      stop();
      reject(new Error(`attach to container ${name}: the output is read too slowly`));
    });
    const end = () => {
      stop();
      resolve();
    };
    for (const one of ends) one.addEventListener("abort", end);
    if (ends.some((one) => one.aborted)) end();
    remove = () => ends.forEach((one) => one.removeEventListener("abort", end));
  });
  if (stdin && process.stdin) stdin.pipe(process.stdin, { end: stdinOnce });
  if (tty) streams.onResize?.((size) => resizeTerminal(process.pid, size, clock));
  try {
    await over;
  } finally {
    remove();
    stdin?.unpipe();
  }
  return 0;
}
