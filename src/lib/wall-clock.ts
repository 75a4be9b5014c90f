// The one place that reads the machine's clock.
import type { Clock } from "./clock.ts";

/** Node runs a timer of more than this at once. 25 days. */
const longestTimerMs = 2 ** 31 - 1;

export const wallClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    let timer = setTimeout(next, Math.min(Math.max(0, delayMs), longestTimerMs));
    let leftMs = delayMs - longestTimerMs;
    function next(): void {
      if (leftMs <= 0) return run();
      timer = setTimeout(next, Math.min(leftMs, longestTimerMs));
      leftMs -= longestTimerMs;
    }
    return () => clearTimeout(timer);
  },
};
