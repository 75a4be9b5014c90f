// Holds containers to their memory limits. An ordinary user has no cgroup to put them in, so memory
// is looked at from time to time: a container may exceed its limit for a moment, and one that grows
// faster than that takes it from the machine. What a limit counts is what belongs to the container
// alone, and its share of what it has together with others.
import { sleep, type Clock } from "../../lib/clock.ts";
import { proportionalMemoryBytes, usageOf } from "./process-usage.ts";

export type LimitedContainer = {
  readonly firstProcess: number;
  readonly limitBytes: number;
  /** Given the processes of the container, and what they use. */
  readonly onExceeded: (pids: readonly number[], usedBytes: number) => void;
};

const memoryCheckMs = 1_000;

/** Runs until the signal aborts. */
export async function guardMemory(
  clock: Clock,
  containers: () => readonly LimitedContainer[],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(clock, memoryCheckMs, signal);
    if (signal.aborted) return;
    const limited = containers();
    const usages = await usageOf(limited.map(({ firstProcess }) => firstProcess));
    for (const { firstProcess, limitBytes, onExceeded } of limited) {
      const usage = usages.get(firstProcess);
      if (!usage || usage.memoryBytes <= limitBytes) continue;
      const usedBytes = proportionalMemoryBytes(usage.pids);
      if (usedBytes > limitBytes) onExceeded(usage.pids, usedBytes);
    }
  }
}
