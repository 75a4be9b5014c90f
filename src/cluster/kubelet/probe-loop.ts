// Repeats a probe and turns its outcomes into verdicts by the thresholds. While a container is not
// ready it is asked more often than its period says, because every moment until it is found ready
// is capacity that somebody waits for; such extra failures count for nothing.
import { sleep, type Clock } from "../../lib/clock.ts";
import type { Probe } from "../../resources/pod.ts";
import type { ProbeOutcome } from "./probe.ts";

export type ProbeLoop = {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly once: (signal: AbortSignal) => Promise<ProbeOutcome>;
  /** Where the container stands before the first probe: alive, but neither ready nor started. */
  readonly healthy: boolean;
  /** Whether the way from unhealthy to healthy is worth the extra probes. */
  readonly eager: boolean;
  readonly onVerdict: (healthy: boolean) => void;
  /** Each failure that counts. */
  readonly onFailure: (message: string) => void;
};

const shortestDelayMs = 20;
/** Found ready at most this much of the time that it took later than it could have been. */
const tolerableLateness = 0.05;

/** Runs until the signal aborts. */
export async function runProbeLoop(loop: ProbeLoop, signal: AbortSignal): Promise<void> {
  const { probe, clock, once, eager } = loop;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  await sleep(clock, (probe.initialDelaySeconds ?? 0) * 1000, signal);
  let healthy = loop.healthy;
  let sinceMs = clock.nowMs();
  /** The next failure counts from then on. An eager loop gives a container one period to come up. */
  let countsFromMs = eager ? sinceMs + periodMs : sinceMs;
  let inARow = 0;
  let lastWasSuccess: boolean | undefined;
  while (!signal.aborted) {
    const outcome = await once(signal);
    if (signal.aborted) return;
    const nowMs = clock.nowMs();
    const good = outcome.kind === "success";
    const counts = good || healthy || !eager || nowMs >= countsFromMs;
    if (counts) {
      countsFromMs = nowMs + periodMs;
      inARow = good === lastWasSuccess ? inARow + 1 : 1;
      lastWasSuccess = good;
      if (outcome.kind === "failure") loop.onFailure(outcome.message);
      if (inARow >= thresholdOf(probe, good)) {
        if (good !== healthy) sinceMs = nowMs;
        healthy = good;
        loop.onVerdict(healthy);
      }
    }
    const hurry = eager && !healthy && !good;
    await sleep(clock, hurry ? eagerDelayMs(nowMs - sinceMs, periodMs) : periodMs, signal);
  }
}

/** The wait before the next probe of a container that has been unready for `unreadyMs`. */
export function eagerDelayMs(unreadyMs: number, periodMs: number): number {
  return Math.min(periodMs, Math.max(shortestDelayMs, unreadyMs * tolerableLateness));
}

function thresholdOf(probe: Probe, good: boolean): number {
  return good ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
}
