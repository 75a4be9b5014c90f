// The signals by which a person or a supervisor ends a command.
import type { Clock } from "../lib/clock.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One Ctrl-C may arrive twice: from the terminal, and from npm, which passes it on. */
const oneCtrlCMs = 1_000;

/**
 * Resolves at the first signal, or when nobody reads what is printed any more. Another signal, later,
 * ends the process at once: whoever presses Ctrl-C again does not want to wait.
 */
export function untilStopped(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | undefined;
    // As in `dunlin up | head`: whoever closes the pipe has seen enough.
    process.stdout.on("error", () => resolve());
    for (const signal of signals)
      process.on(signal, () => {
        if (askedAtMs !== undefined && clock.nowMs() - askedAtMs > oneCtrlCMs) process.exit(130);
        askedAtMs ??= clock.nowMs();
        resolve();
      });
  });
}
