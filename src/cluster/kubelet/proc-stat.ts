// What the kernel tells of a process: /proc/PID/stat, and the units that its numbers are in.
import { readFileSync } from "node:fs";

export type ProcessStat = {
  readonly pid: number;
  /** "Z" for one that has ended and is not yet collected. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** From boot to its start: with the boot, the identity of a pid. */
  readonly startTicks: string;
  /** Of its own and of those children that it has collected. */
  readonly cpuTicks: number;
  readonly residentPages: number;
};

/** Undefined when there is no such process any more. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, "stat");
  if (text === undefined) return undefined;
  // The second field, the name, may hold any character; the third is the first here.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (index: number): number => Number(fields[index] ?? 0);
  return {
    pid,
    state: fields[0] ?? "",
    parent: number(1),
    group: number(2),
    session: number(3),
    startTicks: fields[19] ?? "",
    cpuTicks: number(11) + number(12) + number(13) + number(14),
    residentPages: number(21),
  };
}

/** Undefined when the process is gone or belongs to somebody else. */
export function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** Of its first thread, which is the only one that forks in the programs that we start. */
export function childrenOf(pid: number): readonly number[] {
  const text = readProc(pid, `task/${pid}/children`) ?? "";
  return text.split(" ").filter(Boolean).map(Number);
}

export type ProcUnits = { readonly pageBytes: number; readonly tickNanoseconds: number };

/** AT_PAGESZ and AT_CLKTCK, as getauxval(3) numbers them. */
const pageSizeEntry = 6n;
const ticksPerSecondEntry = 17n;

/** From what the kernel gave this process at its start; machines differ in the size of a page. */
export function procUnits(): ProcUnits {
  const vector = readFileSync("/proc/self/auxv");
  const values = new Map<bigint, bigint>();
  for (let at = 0; at + 16 <= vector.length; at += 16)
    values.set(vector.readBigUInt64LE(at), vector.readBigUInt64LE(at + 8));
  return {
    pageBytes: Number(values.get(pageSizeEntry) ?? 4096n),
    tickNanoseconds: 1e9 / Number(values.get(ticksPerSecondEntry) ?? 100n),
  };
}
