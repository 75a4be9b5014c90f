// The Prometheus HTTP API over the series store, as a function from Request to Response: the part
// that autoscalers, promtool and curl ask for. What is not served yet is refused by name.
import type { Clock } from "../lib/clock.ts";
import { formatDuration } from "../lib/duration.ts";
import { formatTimestamp, parseTimestamp } from "../lib/timestamp.ts";
import { writeNumber } from "../metrics/exposition-writer.ts";
import { labelValue } from "../metrics/labels.ts";
import type { Series } from "../metrics/series.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { formatDiagnostics } from "../promql/diagnostic.ts";
import { evaluateInstant } from "../promql/evaluate.ts";
import { parseQuery } from "../promql/parse.ts";
import { matchersOf } from "../promql/selectors.ts";
import { EvaluationError, type Value } from "../promql/value.ts";
import type { TargetStatus } from "./scraper.ts";

export type PrometheusApiOptions = {
  readonly store: SeriesStore;
  readonly clock: Clock;
  /** Our own version, for /api/v1/status/buildinfo. */
  readonly version: string;
  /** What is scraped, for /api/v1/targets. */
  readonly scrape?: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    targets(): readonly TargetStatus[];
  };
};

export type Handler = (request: Request) => Promise<Response>;

export function prometheusApi(options: PrometheusApiOptions): Handler {
  return async (request) => {
    try {
      return await route(request, options);
    } catch (error) {
      if (error instanceof ApiError) return failure(error.type, error.message);
      if (error instanceof EvaluationError) return failure("execution", error.message);
      return failure("internal", error instanceof Error ? error.message : String(error));
    }
  };
}

/** Prometheus' error types and the status that goes with each. */
const statuses = { bad_data: 400, not_found: 404, execution: 422, internal: 500 } as const;
type ErrorType = keyof typeof statuses;

class ApiError extends Error {
  readonly type: ErrorType;
  constructor(type: ErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

type Success = { readonly data: unknown; readonly warnings?: readonly string[] };

const notServedYet = [
  "query_range",
  "query_exemplars",
  "format_query",
  "parse_query",
  "metadata",
  "rules",
  "alerts",
  "alertmanagers",
  "read",
  "write",
  "otlp/v1/metrics",
  "status/config",
  "status/flags",
  "status/runtimeinfo",
  "status/tsdb",
  "status/walreplay",
  "targets/metadata",
];

async function route(request: Request, options: PrometheusApiOptions): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/-/healthy") return new Response("Prometheus Server is Healthy.\n");
  if (pathname === "/-/ready") return new Response("Prometheus Server is Ready.\n");
  const endpoint = pathname.startsWith("/api/v1/") ? pathname.slice("/api/v1/".length) : undefined;
  if (endpoint === undefined) return new Response("404 page not found\n", { status: 404 });
  const posting = ["query", "series", "labels"].includes(endpoint);
  if (request.method !== "GET" && !(posting && request.method === "POST"))
    return new Response("Method Not Allowed\n", { status: 405 });
  const parameters = await parametersOf(request);
  const values = /^label\/([^/]+)\/values$/.exec(endpoint);
  if (values) return success(labelValues(decoded(values[1] ?? ""), parameters, options));
  switch (endpoint) {
    case "query":
      return success(query(parameters, options));
    case "series":
      return success(series(parameters, options));
    case "labels":
      return success(labelNames(parameters, options));
    case "targets":
      return success(targets(options));
    case "status/buildinfo":
      return success({ data: buildInfo(options.version) });
    default:
      throw new ApiError(
        "not_found",
        notServedYet.includes(endpoint)
          ? `endpoint /api/v1/${endpoint} is not supported by Dunlin yet`
          : `unknown endpoint /api/v1/${endpoint}`,
      );
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ApiError("bad_data", `invalid label name: "${part}"`);
  }
}

/** Those of the address, and of a form in the body. */
async function parametersOf(request: Request): Promise<URLSearchParams> {
  const { searchParams } = new URL(request.url);
  if (request.method !== "POST") return searchParams;
  const merged = new URLSearchParams(await request.text());
  for (const [name, value] of searchParams) merged.append(name, value);
  return merged;
}

function success({ data, warnings = [] }: Success): Response {
  return Response.json({ status: "success", data, ...(warnings.length > 0 ? { warnings } : {}) });
}

function failure(errorType: ErrorType, error: string): Response {
  const body = { status: "error", errorType, error };
  return Response.json(body, { status: statuses[errorType] });
}

function query(parameters: URLSearchParams, { store, clock }: PrometheusApiOptions): Success {
  const text = parameters.get("query") ?? "";
  const atMs = timeParameter(parameters, "time") ?? clock.nowMs();
  const parsed = parseQuery(text);
  if (parsed.kind === "malformed")
    throw badParameter("query", formatDiagnostics(text, parsed.diagnostics));
  const { value, warnings } = evaluateInstant(parsed.expr, store, atMs);
  return { data: { resultType: value.kind, result: resultOf(value, atMs) }, warnings };
}

function resultOf(value: Value, atMs: number): unknown {
  if (value.kind === "scalar") return [atMs / 1000, writeNumber(value.value)];
  if (value.kind === "string") return [atMs / 1000, value.value];
  if (value.kind === "matrix")
    return value.series.map(({ labels, timesMs, values }) => ({
      metric: labels,
      values: Array.from(timesMs, (timeMs, index) => [
        timeMs / 1000,
        writeNumber(values[index] ?? NaN),
      ]),
    }));
  return value.samples.map((sample) => ({
    metric: sample.labels,
    value: [sample.timeMs / 1000, writeNumber(sample.value)],
  }));
}

function series(parameters: URLSearchParams, options: PrometheusApiOptions): Success {
  if (!parameters.has("match[]")) throw new ApiError("bad_data", "no match[] parameter provided");
  const found = selected(parameters, options).map(({ labels }) => labels);
  return limited(found, parameters);
}

function labelNames(parameters: URLSearchParams, options: PrometheusApiOptions): Success {
  const names = new Set<string>();
  for (const { labels } of selected(parameters, options))
    for (const name of Object.keys(labels)) names.add(name);
  return limited([...names].toSorted(), parameters);
}

function labelValues(
  name: string,
  parameters: URLSearchParams,
  options: PrometheusApiOptions,
): Success {
  const found = selected(parameters, options).map(({ labels }) => labelValue(labels, name));
  const values = new Set(found.filter((value) => value !== ""));
  return limited([...values].toSorted(), parameters);
}

/** The series that any of the `match[]` selectors takes, or all of them if there is none. */
function selected(parameters: URLSearchParams, { store }: PrometheusApiOptions): readonly Series[] {
  // One millisecond less, because the store's ranges leave out their older end.
  const afterMs = (timeParameter(parameters, "start") ?? -Infinity) - 1;
  const untilMs = timeParameter(parameters, "end") ?? Infinity;
  if (!parameters.has("match[]")) return store.select([], afterMs, untilMs);
  const found = new Set<Series>();
  for (const text of parameters.getAll("match[]")) {
    const parsed = parseQuery(text);
    if (parsed.kind === "malformed")
      throw badParameter("match[]", formatDiagnostics(text, parsed.diagnostics));
    if (parsed.expr.kind !== "vectorSelector")
      throw badParameter("match[]", 'expected a series selector, as up{job="a"}');
    for (const match of store.select(matchersOf(parsed.expr), afterMs, untilMs)) found.add(match);
  }
  return [...found];
}

function limited(items: readonly unknown[], parameters: URLSearchParams): Success {
  const text = parameters.get("limit");
  if (text === null) return { data: items };
  if (!/^\d+$/.test(text)) throw badParameter("limit", "limit must be non-negative");
  const limit = Number(text);
  if (limit === 0 || items.length <= limit) return { data: items };
  return { data: items.slice(0, limit), warnings: ["results truncated due to limit"] };
}

/** RFC 3339, or seconds since the epoch with fractions. */
function timeParameter(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === "") return undefined;
  const timeMs = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)
    ? Math.round(Number(text) * 1000)
    : parseTimestamp(text);
  if (timeMs === undefined)
    throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return timeMs;
}

function badParameter(name: string, why: string): ApiError {
  return new ApiError("bad_data", `invalid parameter "${name}": ${why}`);
}

function targets({ scrape }: PrometheusApiOptions): Success {
  const activeTargets = (scrape?.targets() ?? []).map(({ target, ...status }) => ({
    discoveredLabels: {},
    labels: target.labels,
    scrapePool: labelValue(target.labels, "job"),
    scrapeUrl: target.url,
    globalUrl: target.url,
    lastError: status.lastError,
    lastScrape: formatTimestamp(status.lastScrapeAtMs ?? 0),
    lastScrapeDuration: status.lastDurationMs / 1000,
    health: status.health,
    scrapeInterval: formatDuration(scrape?.intervalMs ?? 0),
    scrapeTimeout: formatDuration(scrape?.timeoutMs ?? 0),
  }));
  return { data: { activeTargets, droppedTargets: [], droppedTargetCounts: {} } };
}

function buildInfo(version: string): unknown {
  // Clients choose features by the version of Prometheus, so this names the one whose rules the
  // evaluator follows; the revision says what it really is.
  return {
    version: "3.0.0",
    revision: `dunlin ${version}`,
    branch: "",
    buildUser: "",
    buildDate: "",
    goVersion: "",
  };
}
