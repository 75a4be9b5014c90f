// From the labels that discovery found to a target: the job's defaults, relabelling, and what the
// `__…` labels then say of its address. Pure.
import { formatDuration, parseDuration } from "../lib/duration.ts";
import { labelsOf, type Labels } from "../metrics/labels.ts";
import { relabel } from "./relabel.ts";
import type { ScrapeJob } from "./scrape-job.ts";

export type FoundTarget = {
  readonly kind: "target";
  readonly url: string;
  /** Put on every series of the target; without any that begin with `__`. */
  readonly labels: Labels;
  readonly discoveredLabels: Labels;
  readonly intervalMs: number;
  readonly timeoutMs: number;
};

export type TargetOutcome =
  | FoundTarget
  | { readonly kind: "dropped"; readonly discoveredLabels: Labels }
  | { readonly kind: "invalid"; readonly reason: string };

/** `discovered` has at least `__address__`; what it says goes before what the job says. */
export function targetOf(discovered: Labels, job: ScrapeJob): TargetOutcome {
  const params = Object.entries(job.params).map(([name, values]): readonly [string, string] => [
    `__param_${name}`,
    values[0] ?? "",
  ]);
  const discoveredLabels = labelsOf(
    Object.entries({
      job: job.name,
      __scheme__: job.scheme,
      __metrics_path__: job.metricsPath,
      __scrape_interval__: formatDuration(job.intervalMs),
      __scrape_timeout__: formatDuration(job.timeoutMs),
      ...Object.fromEntries(params),
      ...labelsOf(Object.entries(discovered)),
    }),
  );
  const labels = relabel(discoveredLabels, job.relabel);
  if (!labels) return { kind: "dropped", discoveredLabels };
  const address = labels["__address__"] ?? "";
  const url = urlOf(address, labels, job);
  if ("reason" in url) return { kind: "invalid", reason: url.reason };
  const intervalMs = positiveDuration(labels, "__scrape_interval__");
  if (typeof intervalMs === "string") return { kind: "invalid", reason: intervalMs };
  const timeoutMs = positiveDuration(labels, "__scrape_timeout__");
  if (typeof timeoutMs === "string") return { kind: "invalid", reason: timeoutMs };
  if (timeoutMs > intervalMs)
    return {
      kind: "invalid",
      reason: `scrape timeout cannot be greater than scrape interval (${labels["__scrape_timeout__"]} > ${labels["__scrape_interval__"]})`,
    };
  const shown = Object.entries({ instance: address, ...labels }).filter(
    ([name]) => !name.startsWith("__"),
  );
  return {
    kind: "target",
    url: url.text,
    labels: labelsOf(shown),
    discoveredLabels,
    intervalMs,
    timeoutMs,
  };
}

function urlOf(
  address: string,
  labels: Labels,
  job: ScrapeJob,
): { readonly text: string } | { readonly reason: string } {
  if (address === "") return { reason: "no address" };
  const scheme = labels["__scheme__"] ?? "";
  if (scheme !== "http" && scheme !== "https")
    return { reason: `unsupported scheme ${JSON.stringify(scheme)}; it is http or https` };
  const origin = `${scheme}://${address}`;
  if (/[/?#@\s]/.test(address) || !URL.canParse(origin))
    return { reason: `${JSON.stringify(address)} is not a valid hostname` };
  const url = new URL(origin);
  url.pathname = labels["__metrics_path__"] ?? "/";
  for (const [name, values] of Object.entries(job.params))
    for (const value of values) url.searchParams.append(name, value);
  for (const [label, value] of Object.entries(labels)) {
    if (!label.startsWith("__param_")) continue;
    const name = label.slice("__param_".length);
    // The label stands for the first of the parameter's values.
    const [, ...more] = url.searchParams.getAll(name);
    url.searchParams.set(name, value);
    for (const each of more) url.searchParams.append(name, each);
  }
  return { text: url.href };
}

/** Milliseconds, or what is wrong with it. */
function positiveDuration(labels: Labels, label: string): number | string {
  const text = labels[label] ?? "";
  const what = label === "__scrape_interval__" ? "scrape interval" : "scrape timeout";
  const durationMs = parseDuration(text);
  if (durationMs === undefined)
    return `error parsing ${what}: not a valid duration string: ${JSON.stringify(text)}`;
  return durationMs > 0 ? durationMs : `${what} cannot be 0`;
}
