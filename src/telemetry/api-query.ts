// The endpoints of the Prometheus API that evaluate, print or look into a query.
import { formatDuration } from "../lib/duration.ts";
import type { Clock } from "../lib/clock.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import type { Expr } from "../promql/ast.ts";
import { typeOf } from "../promql/check.ts";
import { evaluateInstant, evaluateRange, type Evaluation } from "../promql/evaluate.ts";
import { printExpr } from "../promql/print.ts";
import { EvaluationError } from "../promql/value.ts";
import { asJson, writeValue, type ApiData } from "./api-answer.ts";
import { ApiError, badParameter } from "./api-error.ts";
import {
  durationOf,
  durationParameter,
  limitParameter,
  queryParameter,
  requiredDuration,
  requiredTime,
  timeParameter,
} from "./api-parameters.ts";
import type { QueryLimits } from "./query-limits.ts";
import type { QueryTurns } from "./query-turns.ts";

export type QueryOptions = {
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly limits: QueryLimits;
  readonly turns: QueryTurns;
  /** Told of every query that was evaluated, or failed at it. */
  readonly observe: (query: ObservedQuery) => void;
};

export type ObservedQuery = {
  readonly type: "instant" | "range";
  readonly durationMs: number;
  readonly outcome: "success" | "execution" | "timeout" | "limit";
};

/** `parameters` and the signal that aborts when the client leaves. */
export type ApiRequest = { readonly parameters: URLSearchParams; readonly signal: AbortSignal };

/** What Prometheus' evaluation takes from its caller. */
type Evaluate = (options: {
  readonly lookbackMs: number;
  readonly maxSamples: number;
  readonly checkpoint: () => void;
  readonly queryText: string;
}) => Evaluation;

export async function query(request: ApiRequest, options: QueryOptions): Promise<ApiData> {
  const { parameters } = request;
  const { store, clock } = options;
  const atMs = timeParameter(parameters, "time") ?? clock.nowMs();
  const expr = queryParameter(parameters);
  return evaluated(request, options, { type: "instant", atMs, expr }, (settings) =>
    evaluateInstant(expr, store, atMs, settings),
  );
}

export async function queryRange(request: ApiRequest, options: QueryOptions): Promise<ApiData> {
  const { parameters } = request;
  const { store, limits } = options;
  const startMs = requiredTime(parameters, "start");
  const endMs = requiredTime(parameters, "end");
  if (endMs < startMs) throw badParameter("end", "end timestamp must not be before start time");
  const stepMs = Math.round(requiredDuration(parameters, "step"));
  if (stepMs <= 0)
    throw badParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  if ((endMs - startMs) / stepMs > limits.maxPoints)
    throw new ApiError(
      "bad_data",
      `exceeded maximum resolution of ${limits.maxPoints.toLocaleString("en")} points per ` +
        "timeseries. Try decreasing the query resolution (?step=XX)",
    );
  const expr = queryParameter(parameters);
  const type = typeOf(expr);
  if (type === "range" || type === "string")
    throw badParameter(
      "query",
      `invalid expression type "${type === "range" ? "range vector" : type}" for range query, ` +
        "must be Scalar or instant Vector",
    );
  return evaluated(request, options, { type: "range", atMs: startMs, expr }, (settings) =>
    evaluateRange(expr, store, { startMs, endMs, stepMs }, settings),
  );
}

async function evaluated(
  { parameters, signal }: ApiRequest,
  { clock, limits, turns, observe }: QueryOptions,
  { type, atMs, expr }: { type: ObservedQuery["type"]; atMs: number; expr: Expr },
  evaluate: Evaluate,
): Promise<ApiData> {
  const askedMs = durationParameter(parameters, "timeout") ?? Infinity;
  const timeoutMs = Math.min(limits.timeoutMs, Math.max(0, askedMs));
  const lookbackMs = lookbackOf(parameters) ?? limits.lookbackMs;
  const limit = limitParameter(parameters);
  const queryText = parameters.get("query") ?? "";
  const wantsStats = (parameters.get("stats") ?? "") !== "";
  return turns.run({ timeoutMs, signal }, ({ deadlineMs, queuedMs }) => {
    // Finer than the clock, which counts in milliseconds: most queries take less than one.
    const startedMs = performance.now();
    const done = (outcome: ObservedQuery["outcome"]): number => {
      const durationMs = performance.now() - startedMs;
      observe({ type, durationMs, outcome });
      return durationMs;
    };
    const checkpoint = (): void => {
      if (clock.nowMs() > deadlineMs)
        throw new EvaluationError("query timed out in expression evaluation", expr, "timeout");
    };
    try {
      const evaluation = evaluate({
        lookbackMs,
        maxSamples: limits.maxSamples,
        checkpoint,
        queryText,
      });
      const written = writeValue(evaluation.value, { atMs, limit, checkpoint });
      const durationMs = done("success");
      const stats = wantsStats ? `,"stats":${statsOf(durationMs, queuedMs)}` : "";
      return {
        json: `{${written.json}${stats}}`,
        warnings: [...firstOf(evaluation.warnings, "warning"), ...written.warnings],
        infos: firstOf(evaluation.infos, "info"),
      };
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      done(error.kind);
      throw new ApiError(error.kind === "timeout" ? "timeout" : "execution", error.message);
    }
  });
}

/** As many as Prometheus shows. */
const maxAnnotations = 10;

function firstOf(annotations: readonly string[], kind: string): readonly string[] {
  const omitted = annotations.length - maxAnnotations;
  if (omitted <= 0) return annotations;
  return [...annotations.slice(0, maxAnnotations), `${omitted} more ${kind} annotations omitted`];
}

function lookbackOf(parameters: URLSearchParams): number | undefined {
  const text = parameters.get("lookback_delta") ?? "";
  if (text === "") return undefined;
  const lookbackMs = durationOf(text);
  if (typeof lookbackMs === "string")
    throw new ApiError("bad_data", `error parsing lookback delta duration: ${lookbackMs}`);
  return lookbackMs > 0 ? lookbackMs : undefined;
}

/** Of Prometheus' statistics those that are known here, in seconds. */
function statsOf(durationMs: number, queuedMs: number): string {
  return JSON.stringify({
    timings: {
      evalTotalTime: durationMs / 1000,
      execQueueTime: queuedMs / 1000,
      execTotalTime: (durationMs + queuedMs) / 1000,
    },
  });
}

export function formatQuery({ parameters }: ApiRequest): ApiData {
  return asJson(printExpr(queryParameter(parameters)));
}

/** No exemplars are kept; the request is held to what Prometheus asks of it all the same. */
export function queryExemplars({ parameters }: ApiRequest): ApiData {
  const startMs = timeParameter(parameters, "start") ?? -Infinity;
  const endMs = timeParameter(parameters, "end") ?? Infinity;
  if (endMs < startMs)
    throw new ApiError("bad_data", "end timestamp must not be before start timestamp");
  queryParameter(parameters);
  return asJson([]);
}

/** As flags, in which Prometheus shows them. */
export const flagsOf = ({ timeoutMs, maxSamples, lookbackMs }: QueryLimits) => ({
  "query.lookback-delta": formatDuration(lookbackMs),
  "query.max-concurrency": "1",
  "query.max-samples": String(maxSamples),
  "query.timeout": formatDuration(timeoutMs),
});
