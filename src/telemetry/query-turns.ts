// Queries of the HTTP API one at a time. Evaluation is synchronous, in the process that also scales:
// between two queries everything else has its turn, and what waits too long is turned away.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../lib/clock.ts";
import { ApiError } from "./api-error.ts";

export type QueryTurns = {
  /**
   * Runs the query when its turn has come, and tells it when it must be done. Rejects with an ApiError
   * where it waited past `timeoutMs`, where the client left, or where too many wait already.
   */
  run<T>(
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
    query: (turn: { readonly deadlineMs: number; readonly queuedMs: number }) => T,
  ): Promise<T>;
};

/** Beyond this a client would have given up before its turn. */
const maxWaiting = 200;

export function queryTurns(clock: Clock): QueryTurns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async run({ timeoutMs, signal }, query) {
      if (waiting >= maxWaiting)
        throw new ApiError("unavailable", `too many queries are waiting: ${waiting}`);
      const askedAtMs = clock.nowMs();
      const deadlineMs = askedAtMs + timeoutMs;
      waiting++;
      const turn = last.then(() => nextTurn());
      last = turn;
      await turn;
      waiting--;
      if (signal.aborted) throw new ApiError("canceled", "query was canceled in query queue");
      const nowMs = clock.nowMs();
      if (nowMs > deadlineMs) throw new ApiError("timeout", "query timed out in query queue");
      return query({ deadlineMs, queuedMs: nowMs - askedAtMs });
    },
  };
}
