// From one metric of an InferenceService to the trigger it means: an explicit query and target type,
// chosen by the query's shape, so that any KEDA reaches the same count from the same ScaledObject.
// What it does not understand it refuses in words.
import { quantityValue } from "../lib/quantity.ts";
import type { Expr } from "../promql/ast.ts";
import { formatDiagnostics } from "../promql/diagnostic.ts";
import { parseQuery } from "../promql/parse.ts";
import { printExpr } from "../promql/print.ts";
import type { AutoScalingMetric, MetricTarget } from "../resources/inference-service.ts";
import type { ScaleTrigger, TargetType } from "../resources/scaled-object.ts";
import { shapeOf } from "./query-shape.ts";
import type { QueryShape } from "./query-shape.ts";
import { scopeQuery } from "./scope-query.ts";
import type { Scope } from "./scope-query.ts";

export type TriggerResult =
  /** `message` says how the metric was read. */
  | { readonly kind: "trigger"; readonly trigger: ScaleTrigger; readonly message: string }
  /** `field` is relative to the metric: `external.metric.query`. */
  | { readonly kind: "refused"; readonly field: string; readonly message: string };

/** Without a scope the query's selectors stay as they are written. */
export function triggerOf(metric: AutoScalingMetric, scope: Scope | undefined): TriggerResult {
  switch (metric.type) {
    case "External":
      return externalTrigger(metric.external, scope);
    case "PodMetric":
      return refused("type", "PodMetric (OpenTelemetry) is not supported yet; use External");
    case "Resource":
      return refused("type", "Resource (cpu, memory) is not supported yet; use External");
  }
}

const refused = (field: string, message: string): TriggerResult & { kind: "refused" } => ({
  kind: "refused",
  field,
  message,
});

function externalTrigger(
  external: AutoScalingMetric["external"],
  scope: Scope | undefined,
): TriggerResult {
  const { backend, serverAddress, query = "", namespace } = external?.metric ?? {};
  if (backend !== "prometheus")
    return refused(
      "external.metric.backend",
      backend === "graphite"
        ? "graphite needs a queryTime, which an InferenceService cannot say; write a ScaledObject"
        : `the backend must be "prometheus", not ${JSON.stringify(backend ?? "")}`,
    );
  if (!serverAddress) return refused("external.metric.serverAddress", "it is missing");
  const parsed = parseQuery(query);
  if (parsed.kind === "malformed")
    return refused("external.metric.query", formatDiagnostics(query, parsed.diagnostics));
  const threshold = thresholdOf(external?.target ?? {});
  if (threshold.kind === "refused") return threshold;

  const scoped = scope && scopeQuery(parsed.expr, scope);
  const shape = shapeOf(scoped?.expr ?? parsed.expr);
  const type = external?.target?.type;
  const asked = type === "AverageValue" ? "AverageValue" : "Value";
  const read = readingOf(shape, scoped?.expr ?? parsed.expr, asked, threshold.text);
  if (read.kind === "refused") return read;
  const { name } = external?.authenticationRef?.authenticationRef ?? {};
  const authModes = external?.authenticationRef?.authModes;
  return {
    kind: "trigger",
    trigger: {
      type: "prometheus",
      metadata: {
        serverAddress,
        query: printExpr(read.expr),
        threshold: threshold.text,
        ...(namespace && { namespace }),
        ...(authModes && { authModes }),
      },
      metricType: read.metricType,
      ...(name && { authenticationRef: { name } }),
    },
    message: [
      `${query.trim().replaceAll(/\s+/g, " ")} ${read.how}`,
      ...(type !== undefined && type !== read.metricType
        ? [
            ` (target type ${type} read as ${read.metricType === "Value" ? "a value" : "an average"})`,
          ]
        : []),
      ...(scoped ? [] : ["; not narrowed to this service's pods, as the annotation asks"]),
      ...(scoped?.kept.map(
        (selector) => `; ${printExpr(selector)} is left as it is, because it says whom it means`,
      ) ?? []),
    ].join(""),
  };
}

type ShapeReading =
  | {
      readonly kind: "read";
      readonly expr: Expr;
      readonly metricType: TargetType;
      readonly how: string;
    }
  | (TriggerResult & { readonly kind: "refused" });

/**
 * Σ is the sum over the series, v the single value, T the target and n the Ready pods. Series per
 * pod and totals want ⌈Σ/T⌉ whatever type is asked for: read literally, a Value over a total would
 * multiply by n at every step and run to the maximum. An average over pods wants ⌈Σ/T⌉ too, and a
 * level ⌈n·v/T⌉, unless AverageValue is asked for by name: ⌈v/T⌉, which hardly anybody can mean.
 */
function readingOf(
  shape: QueryShape,
  expr: Expr,
  asked: TargetType,
  threshold: string,
): ShapeReading {
  const average = (by: Expr, how: string): ShapeReading => ({
    kind: "read",
    expr: by,
    metricType: "AverageValue",
    how: `${how}, ${threshold} per replica`,
  });
  const doubtful = "; with AverageValue it does not fall as replicas are added: use Value";
  switch (shape.kind) {
    case "perPod":
      return average(sumOf(expr), "keeps pod: scaled by its sum over this service's pods");
    case "total":
      return average(expr, "is a total: scaled by it");
    case "average": {
      if (asked === "Value")
        return average(shape.sum, "averages over pods: scaled by the sum of the same series");
      const read = average(expr, "averages over pods: scaled by that average");
      return read.kind === "read" ? { ...read, how: read.how + doubtful } : read;
    }
    case "level": {
      const how = `is ${shape.what}: scaled to keep it at ${threshold}`;
      return {
        kind: "read",
        expr,
        metricType: asked,
        how: asked === "Value" ? how : how + doubtful,
      };
    }
    case "refused":
      return refused("external.metric.query", shape.why);
  }
}

function sumOf(expr: Expr): Expr {
  return { kind: "aggregation", op: "sum", expr, from: expr.from, to: expr.to };
}

type Threshold =
  | { readonly kind: "threshold"; readonly text: string }
  | (TriggerResult & { readonly kind: "refused" });

/**
 * KServe reads `value` whatever the type says; averageValue stands in where it is absent. The text
 * stays as the user wrote it, unless it has a unit ("500m"), which KEDA could not read.
 */
function thresholdOf({ value, averageValue }: MetricTarget): Threshold {
  const text = value ?? averageValue;
  const field = `external.target.${value === undefined && averageValue !== undefined ? "averageValue" : "value"}`;
  if (text === undefined) return refused(field, "it is missing");
  const number = quantityValue(text);
  if (number === undefined || number <= 0)
    return refused(field, `it must be a quantity above zero, not ${JSON.stringify(text)}`);
  const plain = /^\+?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(String(text).trim());
  return { kind: "threshold", text: plain ? String(text).trim() : String(number) };
}
