// How commands find the cluster that another process runs: it leaves a record in its data directory
// while it runs. A record whose process is gone, or whose number another program has by now, means
// nothing.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type RunningRecord = {
  readonly pid: number;
  /** When the process began, in the kernel's own count: tells it from a later one of that number. */
  readonly processStart: string;
  readonly startedAt: string;
  readonly kubeconfig: string;
  readonly apiUrl: string;
  readonly ingress: { readonly host: string; readonly port: number };
};

const recordName = "running.json";

/** Written once the cluster is ready. Returns how to take it back. */
export function recordRunning(
  dataDir: string,
  record: Omit<RunningRecord, "pid" | "processStart">,
): () => void {
  const path = join(dataDir, recordName);
  const { pid } = process;
  const full: RunningRecord = { pid, processStart: processStart(pid) ?? "", ...record };
  writeFileSync(path, `${JSON.stringify(full, undefined, 2)}\n`, { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** What is said when there is none; one that keeps nothing is found by the kubeconfig that it printed. */
export const notRunningAt = (dataDir: string): string =>
  `Dunlin is not running with its state in ${dataDir}; ` +
  "if it runs elsewhere, name the folder of its KUBECONFIG with --data-dir";

/** Undefined when no cluster runs with its state in this directory. */
export function findRunning(dataDir: string): RunningRecord | undefined {
  let record: RunningRecord;
  try {
    // Only `recordRunning` writes this file.
    record = JSON.parse(readFileSync(join(dataDir, recordName), "utf8")) as RunningRecord;
  } catch {
    return undefined;
  }
  return isAlive(record) ? record : undefined;
}

export function isAlive({ pid, processStart: start }: RunningRecord): boolean {
  return processStart(pid) === start;
}

/** The 22nd field of the process's statistics; undefined when there is no such process. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const hasEnded = fields[0] === "Z";
    return hasEnded ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
