// What the operator needs of a Prometheus, whether it is ours or a real one: something that scrapes the
// cluster, answers queries on a port, and that triggers read.
import type { Caches } from "../controllers/caches.ts";
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

/** Calls the listener with what is to be scraped, soon after each change of it. */
export function followTargets(
  { pods, services, endpointSlices }: Caches,
  listener: (targets: ClusterTargets) => void,
): void {
  const find = oncePerTurn(() =>
    listener(clusterTargetsOf(pods.list(), services.list(), endpointSlices.list())),
  );
  for (const cache of [pods, services, endpointSlices]) cache.subscribe(find);
}

/** Changes come in bunches; looking through all pods after each of them would cost their square. */
function oncePerTurn(run: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      run();
    });
  };
}
