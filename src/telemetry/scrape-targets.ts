// From pods and Services to what is to be scraped, by the annotations that the field uses:
// prometheus.io/scrape, path, port and scheme. Pure, though it stands beside the scraper.
import type { Labels } from "../metrics/labels.ts";
import { serviceNameLabel, type EndpointSlice } from "../resources/endpoint-slice.ts";
import { keyOf } from "../resources/object.ts";
import type { Pod } from "../resources/pod.ts";
import type { Service } from "../resources/service.ts";
import { jobDefaults, type ScrapeJob, type TargetGroup } from "./scrape-job.ts";

const intervalMs = 1000;

const clusterJob = {
  ...jobDefaults,
  intervalMs,
  // A tenth of the interval is left for what happens between two rounds.
  timeoutMs: intervalMs * 0.9,
  // A round's samples are of one instant: that is what rounds are for.
  honorTimestamps: false,
  // Pods are near; what compressing would cost them is lost to their requests.
  http: { ...jobDefaults.http, gzip: false },
};

/** The job names are those of Prometheus' own example for a cluster. */
export const podsJob: ScrapeJob = { ...clusterJob, name: "kubernetes-pods" };
export const servicesJob: ScrapeJob = { ...clusterJob, name: "kubernetes-service-endpoints" };

export type ClusterTargets = {
  /** Pods that ask for it themselves. */
  readonly pods: TargetGroup;
  /** Endpoints of Services that do, other than those pods. */
  readonly services: TargetGroup;
};

/**
 * One target for each address. A pod that is terminating is none: its requests are on their way out and
 * must not count for scaling. What a pod says of itself goes before what its Service says.
 */
export function clusterTargetsOf(
  pods: readonly Pod[],
  services: readonly Service[],
  slices: readonly EndpointSlice[],
): ClusterTargets {
  const annotated = new Map(
    services.filter((service) => scrapeOf(service) === "true").map((each) => [keyOf(each), each]),
  );
  const podsByKey = new Map(pods.map((pod) => [keyOf(pod), pod]));
  const serviceOfPod = new Map<string, string>();
  const seen = new Set<string>();
  const fresh = (labels: Labels): boolean => {
    const address = labels["__address__"] ?? "";
    return !seen.has(address) && seen.add(address) !== undefined;
  };
  const endpoints = [...endpointsOf(slices, annotated)];
  for (const { service, podKey } of endpoints) {
    const known = serviceOfPod.get(podKey);
    if (known === undefined || service.metadata.name < known)
      serviceOfPod.set(podKey, service.metadata.name);
  }
  const ofPods: Labels[] = [];
  for (const [key, pod] of podsByKey) {
    const labels = podTarget(pod, serviceOfPod.get(key));
    if (labels && fresh(labels)) ofPods.push(labels);
  }
  const ofServices: Labels[] = [];
  for (const { service, address, port, podKey } of endpoints) {
    const pod = podsByKey.get(podKey);
    if (podKey !== "" && !(pod && isRunning(pod) && scrapeOf(pod) === undefined)) continue;
    const labels = serviceTarget(service, address, port, pod);
    if (fresh(labels)) ofServices.push(labels);
  }
  return { pods: { targets: ofPods, labels: {} }, services: { targets: ofServices, labels: {} } };
}

type Annotated = Pick<Pod, "metadata">;

const scrapeOf = ({ metadata }: Annotated): string | undefined =>
  metadata.annotations?.["prometheus.io/scrape"];

function isRunning({ metadata, status }: Pod): boolean {
  return status?.phase === "Running" && metadata.deletionTimestamp === undefined;
}

function podTarget(pod: Pod, service: string | undefined): Labels | undefined {
  const address = pod.status?.podIP ?? "";
  if (scrapeOf(pod) !== "true" || !isRunning(pod) || address === "") return undefined;
  const declared = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const port = annotatedPort(pod) ?? declared[0]?.containerPort ?? 80;
  return {
    ...endpointLabels(pod, address, port),
    ...podLabels(pod, port),
    ...(service !== undefined && { service }),
  };
}

function serviceTarget(
  service: Service,
  address: string,
  slicePort: number | undefined,
  pod: Pod | undefined,
): Labels {
  const port = annotatedPort(service) ?? slicePort ?? 80;
  return {
    ...endpointLabels(service, address, port),
    namespace: service.metadata.namespace ?? "",
    service: service.metadata.name,
    ...(pod && podLabels(pod, port)),
  };
}

type ServiceEndpoint = {
  readonly service: Service;
  readonly address: string;
  /** The slice's first. */
  readonly port: number | undefined;
  /** "" for an endpoint that is no pod. */
  readonly podKey: string;
};

function* endpointsOf(
  slices: readonly EndpointSlice[],
  services: ReadonlyMap<string, Service>,
): Iterable<ServiceEndpoint> {
  for (const { metadata, endpoints, ports } of slices) {
    const name = metadata.labels?.[serviceNameLabel] ?? "";
    const namespace = metadata.namespace ?? "";
    const service = services.get(`${namespace}/${name}`);
    if (!service) continue;
    for (const { addresses, conditions, targetRef } of endpoints) {
      const [address] = addresses;
      if (address === undefined || conditions?.terminating === true) continue;
      const podKey = targetRef?.kind === "Pod" ? `${namespace}/${targetRef.name}` : "";
      yield { service, address, port: ports?.[0]?.port, podKey };
    }
  }
}

/** Where it is scraped, as the annotations of a pod or Service say. */
function endpointLabels({ metadata }: Annotated, address: string, port: number): Labels {
  const { annotations = {} } = metadata;
  const path = annotations["prometheus.io/path"] ?? "/metrics";
  const [before = "", query = ""] = path.split(/\?(.*)/s);
  const params = [...new URLSearchParams(query)].map(([name, value]) => [`__param_${name}`, value]);
  return {
    __address__: `${address.includes(":") ? `[${address}]` : address}:${port}`,
    __scheme__: annotations["prometheus.io/scheme"] === "https" ? "https" : "http",
    __metrics_path__: before.startsWith("/") ? before : `/${before}`,
    ...Object.fromEntries(params),
  };
}

/** Whose it is; the container is the one that declares the port, or the only one. */
function podLabels({ metadata, spec }: Pod, port: number): Labels {
  const { containers } = spec;
  const declares = containers.find((each) =>
    each.ports?.some(({ containerPort }) => containerPort === port),
  );
  const container = declares ?? (containers.length === 1 ? containers[0] : undefined);
  return {
    namespace: metadata.namespace ?? "",
    pod: metadata.name,
    ...(container && { container: container.name }),
  };
}

function annotatedPort({ metadata }: Annotated): number | undefined {
  const port = metadata.annotations?.["prometheus.io/port"] ?? "";
  return /^\d{1,5}$/.test(port) ? Number(port) : undefined;
}
