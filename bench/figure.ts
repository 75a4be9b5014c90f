// What a benchmark gives, and the order statistics and units that it is told in.
import { readFileSync } from "node:fs";

export type Figure = { readonly what: string; readonly aim: string; readonly measured: string };

/** The value at the given share (0 to 1) of the sorted values, by nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function milliseconds(value: number, digits = 1): string {
  return value < 1000 ? `${value.toFixed(digits)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** Resident memory by the kernel's account, in 10⁶ bytes. */
export function residentMegabytes(pid: number): number {
  const [, kilobytes = "NaN"] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
