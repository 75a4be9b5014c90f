// The one place that reads the machine's clock.
import type { Clock } from "./clock.ts";

export const wallClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
