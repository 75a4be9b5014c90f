// What is wrong with the autoscaling of an InferenceService. Which metrics may be asked for depends on
// the autoscaler class; the text of a target must be one that the autoscaler can read.
import { parseQuantity } from "../lib/quantity.ts";
import { invalid, notSupported, required, type Cause } from "./cause.ts";
import {
  autoscalerClassAnnotation,
  writtenAutoscalerClassOf,
  type AutoScalingMetric,
  type InferenceService,
  type MetricTarget,
} from "./inference-service.ts";

export function autoscalingCauses(service: InferenceService): readonly Cause[] {
  const { predictor } = service.spec;
  const metrics = predictor.autoScaling?.metrics ?? [];
  const each = metrics.flatMap((metric, index) => blockCauses(metric, fieldOf(index)));
  switch (writtenAutoscalerClassOf(service)) {
    case "keda":
      return [
        ...each,
        ...kedaCauses(service),
        ...metrics.flatMap((metric, index) => kedaMetricCauses(metric, fieldOf(index))),
      ];
    case "hpa":
      return [...each, ...hpaCauses(service)];
    case undefined:
    default:
      // As KServe: the metrics of other classes, and of none, are not looked at any closer.
      return each;
  }
}

/** What is accepted, but does not do what its words promise. */
export function autoscalingWarnings(service: InferenceService): readonly string[] {
  const metrics = service.spec.predictor.autoScaling?.metrics ?? [];
  if (writtenAutoscalerClassOf(service) !== "keda")
    return metrics
      .filter(({ type }) => type !== "Resource")
      .map(
        ({ type }) =>
          `spec.predictor.autoScaling.metrics: nothing scales on ${type} metrics unless the annotation ${autoscalerClassAnnotation} is "keda"`,
      );
  return metrics.flatMap((metric, index) => {
    const { type, averageValue, value } = targetOf(metric) ?? {};
    const field = `${fieldOf(index)}.${blockNameOf(metric.type)}.target`;
    if (metric.type === "Resource") return [];
    if (type === "Utilization")
      return [`${field}.type: Utilization means nothing here; value counts, as an AverageValue`];
    if (averageValue !== undefined && `${averageValue}` !== `${value}`)
      return [`${field}.averageValue is not read; value (${value}) is what counts`];
    return [];
  });
}

const fieldOf = (index: number) => `spec.predictor.autoScaling.metrics[${index}]`;

const metricTypes = ["Resource", "External", "PodMetric"];

function blockNameOf(type: AutoScalingMetric["type"]): "resource" | "external" | "podmetric" {
  switch (type) {
    case "Resource":
      return "resource";
    case "External":
      return "external";
    case "PodMetric":
      return "podmetric";
  }
}

function targetOf(metric: AutoScalingMetric): MetricTarget | undefined {
  return metric[blockNameOf(metric.type)]?.target;
}

function blockCauses(metric: AutoScalingMetric, field: string): readonly Cause[] {
  if (!metricTypes.includes(metric.type))
    return [notSupported(`${field}.type`, metric.type, metricTypes)];
  const block = blockNameOf(metric.type);
  if (metric[block] !== undefined) return [];
  return [required(`${field}.${block}`, `must be set for a metric of type ${metric.type}`)];
}

function kedaCauses({ spec }: InferenceService): readonly Cause[] {
  const { scaleMetric, autoScaling } = spec.predictor;
  const causes: Cause[] = [];
  if (scaleMetric !== undefined)
    causes.push(
      invalid(
        "spec.predictor.scaleMetric",
        scaleMetric,
        'is not read with autoscalerClass "keda"; describe the metric in autoScaling.metrics',
      ),
    );
  if ((autoScaling?.metrics ?? []).length === 0)
    causes.push(
      required(
        "spec.predictor.autoScaling.metrics",
        'autoscalerClass "keda" needs at least one metric to scale on',
      ),
    );
  return causes;
}

function kedaMetricCauses(metric: AutoScalingMetric, field: string): readonly Cause[] {
  switch (metric.type) {
    case "Resource":
      return metric.resource
        ? resourceCauses(metric.resource.name, metric.resource.target, `${field}.resource.target`)
        : [];
    case "External":
      return metric.external
        ? [
            ...queryCauses(metric.external.metric.query, `${field}.external.metric.query`),
            ...addressCauses(
              metric.external.metric.serverAddress,
              `${field}.external.metric.serverAddress`,
            ),
            ...targetCauses(metric.external.target, `${field}.external.target`),
          ]
        : [];
    case "PodMetric":
      return metric.podmetric
        ? [
            ...queryCauses(metric.podmetric.metric.query, `${field}.podmetric.metric.query`),
            ...targetCauses(metric.podmetric.target, `${field}.podmetric.target`),
          ]
        : [];
    default:
      // A type that is none of these has been told already.
      return [];
  }
}

function queryCauses(query: string | undefined, field: string): readonly Cause[] {
  if (query !== undefined && query.trim() !== "") return [];
  return [required(field, "says what to scale on, as vllm:num_requests_running")];
}

/** The address may be absent: then the cluster's own Prometheus is asked. */
function addressCauses(address: string | undefined, field: string): readonly Cause[] {
  if (address === undefined || address === "" || /^https?:\/\/[^/]/.test(address)) return [];
  return [
    invalid(field, address, "must start with http:// or https://, as http://prometheus:9090"),
  ];
}

/** KServe reads `value` as the threshold whatever the type says, so it must be there. */
function targetCauses(target: MetricTarget | undefined, field: string): readonly Cause[] {
  const { type, value, averageValue, averageUtilization } = target ?? {};
  if (value === undefined)
    return [
      required(
        `${field}.value`,
        "how much of the metric one replica should carry, as a plain number; " +
          `KServe reads it here for every type${averageValue === undefined ? "" : `: set it to ${averageValue}`}`,
      ),
    ];
  const causes = [...thresholdCauses(value, `${field}.value`)];
  if (type === "AverageValue" && averageValue === undefined)
    causes.push(
      required(
        `${field}.averageValue`,
        `KServe wants it beside value for the type AverageValue; set it to ${value} too`,
      ),
    );
  if (type === "Utilization") causes.push(...percentCauses(averageUtilization, field));
  return causes;
}

/** KEDA reads the threshold as a float: "500m", a fine quantity, would be refused there. */
function thresholdCauses(value: string | number, field: string): readonly Cause[] {
  const text = `${value}`.trim();
  const quantity = parseQuantity(text);
  const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
  if (!plain) {
    const remedy = quantity ? `; write ${Number(quantity.nano) / 1e9}` : "";
    return [invalid(field, value, `must be a plain number without a unit, as 2 or 0.5${remedy}`)];
  }
  if (Number(text) > 0) return [];
  return [
    invalid(field, value, "must be greater than 0: it is the load that one replica should carry"),
  ];
}

/** One mebibyte in nano-units: less is surely a slip of the unit. */
const memoryTargetMin = 1_048_576n * 1_000_000_000n;

function resourceCauses(
  name: string,
  target: MetricTarget | undefined,
  field: string,
): readonly Cause[] {
  const { type = "Utilization", averageValue, averageUtilization } = target ?? {};
  const types = name === "memory" ? ["AverageValue", "Utilization"] : ["Utilization"];
  if (!types.includes(type)) return [notSupported(`${field}.type`, type, types)];
  if (type === "AverageValue") {
    if (averageValue === undefined)
      return [required(`${field}.averageValue`, "how much memory one replica may use, as 2Gi")];
    const quantity = parseQuantity(averageValue);
    if (!quantity || quantity.nano < memoryTargetMin)
      return [invalid(`${field}.averageValue`, averageValue, "must be at least 1Mi")];
    return [];
  }
  return averageUtilization === undefined ? [] : percentCauses(averageUtilization, field);
}

function percentCauses(percent: number | undefined, field: string): readonly Cause[] {
  if (percent === undefined)
    return [required(`${field}.averageUtilization`, "a percentage from 1 to 100")];
  if (percent >= 1 && percent <= 100) return [];
  return [invalid(`${field}.averageUtilization`, percent, "must be from 1 to 100 percent")];
}

function hpaCauses(service: InferenceService): readonly Cause[] {
  const { scaleMetric, scaleTarget, autoScaling } = service.spec.predictor;
  const causes: Cause[] = [];
  if (scaleMetric !== undefined && scaleMetric !== "cpu" && scaleMetric !== "memory")
    causes.push(notSupported("spec.predictor.scaleMetric", scaleMetric, ["cpu", "memory"]));
  if (scaleTarget !== undefined && (scaleTarget < 1 || scaleTarget > 100))
    causes.push(
      invalid("spec.predictor.scaleTarget", scaleTarget, "must be from 1 to 100 percent"),
    );
  for (const [index, { type }] of (autoScaling?.metrics ?? []).entries())
    if (type === "External" || type === "PodMetric")
      causes.push(
        invalid(
          `${fieldOf(index)}.type`,
          type,
          `autoscalerClass "hpa" scales on Resource metrics only; set the annotation ${autoscalerClassAnnotation} to "keda"`,
        ),
      );
  return causes;
}
