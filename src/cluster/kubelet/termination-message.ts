// The last words of a container: the file that stands for its terminationMessagePath, by way of
// DUNLIN_TERMINATION_LOG.
import { closeSync, mkdirSync, openSync, readSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** As much of it as Kubernetes takes. */
const maxBytes = 4096;

export const terminationLogOf = (podFolder: string, container: string): string =>
  join(podFolder, "termination", container);

/** Makes the file, or empties it for the next run. */
export function clearTerminationLog(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
}

/** Empty, too, for a file that the container has removed. */
export function readTerminationLog(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return "";
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(maxBytes);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, maxBytes, 0));
  } finally {
    closeSync(file);
  }
}
