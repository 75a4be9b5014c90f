// The cluster's own log: a file in its data directory, a line at a time, started anew with every
// start so that it cannot grow without end.
import { openSync, closeSync, writeSync } from "node:fs";
import { join } from "node:path";

export type LogFile = { readonly path: string; log(line: string): void; close(): void };

/** Past this many bytes only the fact that more was said is kept. */
const maxBytes = 32 * 1024 * 1024;

export function openLogFile(dataDir: string, nowMs: () => number): LogFile {
  const path = join(dataDir, "dunlin.log");
  const file = openSync(path, "w", 0o600);
  let written = 0;
  let open = true;
  return {
    path,
    log(line) {
      if (!open || written > maxBytes) return;
      const text = `${new Date(nowMs()).toISOString()} ${line}\n`;
      written += writeSync(file, text);
      if (written > maxBytes) writeSync(file, `the log is full (${maxBytes} bytes)\n`);
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}
