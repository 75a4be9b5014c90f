// The cluster's own log: a file in its data directory, a line at a time. It is opened with the first
// line, when the directory is known to be ours, and goes on where an earlier run ended.
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

export type LogFile = {
  readonly path: string;
  readonly log: (line: string) => void;
  readonly close: () => void;
};

/** Its name within the data directory. */
export const logFileName = "dunlin.log";
/** A log that has grown beyond this is begun anew. */
const maxBytes = 32 * 1024 * 1024;

export function openLogFile(dataDir: string, nowMs: () => number): LogFile {
  const path = join(dataDir, logFileName);
  let file: number | undefined;
  let bytes = 0;
  let closed = false;
  return {
    path,
    log(line) {
      if (closed) return;
      try {
        if (file === undefined) {
          file = openSync(path, "a", 0o600);
          bytes = fstatSync(file).size;
        }
        if (bytes > maxBytes) {
          ftruncateSync(file);
          bytes = 0;
        }
        bytes += writeSync(file, `${new Date(nowMs()).toISOString()} ${line}\n`);
      } catch {
        // A disk that is full costs the log its lines; it must not cost anybody the cluster.
      }
    },
    close() {
      closed = true;
      if (file !== undefined) closeSync(file);
    },
  };
}
