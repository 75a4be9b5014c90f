// The prometheus trigger (KEDA's): the value of a query. Where the server is one whose series this
// process holds, the query is evaluated here at the end of each round; any other is asked over HTTP.
import type { SeriesStore } from "../metrics/series-store.ts";
import { selectorsOf, type Expr } from "../promql/ast.ts";
import { formatDiagnostics } from "../promql/diagnostic.ts";
import { evaluateInstant } from "../promql/evaluate.ts";
import { parseQuery } from "../promql/parse.ts";
import { EvaluationError, type Value } from "../promql/value.ts";
import { invalid, notSupported, required, type Cause } from "../resources/cause.ts";
import type { ScaleTrigger, TargetType } from "../resources/scaled-object.ts";
import type { Measurement, RoundSource, Trigger, TriggerFactory } from "./trigger.ts";

/** A Prometheus whose series are here. */
export type LocalPrometheus = { readonly store: SeriesStore; readonly rounds: RoundSource };

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
  if (local)
    return {
      ...common,
      rounds: local.rounds,
      measure: (atMs) => Promise.resolve(measureLocally(settings, local.store, atMs)),
    };
  return {
    ...common,
    async measure(atMs, signal) {
      try {
        const value = await sources.query(serverAddress, query, atMs, signal);
        return measurementOf(value, metricType, podsIn(expr, value));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { kind: "noData", failed: true, detail: `metadata.serverAddress: ${reason}` };
      }
    },
  };
}

function measureLocally(
  { expr, metricType }: Settings,
  store: SeriesStore,
  atMs: number,
): Measurement {
  try {
    const { value } = evaluateInstant(expr, store, atMs);
    return measurementOf(value, metricType, podsOfLeaves(expr, store, atMs));
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { kind: "noData", failed: true, detail: `metadata.query: ${error.message}` };
  }
}

/** Which pods have a sample: an aggregation above the leaves may have dropped the label. */
function podsOfLeaves(
  expr: Expr,
  store: SeriesStore,
  atMs: number,
): ReadonlySet<string> | undefined {
  const pods = new Set<string>();
  let isPerPod = false;
  for (const selector of selectorsOf(expr)) {
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
  const values =
    result.kind === "scalar" ? [result.value] : result.samples.map((sample) => sample.value);
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
