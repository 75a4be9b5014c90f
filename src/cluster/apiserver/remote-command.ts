// A command in a container over a client's streams, whatever carries them: its input and outputs, the
// sizes of the client's terminal, and at the end a Status on the stream that is for errors.
import type { Readable, Writable } from "node:stream";
import { isJsonObject } from "../../lib/json.ts";
import type { CommandRun, TerminalSize } from "./node-access.ts";

export type RemoteStreams = {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  /** JSON objects with Width and Height, one after the other. */
  readonly resizes?: Readable;
  readonly error?: Writable;
};

/** A size is a few dozen bytes. */
const resizeTextMax = 1024;

/** Resolves when the client has been told how it ended, or is gone. */
export async function runRemoteCommand(
  run: CommandRun,
  streams: RemoteStreams,
  signal: AbortSignal,
): Promise<void> {
  const { stdin, stdout, stderr, resizes, error } = streams;
  const status = await statusOfRun(() =>
    run(
      {
        ...(stdin && { stdin }),
        ...(stdout && { stdout }),
        ...(stderr && { stderr }),
        ...(resizes && { onResize: (listener) => readSizes(resizes, listener) }),
      },
      signal,
    ),
  );
  await Promise.all([stdout && ended(stdout), stderr && ended(stderr)]);
  if (error) await ended(error, JSON.stringify(status));
}

async function statusOfRun(run: () => Promise<number>): Promise<object> {
  const head = { kind: "Status", apiVersion: "v1", metadata: {} };
  try {
    const code = await run();
    if (code === 0) return { ...head, status: "Success" };
    return {
      ...head,
      status: "Failure",
      message: `command terminated with non-zero exit code: exit code ${code}`,
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: String(code) }] },
    };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return {
      ...head,
      status: "Failure",
      message: `Internal error occurred: ${words}`,
      reason: "InternalError",
      details: { causes: [{ message: words }] },
      code: 500,
    };
  }
}

function readSizes(resizes: Readable, listener: (size: TerminalSize) => void): void {
  let text = "";
  resizes.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-resizeTextMax);
    for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
      const size = parseSize(text.slice(0, end + 1));
      text = text.slice(end + 1);
      if (size) listener(size);
    }
  });
}

function parseSize(text: string): TerminalSize | undefined {
  try {
    const size: unknown = JSON.parse(text);
    if (!isJsonObject(size)) return undefined;
    const [columns, rows] = [Number(size["Width"]), Number(size["Height"])];
    const isSize = (number: number) => Number.isInteger(number) && number > 0 && number <= 65_535;
    return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined; // The terminal keeps the size that it has.
  }
}

/** Also resolves for a stream whose client is gone. */
function ended(stream: Writable, last?: string): Promise<void> {
  return new Promise((resolve) => {
    if (last === undefined) stream.end(() => resolve());
    else stream.end(last, () => resolve());
  });
}
