// From the labels of a line to those that its series is stored under: the target's labels, metric
// relabelling, and the job's limits. Pure.
import { fault } from "../metrics/exposition-fault.ts";
import { labelValue, metricNameLabel, type Labels } from "../metrics/labels.ts";
import { relabel } from "./relabel.ts";
import type { ScrapeJob, ScrapeLimits } from "./scrape-job.ts";

export type SampleRules = Pick<ScrapeJob, "honorLabels" | "metricRelabel" | "limits">;

/** Undefined for a sample that relabelling drops. Throws ExpositionFault, which fails the scrape. */
export function sampleLabels(
  exposed: Labels,
  target: Labels,
  { honorLabels, metricRelabel, limits }: SampleRules,
): Labels | undefined {
  const merged = honorLabels ? { ...target, ...exposed } : withTargetLabels(exposed, target);
  const labels = relabel(merged, metricRelabel);
  if (!labels) return undefined;
  if (labelValue(labels, metricNameLabel) === "") fault("missing metric name (__name__ label)");
  checkLimits(labels, limits);
  return labels;
}

/** The target's labels win; one of the same name in the page becomes `exported_…`. */
function withTargetLabels(exposed: Labels, target: Labels): Labels {
  const merged: Record<string, string> = { ...exposed, ...target };
  for (const name of Object.keys(target)) {
    const value = labelValue(exposed, name);
    if (value === "") continue;
    let moved = `exported_${name}`;
    while (Object.hasOwn(merged, moved)) moved = `exported_${moved}`;
    merged[moved] = value;
  }
  return merged;
}

/** Lengths are those of UTF-8, as Prometheus counts them. */
function checkLimits(
  labels: Labels,
  { labels: count, labelNameLength, labelValueLength }: ScrapeLimits,
): void {
  if (count === 0 && labelNameLength === 0 && labelValueLength === 0) return;
  const names = Object.keys(labels);
  const metric = cut(labelValue(labels, metricNameLabel));
  if (count > 0 && names.length > count)
    fault(
      `label_limit exceeded (metric: ${metric}, number of labels: ${names.length}, limit: ${count})`,
    );
  for (const name of names) {
    const value = labelValue(labels, name);
    const [nameLength, valueLength] = [Buffer.byteLength(name), Buffer.byteLength(value)];
    if (labelNameLength > 0 && nameLength > labelNameLength)
      fault(
        `label_name_length_limit exceeded (metric: ${metric}, label name: ${cut(name)}, length: ${nameLength}, limit: ${labelNameLength})`,
      );
    if (labelValueLength > 0 && valueLength > labelValueLength)
      fault(
        `label_value_length_limit exceeded (metric: ${metric}, label name: ${cut(name)}, value: ${JSON.stringify(cut(value))}, length: ${valueLength}, limit: ${labelValueLength})`,
      );
  }
}

const cut = (text: string): string => text.slice(0, 50);
