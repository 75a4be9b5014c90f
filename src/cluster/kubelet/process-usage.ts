// What containers use of the machine, from /proc: a container is everything that descends from its
// first process. Reading is spread over turns of the event loop, so that a machine with many
// processes holds nobody up.
import { readdirSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { processStat, procUnits, readProc, type ProcessStat } from "./proc-stat.ts";

export type ProcessUsage = {
  /** Processor time since the container's start, of processes that have ended too. */
  readonly cpuNanoseconds: number;
  /** Resident memory. What several processes of a container share counts for each of them. */
  readonly memoryBytes: number;
  /** Its processes, the first one among them. */
  readonly pids: readonly number[];
};

/** About a millisecond's worth. */
const statsPerTurn = 50;

/**
 * Usage by first process, for containers each of which leads a session of its own. One that has ended
 * is left out. A process counts by its session, its group, or its ancestors; one that left all three
 * (a daemon) is not seen.
 */
export async function usageOf(
  firstProcesses: readonly number[],
): Promise<ReadonlyMap<number, ProcessUsage>> {
  if (firstProcesses.length === 0) return new Map();
  const stats = await allProcesses();
  const firsts = new Set(firstProcesses.filter((pid) => stats.has(pid)));
  const members = new Map<number, ProcessStat[]>([...firsts].map((pid) => [pid, []]));
  for (const stat of stats.values()) members.get(ownerOf(stat, firsts, stats) ?? -1)?.push(stat);
  return new Map([...members].map(([first, processes]) => [first, sumOf(processes)]));
}

/**
 * Memory of some processes with each shared page counted once in all: dearer to ask for than resident
 * memory, and never more than it. Where the kernel does not tell, resident memory is what it gives.
 */
export function proportionalMemoryBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readProc(pid, "smaps_rollup") ?? "")?.[1];
    const resident = () => (processStat(pid)?.residentPages ?? 0) * units().pageBytes;
    return sum + (kibibytes === undefined ? resident() : Number(kibibytes) * 1024);
  }, 0);
}

async function allProcesses(): Promise<ReadonlyMap<number, ProcessStat>> {
  const stats = new Map<number, ProcessStat>();
  const pids = readdirSync("/proc").filter((name) => /^\d/.test(name));
  for (const [index, pid] of pids.entries()) {
    if (index % statsPerTurn === statsPerTurn - 1) await nextTurn();
    const stat = processStat(Number(pid));
    if (stat) stats.set(stat.pid, stat);
  }
  return stats;
}

function ownerOf(
  stat: ProcessStat,
  firsts: ReadonlySet<number>,
  stats: ReadonlyMap<number, ProcessStat>,
): number | undefined {
  // The processes were not all read at one moment, so that a circle of parents is conceivable.
  const seen = new Set<number>();
  for (let at: ProcessStat | undefined = stat; at && !seen.has(at.pid); at = stats.get(at.parent)) {
    for (const id of [at.pid, at.session, at.group]) if (firsts.has(id)) return id;
    seen.add(at.pid);
  }
  return undefined;
}

function sumOf(processes: readonly ProcessStat[]): ProcessUsage {
  const { pageBytes, tickNanoseconds } = units();
  const sum = (of: (stat: ProcessStat) => number) =>
    processes.reduce((total, stat) => total + of(stat), 0);
  return {
    cpuNanoseconds: sum(({ cpuTicks }) => cpuTicks) * tickNanoseconds,
    memoryBytes: sum(({ residentPages }) => residentPages) * pageBytes,
    pids: processes.map(({ pid }) => pid),
  };
}

let knownUnits: ReturnType<typeof procUnits> | undefined;
const units = () => (knownUnits ??= procUnits());
