// Wires Dunlin itself: the metrics side and the controllers, as plain clients of an API server. It
// does not know whether that is the embedded one or a real cluster's.
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { startCaches, type Caches } from "../controllers/caches.ts";
import { startInferenceServiceController } from "../controllers/inferenceservice/controller.ts";
import { startScaledObjectController } from "../controllers/scaledobject/controller.ts";
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";
import { KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import { httpTransport, type ServerAccess } from "../kube/transport.ts";
import { version } from "../lib/version.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { boundedText } from "../telemetry/bounded-text.ts";
import { ownMetrics, processFamilies, storeFamilies } from "../telemetry/own-metrics.ts";
import { prometheusApi } from "../telemetry/prometheus-api.ts";
import { prometheusClient, type FetchText } from "../telemetry/prometheus-client.ts";
import { serve } from "../telemetry/prometheus-server.ts";
import { remoteWriteFamilies } from "../telemetry/remote-write-families.ts";
import { maxWriteBodyBytes, remoteWrite } from "../telemetry/remote-write-handler.ts";
import { RemoteWriteReceiver } from "../telemetry/remote-write-receiver.ts";
import { Rounds } from "../telemetry/rounds.ts";
import { clusterTargetsOf, podsJob, servicesJob } from "../telemetry/scrape-targets.ts";
import { Scraper } from "../telemetry/scraper.ts";
import {
  prometheusTriggers,
  type LocalPrometheus,
  type PrometheusSources,
} from "../triggers/prometheus.ts";

export type OperatorOptions = {
  readonly access: ServerAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly onDecision: (record: DecisionRecord) => void;
  readonly prometheus: {
    /** Where our Prometheus API listens, at any free port. */
    readonly address: string;
    /** The server addresses of manifests that mean it. */
    readonly knownAs: readonly string[];
  };
  /** Finds the address behind an in-cluster name; elsewhere the system's resolver does. */
  readonly resolve: (host: string, port: number) => { address: string; port: number } | undefined;
};

export type Operator = {
  /** The client that it works with. */
  readonly client: KubeClient;
  readonly prometheusPort: number;
  readonly close: () => Promise<void>;
};

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { clock, log } = options;
  // What was started, to be ended in reverse: here if anything fails, else by `close`.
  await using started = new AsyncDisposableStack();
  const { transport, close: closeTransport } = httpTransport(options.access);
  started.defer(closeTransport);
  const client = new KubeClient(transport, { fieldManager: "dunlin" });

  const store = new SeriesStore();
  const rounds = new Rounds({ clock, log });
  started.defer(() => rounds.close());
  const scraper = new Scraper({ store, clock, rounds, log });
  const receiver = new RemoteWriteReceiver({ store, clock });
  const api = prometheusApi({
    store,
    clock,
    version,
    scrape: {
      pools: () => scraper.pools(),
      active: () => scraper.active(),
      dropped: () => scraper.dropped(),
      droppedCounts: () => scraper.droppedCounts(),
      metadata: () => scraper.metadata(),
      configText: () => "",
    },
    remoteWrite: remoteWrite({ receiver, log }),
    metrics: ownMetrics([
      () => storeFamilies(store),
      () => remoteWriteFamilies(receiver),
      processFamilies,
    ]),
  });
  const server = await serve(api, {
    host: options.prometheus.address,
    port: 0,
    maxBodyBytes: { "/api/v1/write": maxWriteBodyBytes },
  });
  started.defer(() => server.close());

  const stop = new AbortController();
  started.defer(() => stop.abort());
  const caches = await startCaches({ client, clock, log }, stop.signal);
  scrapeCluster(scraper, caches);
  scraper.start(stop.signal);

  const recorder = new EventRecorder({ client, clock, component: "dunlin", log });
  started.defer(() => recorder.flush());
  const triggers = {
    prometheus: prometheusTriggers(sourcesOf(options, { store, rounds })),
  };
  const common = { ...options, client, recorder, caches };
  const controllers = [
    startInferenceServiceController(common, stop.signal),
    startScaledObjectController({ ...common, triggers }, stop.signal),
  ];
  started.defer(async () => {
    stop.abort();
    await Promise.all(controllers.map(({ stopped }) => stopped));
  });
  const running = started.move();
  return { client, prometheusPort: server.port, close: () => running.disposeAsync() };
}

/** Keeps the scraper's own jobs in step with the annotated pods and Services. */
function scrapeCluster(scraper: Scraper, { pods, services, endpointSlices }: Caches): void {
  const [podsPool, servicesPool] = [scraper.add(podsJob), scraper.add(servicesJob)];
  const findTargets = oncePerTurn(() => {
    const found = clusterTargetsOf(pods.list(), services.list(), endpointSlices.list());
    podsPool.set("cluster", [found.pods]);
    servicesPool.set("cluster", [found.services]);
  });
  for (const cache of [pods, services, endpointSlices]) cache.subscribe(findTargets);
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

/** Series that are here are read here; every other server is asked over HTTP. */
function sourcesOf(
  { clock, resolve, prometheus }: OperatorOptions,
  local: LocalPrometheus,
): PrometheusSources {
  const fetchText = fetchInCluster(resolve);
  return {
    local: new Map(prometheus.knownAs.map((address) => [address, local])),
    query: (serverAddress, query, atMs, signal) =>
      prometheusClient({ serverAddress, fetch: fetchText, clock }).query(query, atMs, signal),
  };
}

/** As much as the scraper reads of a page: ample for the one value that a trigger wants. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** The platform's fetch, with the cluster's names put in place of a DNS server. */
function fetchInCluster(resolve: OperatorOptions["resolve"]): FetchText {
  return async (url, init) => {
    const target = new URL(url);
    const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
    const found = resolve(target.hostname, port);
    if (found) {
      target.hostname = found.address;
      target.port = String(found.port);
    }
    const response = await fetch(target, init);
    return { status: response.status, text: () => boundedText(response, maxAnswerBytes) };
  };
}
