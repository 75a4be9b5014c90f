// What the operator needs of a Prometheus, whether it is ours or a real one: something that scrapes the
// cluster, answers queries on a port, and that triggers read.
import type { Caches } from "../controllers/caches.ts";
import type { Clock } from "../lib/clock.ts";
import type { EndpointSlice } from "../resources/endpoint-slice.ts";
import type { Pod } from "../resources/pod.ts";
import type { Service } from "../resources/service.ts";
import { clusterTargetsOf, type ClusterTargets } from "../telemetry/scrape-targets.ts";
import type { PrometheusSources } from "../triggers/prometheus.ts";

export type PrometheusSide = {
  /** Where it answers. */
  readonly port: number;
  /** How triggers read a server that manifests know by these addresses. */
  readonly sources: (
    knownAs: readonly string[],
  ) => Pick<PrometheusSources, "local"> & Partial<Pick<PrometheusSources, "scraped">>;
  /** Scrapes what asks for it, from now on until the signal aborts. */
  readonly scrape: (caches: Caches, signal: AbortSignal) => void;
  readonly close: () => Promise<void>;
};

type Listed<T> = { list(): readonly T[]; subscribe(listener: () => void): unknown };

type TargetSources = {
  readonly pods: Listed<Pod>;
  readonly services: Listed<Service>;
  readonly endpointSlices: Listed<EndpointSlice>;
};

/** Calls the listener with what is to be scraped, soon after each change of it. */
export function followTargets(
  { pods, services, endpointSlices }: TargetSources,
  clock: Clock,
  listener: (targets: ClusterTargets) => void,
): void {
  const find = together(clock, () =>
    listener(clusterTargetsOf(pods.list(), services.list(), endpointSlices.list())),
  );
  for (const cache of [pods, services, endpointSlices]) cache.subscribe(find);
}

/** Much less than it takes until targets are asked again. */
const restMs = 50;

/**
 * Changes come in bunches, and each time all pods are looked through. So the first is followed at once,
 * and those that come soon after it together.
 */
function together(clock: Clock, run: () => void): () => void {
  let isDue = false;
  let isResting = false;
  const runNow = (): void => {
    isDue = false;
    isResting = true;
    clock.after(restMs, () => {
      isResting = false;
      if (isDue) runNow();
    });
    run();
  };
  return () => {
    if (!isDue && !isResting) clock.after(0, runNow);
    isDue = true;
  };
}
