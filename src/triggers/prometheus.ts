// The prometheus trigger (KEDA's): the value of a query. Where the server is one whose series this
// process holds, the query is evaluated here at the end of each round; any other is asked over HTTP.
import type { SeriesStore } from "../metrics/series-store.ts";
import { selectorsOf, walk, type Expr, type VectorSelector } from "../promql/ast.ts";
import { formatDiagnostics } from "../promql/diagnostic.ts";
import { evaluateInstant } from "../promql/evaluate.ts";
import { parseQuery } from "../promql/parse.ts";
import { EvaluationError, type Value } from "../promql/value.ts";
import { invalid, notSupported, required, type Cause } from "../resources/cause.ts";
import type { ScaleTrigger, TargetType } from "../resources/scaled-object.ts";
import type { MissingTarget, Round } from "../telemetry/round.ts";
import type { Measurement, Moment, Trigger, TriggerFactory } from "./trigger.ts";

/** A Prometheus whose series are here. */
export type LocalPrometheus = {
  readonly store: SeriesStore;
  readonly rounds: {
    subscribe(expr: Expr, listener: (round: Round) => void): () => void;
  };
};

/** Asks a server over HTTP for the value of a query; throws an Error that says what went wrong. */
export type RemoteQuery = (
  serverAddress: string,
  query: string,
  atMs: number,
  signal: AbortSignal,
) => Promise<Value>;

export type PrometheusSources = {
  /** By the address that manifests name, without a slash at the end. */
  readonly local: ReadonlyMap<string, LocalPrometheus>;
  readonly query: RemoteQuery;
  /** Servers of which it is known how often they scrape; they are polled as often. */
  readonly scraped?: ReadonlyMap<string, { readonly intervalMs: number }>;
};

type Settings = {
  readonly serverAddress: string;
  readonly query: string;
  readonly expr: Expr;
  readonly target: number;
  readonly activation: number;
  readonly metricType: TargetType;
};

export function prometheusTriggers(sources: PrometheusSources): TriggerFactory {
  return (spec, index) => {
    const settings = settingsOf(spec, `spec.triggers[${index}]`);
    if ("causes" in settings) return { kind: "invalid", causes: settings.causes };
    return { kind: "trigger", trigger: triggerOf(settings, `s${index}-prometheus`, sources) };
  };
}

function triggerOf(settings: Settings, metricName: string, sources: PrometheusSources): Trigger {
  const { serverAddress, query, expr, target, activation, metricType } = settings;
  const common = { type: "prometheus", metricName, query, target, activation, metricType };
  const local = sources.local.get(serverAddress);
  if (local) {
    const selectors = selectorsOf(expr);
    return {
      ...common,
      rounds: (listener) => local.rounds.subscribe(expr, listener),
      measure: (moment) =>
        Promise.resolve(measureLocally(settings, selectors, local.store, moment)),
    };
  }
  const pollIntervalMs = sources.scraped?.get(serverAddress)?.intervalMs;
  return {
    ...common,
    ...(pollIntervalMs !== undefined && { pollIntervalMs }),
    async measure({ atMs }, signal) {
      try {
        const value = await sources.query(serverAddress, query, atMs, signal);
        const measured = measurementOf(value, metricType, podsIn(expr, value));
        return isIdle(measured) && scalarArguments(expr).length > 0 ? scalarOfNothing : measured;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { kind: "noData", failed: true, detail: `metadata.serverAddress: ${reason}` };
      }
    },
  };
}

function measureLocally(
  { expr, metricType }: Settings,
  selectors: readonly VectorSelector[],
  store: SeriesStore,
  { atMs, missing }: Moment,
): Measurement {
  try {
    const { value } = evaluateInstant(expr, store, atMs);
    const pods = podsOfLeaves(selectors, store, atMs);
    // A pod of which one page is missing has given a part of its load at most.
    for (const { labels, isKnown } of missing) if (isKnown) pods?.delete(labels["pod"] ?? "");
    const measured = measurementOf(value, metricType, pods);
    const isLost =
      isIdle(measured) && scalarArguments(expr).some((each) => !isOneSeries(each, store, atMs));
    return explained(isLost ? scalarOfNothing : measured, missing);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { kind: "noData", failed: true, detail: `metadata.query: ${error.message}` };
  }
}

/**
 * scalar() turns an absence of data, and a second series, into NaN, which would count as idle. Over HTTP
 * it is not seen which of the two a NaN is, and to hold is the safe one.
 */
const scalarOfNothing: Measurement = {
  kind: "noData",
  failed: false,
  detail:
    "the query returned NaN, as scalar() does for no series and for several; sum() in its place tells them apart",
};

const isIdle = (measured: Measurement): boolean => measured.kind === "value" && measured.idle;

function scalarArguments(expr: Expr): readonly Expr[] {
  const found: Expr[] = [];
  walk(expr, (node) => {
    if (node.kind === "call" && node.name === "scalar") found.push(...node.args);
  });
  return found;
}

function isOneSeries(expr: Expr, store: SeriesStore, atMs: number): boolean {
  const { value } = evaluateInstant(expr, store, atMs);
  return value.kind === "vector" && value.samples.length === 1;
}

/** Where there is no data, whose fault that is. */
function explained(measurement: Measurement, missing: readonly MissingTarget[]): Measurement {
  if (measurement.kind !== "noData" || measurement.failed) return measurement;
  const named = missing.map(({ labels, error }) => {
    const { namespace, pod, instance } = labels;
    return `${pod === undefined ? instance : `${namespace}/${pod}`}: ${error}`;
  });
  const [first] = named.toSorted((a, b) => a.localeCompare(b));
  if (first === undefined) return measurement;
  const others = named.length > 1 ? ` (and ${named.length - 1} more)` : "";
  return { ...measurement, detail: `${measurement.detail}; scraping ${first}${others}` };
}

/** Which pods have a sample: an aggregation above the leaves may have dropped the label. */
function podsOfLeaves(
  selectors: readonly VectorSelector[],
  store: SeriesStore,
  atMs: number,
): Set<string> | undefined {
  const pods = new Set<string>();
  let isPerPod = false;
  for (const selector of selectors) {
    isPerPod ||= selector.matchers.some(({ label }) => label === "pod");
    const { value } = evaluateInstant(selector, store, atMs);
    if (value.kind !== "vector") continue;
    for (const { labels } of value.samples) {
      const pod = labels["pod"];
      if (pod !== undefined) pods.add(pod);
    }
  }
  return isPerPod || pods.size > 0 ? pods : undefined;
}

/** Over HTTP only the result is seen: pods are known when it keeps the label. */
function podsIn(expr: Expr, value: Value): ReadonlySet<string> | undefined {
  if (value.kind !== "vector" || expr.kind !== "vectorSelector") return undefined;
  const pods = value.samples.flatMap(({ labels }) => labels["pod"] ?? []);
  return pods.length > 0 ? new Set(pods) : undefined;
}

/**
 * Several series are summed for AverageValue, where KEDA fails, and refused for Value, where no one
 * value is meant. An absent series is no data, which is not zero.
 */
function measurementOf(
  result: Value,
  metricType: TargetType,
  pods: ReadonlySet<string> | undefined,
): Measurement {
  const values = numbersOf(result);
  if (!values)
    return {
      kind: "noData",
      failed: true,
      detail: `metadata.query: gives a ${result.kind}, where a vector or a scalar is needed`,
    };
  if (values.length === 0)
    return { kind: "noData", failed: false, detail: "the query returned no series" };
  if (values.length > 1 && metricType === "Value")
    return {
      kind: "noData",
      failed: true,
      detail:
        `metadata.query: returned ${values.length} series, and metricType Value means one; ` +
        "aggregate them, or use AverageValue, which sums them",
    };
  const infinite = values.find((value) => Math.abs(value) === Number.POSITIVE_INFINITY);
  if (infinite !== undefined)
    return { kind: "noData", failed: false, detail: `the query returned ${infinite}` };
  const numbers = values.filter((value) => !Number.isNaN(value));
  const value = numbers.reduce((sum, each) => sum + each, 0);
  return { kind: "value", value, series: values.length, idle: numbers.length === 0, pods };
}

function numbersOf(result: Value): readonly number[] | undefined {
  if (result.kind === "scalar") return [result.value];
  return result.kind === "vector" ? result.samples.map(({ value }) => value) : undefined;
}

function settingsOf(
  { metadata, metricType, authenticationRef }: ScaleTrigger,
  path: string,
): Settings | { readonly causes: readonly Cause[] } {
  const causes: Cause[] = [];
  const text = (key: string): string => {
    const value = metadata[key]?.trim() ?? "";
    if (value === "")
      causes.push(required(`${path}.metadata.${key}`, "the prometheus trigger needs it"));
    return value;
  };
  const number = (key: string, value: string): number => {
    const parsed = value === "" ? Number.NaN : Number(value);
    if (!Number.isFinite(parsed) && value !== "")
      causes.push(
        invalid(
          `${path}.metadata.${key}`,
          value,
          "must be a plain number without a unit, as 2 or 0.5",
        ),
      );
    return parsed;
  };
  const serverAddress = text("serverAddress").replace(/\/+$/, "");
  if (serverAddress !== "" && !/^https?:\/\/[^/]/.test(serverAddress))
    causes.push(
      invalid(
        `${path}.metadata.serverAddress`,
        serverAddress,
        "must start with http:// or https://",
      ),
    );
  const query = text("query");
  const parsed = parseQuery(query);
  if (parsed.kind === "malformed" && query !== "")
    causes.push(
      invalid(`${path}.metadata.query`, query, formatDiagnostics(query, parsed.diagnostics)),
    );
  const threshold = text("threshold");
  const target = number("threshold", threshold);
  if (target <= 0) causes.push(invalid(`${path}.metadata.threshold`, threshold, "must be above 0"));
  const activation = number("activationThreshold", metadata["activationThreshold"]?.trim() ?? "0");
  if (metricType === "Utilization")
    causes.push(notSupported(`${path}.metricType`, metricType, ["AverageValue", "Value"]));
  if (authenticationRef)
    causes.push(
      invalid(
        `${path}.authenticationRef.name`,
        authenticationRef.name,
        "authentication is not supported yet; use a server that needs none",
      ),
    );
  if (causes.length > 0 || parsed.kind === "malformed") return { causes };
  return {
    serverAddress,
    query,
    expr: parsed.expr,
    target,
    activation,
    metricType: metricType === "Value" ? "Value" : "AverageValue",
  };
}
