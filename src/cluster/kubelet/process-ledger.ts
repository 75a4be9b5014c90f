// The list, on disk, of the processes that this cluster runs, so that a cluster process which was
// killed leaves none behind: the next one with the same data directory ends them. A process is known
// by its pid together with its start time, and by a random token in its environment; nothing that
// merely has the same pid by now is touched.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processStat, readProc } from "./proc-stat.ts";

/** The variable that carries the token; descendants inherit it. */
export const tokenVariable = "DUNLIN_PROCESS_TOKEN";

type Entry = {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
  readonly token: string;
};

export class ProcessLedger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Kills what an earlier owner of this ledger left running, and returns how many processes that were.
   * Those that are dead and merely not yet collected do not count.
   */
  endOrphans(): number {
    mkdirSync(this.#folder, { recursive: true });
    const bootId = currentBoot();
    const entries = readdirSync(this.#folder).flatMap((file) => this.#read(file) ?? []);
    const sameBoot = entries.filter((entry) => entry.bootId === bootId);
    const ended = new Set<number>();
    for (const { pid, startTicks } of sameBoot) {
      const stat = processStat(pid);
      if (stat?.startTicks === startTicks && kill(-pid) && stat.state !== "Z") ended.add(pid);
    }
    for (const pid of bearersOf(new Set(sameBoot.map((entry) => entry.token))))
      if (kill(pid)) ended.add(pid);
    for (const file of readdirSync(this.#folder)) rmSync(join(this.#folder, file));
    return ended.size;
  }

  /** A process that has ended already is not listed. */
  add(pid: number, token: string): void {
    const stat = processStat(pid);
    if (!stat) return;
    const entry: Entry = { pid, startTicks: stat.startTicks, bootId: currentBoot(), token };
    writeFileSync(join(this.#folder, String(pid)), JSON.stringify(entry));
  }

  remove(pid: number): void {
    rmSync(join(this.#folder, String(pid)), { force: true });
  }

  /** Undefined for a file that the owner was killed while writing. */
  #read(file: string): Entry | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#folder, file), "utf8")) as Entry;
    } catch {
      return undefined;
    }
  }
}

/** Every process that carries one of the tokens: children of leaders that are dead already, too. */
function bearersOf(tokens: ReadonlySet<string>): readonly number[] {
  if (tokens.size === 0) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => tokens.has(tokenOf(pid) ?? "") && processStat(pid)?.state !== "Z");
}

function tokenOf(pid: number): string | undefined {
  const variables = readProc(pid, "environ")?.split("\0") ?? [];
  return variables
    .find((variable) => variable.startsWith(`${tokenVariable}=`))
    ?.slice(tokenVariable.length + 1);
}

function currentBoot(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false; // It ended by itself in between.
  }
}
