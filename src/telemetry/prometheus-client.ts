// Asks any Prometheus an instant query. It decides nothing: no data is an empty vector, and
// everything that went wrong is thrown as a PrometheusError that names the server and says what.
import type { Clock } from "../lib/clock.ts";
import { isJsonObject } from "../lib/json.ts";
import type { Labels } from "../metrics/labels.ts";
import type { Value, VectorSample } from "../promql/value.ts";

/** What of `fetch` is used, so that another way into the cluster's network can stand in for it. */
export type FetchText = (
  url: string,
  init: {
    readonly method: "GET" | "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

export type PrometheusClientOptions = {
  /** As in a trigger: `http://host:9090`, with or without a path before `/api/v1`. */
  readonly serverAddress: string;
  readonly fetch: FetchText;
  readonly clock: Clock;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

export type QueryResult = Value & { readonly warnings: readonly string[] };

export type PrometheusClient = {
  /** The query's value at `atMs`; aborting the signal rejects as unreachable. */
  query(text: string, atMs: number, signal?: AbortSignal): Promise<QueryResult>;
};

export type PrometheusErrorCode =
  /** No connection, or it broke. */
  | "unreachable"
  | "timeout"
  /** Not 2xx, and no error of Prometheus' own in the body. */
  | "http-status"
  /** An answer that is no answer of a Prometheus. */
  | "not-prometheus"
  /** Prometheus refused the query, or failed at it. */
  | "query-failed"
  /** A matrix, a string or a native histogram. */
  | "unexpected-result";

export class PrometheusError extends Error {
  override readonly name = "PrometheusError";
  readonly code: PrometheusErrorCode;
  readonly serverAddress: string;

  constructor(code: PrometheusErrorCode, serverAddress: string, what: string, cause?: unknown) {
    super(`Prometheus at ${serverAddress}: ${what}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.serverAddress = serverAddress;
  }
}

/** KEDA's default for HTTP, so that a slow server fails in the same places. */
const defaultTimeoutMs = 3000;

/** Longer addresses are cut by servers and proxies on the way; such a query goes in a body. */
const maxUrlLength = 4000;

export function prometheusClient(options: PrometheusClientOptions): PrometheusClient {
  const serverAddress = options.serverAddress.trim().replace(/\/+$/, "");
  const fail = (code: PrometheusErrorCode, what: string, cause?: unknown): never => {
    throw new PrometheusError(code, serverAddress, what, cause);
  };
  return {
    async query(text, atMs, signal) {
      const form = new URLSearchParams({ query: text, time: (atMs / 1000).toFixed(3) });
      const { status, body } = await exchange(options, serverAddress, form, fail, signal);
      const answer = parseJson(body);
      if (!isJsonObject(answer) || (answer["status"] !== "success" && answer["status"] !== "error"))
        return status >= 200 && status < 300
          ? fail("not-prometheus", `the answer is not that of a Prometheus: ${excerpt(body)}`)
          : fail("http-status", `HTTP status ${status}: ${excerpt(body)}`);
      if (answer["status"] === "error")
        return fail("query-failed", `${textOf(answer["errorType"])}: ${textOf(answer["error"])}`);
      const value = valueOf(answer["data"]);
      if (typeof value === "string") return fail("unexpected-result", value);
      const warnings = Array.isArray(answer["warnings"]) ? answer["warnings"].map(textOf) : [];
      return { ...value, warnings };
    },
  };
}

type Fail = (code: PrometheusErrorCode, what: string, cause?: unknown) => never;

async function exchange(
  { fetch, clock, timeoutMs = defaultTimeoutMs, headers = {} }: PrometheusClientOptions,
  serverAddress: string,
  form: URLSearchParams,
  fail: Fail,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  const deadline = new AbortController();
  const cancel = clock.after(timeoutMs, () => deadline.abort());
  const aborted = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  const endpoint = `${serverAddress}/api/v1/query`;
  const url = `${endpoint}?${form.toString()}`;
  const long = url.length > maxUrlLength;
  try {
    const response = await (long
      ? fetch(endpoint, {
          method: "POST",
          headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
          body: form.toString(),
          signal: aborted,
        })
      : fetch(url, { method: "GET", headers, signal: aborted }));
    return { status: response.status, body: await response.text() };
  } catch (error) {
    if (deadline.signal.aborted) return fail("timeout", `no answer within ${timeoutMs} ms`, error);
    return fail("unreachable", `unreachable: ${rootMessageOf(error)}`, error);
  } finally {
    cancel();
  }
}

/** The value, or what is wrong with it. */
function valueOf(data: unknown): Value | string {
  if (!isJsonObject(data)) return "the answer has no data";
  const { resultType, result } = data;
  if (resultType === "scalar") {
    const pair = pairOf(result);
    return pair ? { kind: "scalar", value: pair.value } : "the scalar has no value";
  }
  if (resultType !== "vector")
    return `the query gives a ${textOf(resultType)}, where a vector or a scalar is needed`;
  if (!Array.isArray(result)) return "the vector has no result";
  const samples: VectorSample[] = [];
  for (const item of result as readonly unknown[]) {
    const pair = isJsonObject(item) ? pairOf(item["value"]) : undefined;
    const labels = isJsonObject(item) ? labelsFrom(item["metric"]) : undefined;
    if (!pair || !labels) return "a series has no value; native histograms are not supported yet";
    samples.push({ labels, ...pair });
  }
  return { kind: "vector", samples };
}

function labelsFrom(metric: unknown): Labels | undefined {
  if (!isJsonObject(metric)) return undefined;
  return Object.fromEntries(Object.entries(metric).map(([name, value]) => [name, textOf(value)]));
}

/** `[1435781451.781, "1"]`: seconds, and the value as text. */
function pairOf(pair: unknown): { readonly timeMs: number; readonly value: number } | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [seconds, text] = pair as readonly unknown[];
  if (typeof seconds !== "number" || typeof text !== "string" || text === "") return undefined;
  const value = /^[+-]?inf$/i.test(text)
    ? text.startsWith("-")
      ? -Infinity
      : Infinity
    : Number(text);
  if (Number.isNaN(value) && text !== "NaN") return undefined;
  return { timeMs: Math.round(seconds * 1000), value };
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function excerpt(body: string): string {
  const line = body.replaceAll(/\s+/g, " ").trim();
  if (line === "") return "an empty body";
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line);
}

/** fetch says only "fetch failed"; the reason is in the cause. */
function rootMessageOf(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  if (!(deepest instanceof Error)) return String(deepest);
  return deepest.message !== "" ? deepest.message : deepest.name;
}
