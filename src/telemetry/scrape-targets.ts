// From pods to what is to be scraped, by the annotations that the field uses: prometheus.io/scrape,
// path, port and scheme. Pure, though it stands beside the scraper.
import type { Labels } from "../metrics/labels.ts";
import type { Pod } from "../resources/pod.ts";

export type ScrapeTarget = {
  readonly url: string;
  /** Put on every series of the target: job, instance, namespace, pod. */
  readonly labels: Labels;
};

/** The job name of Prometheus' own example for annotated pods. */
const job = "kubernetes-pods";

/**
 * One target for each address of a running pod that asks to be scraped. A pod that is terminating is
 * none: its requests are on their way out and must not count for scaling.
 */
export function scrapeTargetsOf(pods: readonly Pod[]): readonly ScrapeTarget[] {
  const targets = new Map<string, ScrapeTarget>();
  for (const pod of pods) {
    const target = targetOf(pod);
    const instance = target?.labels["instance"] ?? "";
    if (target && !targets.has(instance)) targets.set(instance, target);
  }
  return [...targets.values()];
}

function targetOf(pod: Pod): ScrapeTarget | undefined {
  const { annotations = {}, namespace = "", name, deletionTimestamp } = pod.metadata;
  if (annotations["prometheus.io/scrape"] !== "true") return undefined;
  const address = pod.status?.podIP;
  if (pod.status?.phase !== "Running" || deletionTimestamp !== undefined) return undefined;
  if (address === undefined || address === "") return undefined;
  const scheme = annotations["prometheus.io/scheme"] === "https" ? "https" : "http";
  const path = annotations["prometheus.io/path"] ?? "/metrics";
  const host = address.includes(":") ? `[${address}]` : address;
  const instance = `${host}:${portOf(pod)}`;
  return {
    url: `${scheme}://${instance}${path.startsWith("/") ? "" : "/"}${path}`,
    labels: { job, instance, namespace, pod: name },
  };
}

/** The annotated port, else the first that a container declares, else HTTP's own. */
function portOf(pod: Pod): number {
  const annotated = pod.metadata.annotations?.["prometheus.io/port"] ?? "";
  if (/^\d{1,5}$/.test(annotated)) return Number(annotated);
  const declared = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return declared[0]?.containerPort ?? 80;
}
