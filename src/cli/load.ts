// A closed-loop load: so many requests in flight at any moment, each followed at once by the next,
// for a fixed time. What hey does with -c and -z.
import { Agent, request } from "node:http";
import type { Clock } from "../lib/clock.ts";

export type LoadOptions = {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  /** The virtual host that is asked for. */
  readonly hostname: string;
  readonly path: string;
  readonly body: string;
  readonly inFlight: number;
  readonly durationMs: number;
  readonly signal: AbortSignal;
};

export type LoadResult = {
  readonly latenciesMs: readonly number[];
  /** How many answers had which outcome: an HTTP status, or the error's code. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly durationMs: number;
};

/** Resolves when the time is over and the last answers are in. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { clock, signal } = options;
  const startedMs = clock.nowMs();
  const latenciesMs: number[] = [];
  const outcomes = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });

  const client = async () => {
    while (!signal.aborted && clock.nowMs() - startedMs < options.durationMs) {
      const sentMs = clock.nowMs();
      const outcome = await exchange(options, agent);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === "200") latenciesMs.push(clock.nowMs() - sentMs);
      // A server that refuses at once must not be asked in a tight loop.
      else await new Promise<void>((resolve) => clock.after(100, resolve));
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, client));
  agent.destroy();
  return { latenciesMs, outcomes, durationMs: clock.nowMs() - startedMs };
}

/** Resolves with the status of the answer, or with the code of what went wrong. */
function exchange(options: LoadOptions, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request(
      {
        agent,
        host: options.host,
        port: options.port,
        path: options.path,
        method: "POST",
        signal: options.signal,
        headers: {
          host: options.hostname,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(options.body),
        },
      },
      (response) => {
        response.resume();
        response.on("end", () => resolve(String(response.statusCode)));
        response.on("error", (error) => resolve(codeOf(error)));
      },
    );
    outgoing.on("error", (error) => resolve(codeOf(error)));
    outgoing.end(options.body);
  });
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}

/** The value below which the given share (0 to 1) of the sorted values lies, by nearest rank. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
