// The Prometheus HTTP API over the series store, as a function from Request to Response: the part
// that autoscalers, Grafana, promtool and curl ask for. What is not served is refused by name.
import type { Clock } from "../lib/clock.ts";
import { formatDuration } from "../lib/duration.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { budgetOf } from "../promql/budget.ts";
import { asJson, failure, success, type ApiData } from "./api-answer.ts";
import { ApiError } from "./api-error.ts";
import { parametersOf } from "./api-parameters.ts";
import {
  flagsOf,
  formatQuery,
  query,
  queryExemplars,
  queryRange,
  type ApiRequest,
  type QueryOptions,
} from "./api-query.ts";
import { labelNames, labelValues, series, type Work } from "./api-series.ts";
import { buildInfo, runtimeInfo, storeStatus } from "./api-status.ts";
import { metadata, scrapePools, targets, targetsMetadata } from "./api-targets.ts";
import type { OwnMetrics } from "./own-metrics.ts";
import { defaultQueryLimits, type QueryLimits } from "./query-limits.ts";
import { queryTurns } from "./query-turns.ts";
import type { ScrapeView } from "./scrape-view.ts";

export type Handler = (request: Request) => Promise<Response>;

export type PrometheusApiOptions = {
  readonly store: SeriesStore;
  readonly clock: Clock;
  /** Our own version, for /api/v1/status/buildinfo. */
  readonly version: string;
  readonly scrape?: ScrapeView;
  /** Takes what is pushed to /api/v1/write, the body as it came. */
  readonly remoteWrite?: Handler;
  readonly metrics?: OwnMetrics;
  readonly limits?: Partial<QueryLimits>;
};

const nothingScraped: ScrapeView = {
  pools: () => [],
  active: () => [],
  dropped: () => [],
  droppedCounts: () => ({}),
  metadata: () => [],
  configText: () => "",
};

type Endpoint = {
  readonly methods: readonly string[];
  readonly answer: (request: ApiRequest) => ApiData | Promise<ApiData>;
};

export function prometheusApi(options: PrometheusApiOptions): Handler {
  const endpointOf = endpointsOf(options);
  return async (request) => {
    const address = new URL(request.url);
    if (!address.pathname.startsWith(prefix)) return page(request, address.pathname, options);
    try {
      return await route(request, address, endpointOf, options);
    } catch (error) {
      if (error instanceof ApiError) return failure(error);
      return failure(new ApiError("internal", error instanceof Error ? error.message : "failed"));
    }
  };
}

const prefix = "/api/v1/";

/** What stands outside of the API: probes, and our own metrics. */
function page({ method }: Request, path: string, { metrics }: PrometheusApiOptions): Response {
  const text =
    path === "/-/healthy"
      ? "Prometheus Server is Healthy.\n"
      : path === "/-/ready"
        ? "Prometheus Server is Ready.\n"
        : path === "/metrics"
          ? metrics?.page()
          : undefined;
  if (text === undefined) {
    const why = pagesElsewhere[path];
    return new Response(`404 page not found\n${why === undefined ? "" : `${why}\n`}`, {
      status: 404,
    });
  }
  if (method !== "GET" && method !== "HEAD") return notAllowed(["GET", "HEAD"]);
  const type = path === "/metrics" ? "text/plain; version=0.0.4" : "text/plain";
  return new Response(text, { headers: { "content-type": `${type}; charset=utf-8` } });
}

const pagesElsewhere: Readonly<Record<string, string>> = {
  "/federate": "Dunlin does not serve federation; let a Prometheus scrape the same targets.",
  "/graph": "Dunlin has no page for queries; use Grafana or promtool.",
  "/": "Dunlin has no page for queries; use Grafana or promtool.",
};

async function route(
  request: Request,
  address: URL,
  endpointOf: FindEndpoint,
  options: PrometheusApiOptions,
): Promise<Response> {
  const { method, signal } = request;
  const name = address.pathname.slice(prefix.length).replace(/\/$/, "");
  // Without an origin that is allowed, a preflight is answered, and allows nothing.
  if (method === "OPTIONS") return new Response(null, { status: 204 });
  if (name === "write" && options.remoteWrite)
    return method === "POST" ? options.remoteWrite(request) : notAllowed(["POST"]);
  const endpoint = endpointOf(name);
  if (!endpoint) throw notServed(name);
  if (!endpoint.methods.includes(method)) return notAllowed(endpoint.methods);
  const parameters = await parametersOf(request, address);
  return success(await endpoint.answer({ parameters, signal }));
}

const notAllowed = (methods: readonly string[]): Response =>
  new Response("Method Not Allowed\n", { status: 405, headers: { allow: methods.join(", ") } });

const get = ["GET"];
const getOrPost = ["GET", "POST"];

/** By the path behind `/api/v1/`; undefined for what is not served. */
type FindEndpoint = (name: string) => Endpoint | undefined;

/** Looks through series, and says how far it has come. */
type Search = (parameters: URLSearchParams, work: Work) => ApiData;

function endpointsOf(options: PrometheusApiOptions): FindEndpoint {
  const { store, clock, version, scrape = nothingScraped, metrics } = options;
  const startedAtMs = clock.nowMs();
  const limits = { ...defaultQueryLimits, ...options.limits };
  const turns = queryTurns(clock);
  const queries: QueryOptions = {
    store,
    clock,
    limits,
    turns,
    observe: metrics?.observeQuery ?? (() => {}),
  };
  const flags = {
    ...flagsOf(limits),
    "storage.tsdb.retention.time": formatDuration(store.windowMs),
    "web.enable-remote-write-receiver": String(options.remoteWrite !== undefined),
  };
  const getting = (answer: Endpoint["answer"]): Endpoint => ({ methods: get, answer });
  const either = (answer: Endpoint["answer"]): Endpoint => ({ methods: getOrPost, answer });
  // A search may look at as many series as a query, and holds up as much.
  const searching =
    (search: Search): Endpoint["answer"] =>
    ({ parameters, signal }) =>
      turns.run({ timeoutMs: limits.timeoutMs, signal }, ({ deadlineMs }) => {
        const { work } = budgetOf(Infinity, () => {
          if (clock.nowMs() > deadlineMs)
            throw new ApiError("timeout", "timed out while looking for series");
        });
        return search(parameters, work);
      });
  const endpoints = new Map(
    Object.entries({
      query: either((request) => query(request, queries)),
      query_range: either((request) => queryRange(request, queries)),
      query_exemplars: either(queryExemplars),
      format_query: either(formatQuery),
      series: either(searching((parameters, work) => series(parameters, store, work))),
      labels: either(searching((parameters, work) => labelNames(parameters, store, work))),
      metadata: getting(({ parameters }) => metadata(parameters, scrape)),
      targets: getting(({ parameters }) => targets(parameters, scrape)),
      "targets/metadata": getting(({ parameters }) => targetsMetadata(parameters, scrape)),
      scrape_pools: getting(() => scrapePools(scrape)),
      // Rules are evaluated by a Prometheus; here there are none, and clients ask all the same.
      rules: getting(() => asJson({ groups: [] })),
      alerts: getting(() => asJson({ alerts: [] })),
      alertmanagers: getting(() => asJson({ activeAlertmanagers: [], droppedAlertmanagers: [] })),
      "status/buildinfo": getting(() => buildInfo(version)),
      "status/config": getting(() => asJson({ yaml: scrape.configText() })),
      "status/flags": getting(() => asJson(flags)),
      "status/runtimeinfo": getting(() =>
        runtimeInfo({ startedAtMs, nowMs: clock.nowMs(), windowMs: store.windowMs }),
      ),
      "status/tsdb": getting(searching((parameters, work) => storeStatus(parameters, store, work))),
    }),
  );
  return (name) => {
    const [, label] = /^label\/([^/]+)\/values$/.exec(name) ?? [];
    if (label === undefined) return endpoints.get(name);
    return getting(
      searching((parameters, work) => labelValues(decoded(label), parameters, store, work)),
    );
  };
}

/** What Prometheus has and this has not, with what to use in its place where there is something. */
const notServedHere: Readonly<Record<string, string>> = {
  parse_query: "",
  read: "remote read is served by Prometheus",
  write: "",
  "otlp/v1/metrics": "",
  "admin/tsdb/delete_series": "samples go when their window is over",
  "admin/tsdb/clean_tombstones": "samples go when their window is over",
  "admin/tsdb/snapshot": "nothing is kept on disk",
  "status/walreplay": "nothing is kept on disk",
  "status/tsdb/blocks": "nothing is kept on disk",
  notifications: "",
  "notifications/live": "",
  features: "",
};

function notServed(name: string): ApiError {
  const why = Object.hasOwn(notServedHere, name) ? notServedHere[name] : undefined;
  return new ApiError(
    "not_found",
    why === undefined
      ? `unknown endpoint ${prefix}${name}`
      : `endpoint ${prefix}${name} is not supported by Dunlin${why && `: ${why}`}`,
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ApiError("bad_data", `invalid label name: "${part}"`);
  }
}
