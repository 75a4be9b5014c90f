// Wires Dunlin itself: the metrics side and the controllers, as plain clients of an API server. It
// does not know whether that is the embedded one or a real cluster's.
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { startCaches } from "../controllers/caches.ts";
import { startInferenceServiceController } from "../controllers/inferenceservice/controller.ts";
import { startScaledObjectController } from "../controllers/scaledobject/controller.ts";
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";
import { KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import { httpTransport, type ServerAccess } from "../kube/transport.ts";
import { version } from "../lib/version.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { keepAliveGet } from "../telemetry/http-get.ts";
import { prometheusApi } from "../telemetry/prometheus-api.ts";
import { prometheusClient, type FetchText } from "../telemetry/prometheus-client.ts";
import { serve } from "../telemetry/prometheus-server.ts";
import { scrapeTargetsOf } from "../telemetry/scrape-targets.ts";
import { Scraper } from "../telemetry/scraper.ts";
import { prometheusTriggers } from "../triggers/prometheus.ts";

export type OperatorOptions = {
  readonly access: ServerAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly onDecision: (record: DecisionRecord) => void;
  readonly prometheus: {
    /** Where our Prometheus API listens. */
    readonly address: string;
    readonly port: number;
    /** The server addresses of manifests that mean it. */
    readonly knownAs: readonly string[];
  };
  /** Finds the address behind an in-cluster name; elsewhere the system's resolver does. */
  readonly resolve: (host: string, port: number) => { address: string; port: number } | undefined;
};

export type Operator = {
  /** The client that it works with. */
  readonly client: KubeClient;
  close(): Promise<void>;
};

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { clock, random, log } = options;
  const stop = new AbortController();
  const { transport, close: closeTransport } = httpTransport(options.access);
  const client = new KubeClient(transport);

  const store = new SeriesStore();
  const scraper = new Scraper({ store, clock, get: keepAliveGet(), log });
  const api = prometheusApi({
    store,
    clock,
    version,
    scrape: {
      intervalMs: scraper.intervalMs,
      timeoutMs: scraper.timeoutMs,
      targets: () => scraper.targets(),
    },
  });
  const { address: host, port } = options.prometheus;
  const server = await serve(api, { host, port });

  const caches = await startCaches({ client, clock, log }, stop.signal);
  const retarget = () => scraper.setTargets(scrapeTargetsOf(caches.pods.list()));
  caches.pods.subscribe(retarget);
  scraper.start(stop.signal);

  const fetchText = fetchInCluster(options.resolve);
  const local = { store, rounds: scraper };
  const recorder = new EventRecorder({ client, clock, component: "dunlin", log });
  const common = { client, clock, log, recorder, caches };
  const controllers = [
    startInferenceServiceController(common, stop.signal),
    startScaledObjectController(
      {
        ...common,
        random,
        onDecision: options.onDecision,
        triggers: {
          prometheus: prometheusTriggers({
            local: new Map(options.prometheus.knownAs.map((address) => [address, local])),
            query: (serverAddress, query, atMs, signal) =>
              prometheusClient({ serverAddress, fetch: fetchText, clock }).query(
                query,
                atMs,
                signal,
              ),
          }),
        },
      },
      stop.signal,
    ),
  ];
  return {
    client,
    async close() {
      stop.abort();
      await Promise.all(controllers.map(({ stopped }) => stopped));
      await recorder.flush();
      await server.close();
      closeTransport();
    },
  };
}

/** The platform's fetch, with the cluster's names put in place of a DNS server. */
function fetchInCluster(resolve: OperatorOptions["resolve"]): FetchText {
  return (url, init) => {
    const target = new URL(url);
    const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
    const found = resolve(target.hostname, port);
    if (found) {
      target.hostname = found.address;
      target.port = String(found.port);
    }
    return fetch(target, init);
  };
}
