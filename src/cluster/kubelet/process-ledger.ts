// The list, on disk, of the processes that this cluster runs, so that a cluster process which was
// killed leaves none behind: the next one with the same data directory ends them. A process is known
// by its pid together with its start time, and by a random token in its environment; nothing that
// merely has the same pid by now is touched.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
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
  /** What the tokens of all processes of this owner begin with. */
  readonly owner = randomUUID();
  readonly #folder: string;
  readonly #ended = new Set<string>();
  #sweeping: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Kills what an earlier owner of this ledger left running, and returns how many processes that were.
   * Those that are dead and merely not yet collected do not count.
   */
  async endOrphans(): Promise<number> {
    mkdirSync(this.#folder, { recursive: true });
    const bootId = currentBoot();
    const entries = readdirSync(this.#folder).flatMap((file) => this.#read(file) ?? []);
    const sameBoot = entries.filter((entry) => entry.bootId === bootId);
    const ended = new Set<number>();
    for (const { pid, startTicks } of sameBoot) {
      const stat = processStat(pid);
      if (stat?.startTicks === startTicks && kill(-pid) && stat.state !== "Z") ended.add(pid);
    }
    for (const pid of await bearersOf(new Set(sameBoot.map((entry) => entry.token))))
      if (kill(pid)) ended.add(pid);
    for (const file of readdirSync(this.#folder)) rmSync(join(this.#folder, file));
    return ended.size;
  }

  newToken(): string {
    return `${this.owner}/${randomUUID()}`;
  }

  /**
   * Kills, soon, what still carries a token whose container has ended: what had left its group and its
   * session, so that no signal to these reached it.
   */
  sweep(token: string): void {
    this.#ended.add(token);
    this.#sweeping ??= this.#sweep();
  }

  /** Resolves when nothing is left to be swept. */
  async swept(): Promise<void> {
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    while (this.#ended.size > 0) {
      const tokens = new Set(this.#ended);
      this.#ended.clear();
      for (const pid of await bearersOf(tokens)) kill(pid);
    }
    this.#sweeping = undefined;
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

/** About a millisecond's worth. */
const readsPerTurn = 50;

/** Every process that carries one of the tokens: children of leaders that are dead already, too. */
async function bearersOf(tokens: ReadonlySet<string>): Promise<readonly number[]> {
  if (tokens.size === 0) return [];
  const bearers: number[] = [];
  const pids = readdirSync("/proc").filter((name) => /^\d/.test(name));
  for (const [index, name] of pids.entries()) {
    if (index % readsPerTurn === 0) await nextTurn();
    const pid = Number(name);
    if (pid !== process.pid && tokens.has(tokenOf(pid) ?? "") && processStat(pid)?.state !== "Z")
      bearers.push(pid);
  }
  return bearers;
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
