// What is told beside a result, in Prometheus' own words. A warning says that the query is likely to
// be wrong; an info, that it may be right, but that its author should know.
import { quote } from "./literals.ts";

/** Of a φ that is NaN or outside of [0, 1]. */
export function quantileWarning(φ: number): string | undefined {
  if (φ >= 0 && φ <= 1) return undefined;
  return `PromQL warning: quantile value should be between 0 and 1, got ${shortest(φ)}`;
}

export function bucketLabelWarning(le: string, metricName: string): string {
  const what = `PromQL warning: bucket label "le" is missing or has a malformed value of ${quote(le)}`;
  return metricName === "" ? what : `${what} for metric name ${quote(metricName)}`;
}

export const forcedMonotonicityInfo =
  "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

export const sortInRangeWarning =
  "PromQL warning: sort is ineffective for range queries since results are always ordered by labels";

/** Of a metric that `rate` or `increase` take for a counter, though its name does not say so. */
export function notACounterInfo(metricName: string): string | undefined {
  if (metricName === "" || /_(?:total|sum|count|bucket)$/.test(metricName)) return undefined;
  return `PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metricName)}`;
}

/** As Go's `%g` writes a number: an exponent of at least two digits from 1e+06 on, and below 1e-04. */
function shortest(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Inf" : "+Inf";
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}
