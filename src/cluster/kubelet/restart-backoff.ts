// How long a container that ended waits until it is started again: Kubernetes' CrashLoopBackOff. The
// first restart is immediate; then 10 s, doubling to 5 min, until it has run for 10 min.

const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
const forgivenAfterMs = 600_000;

/** `previousMs` is the delay before the last start, undefined when there has been no restart yet. */
export function restartDelayMs(previousMs: number | undefined, ranMs: number): number {
  if (previousMs === undefined || ranMs >= forgivenAfterMs) return 0;
  return nextBackoffMs(previousMs);
}

/** The delay after a delay: none, 10 s, 20 s, … 300 s. Image pulls wait by the same numbers. */
export function nextBackoffMs(previousMs: number): number {
  return previousMs === 0 ? firstDelayMs : Math.min(previousMs * 2, longestDelayMs);
}

/** As Go prints it in the messages of waiting containers: `10s`, `2m40s`, `5m0s`. */
export function backoffText(delayMs: number): string {
  const seconds = Math.round(delayMs / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
