// Wires Dunlin itself: the metrics side and the controllers, as plain clients of an API server. It
// does not know whether that is the embedded one or a real cluster's.
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { startCaches } from "../controllers/caches.ts";
import { startInferenceServiceController } from "../controllers/inferenceservice/controller.ts";
import {
  startScaledObjectController,
  type DecisionRecord,
} from "../controllers/scaledobject/controller.ts";
import { KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import { httpTransport, type ServerAccess } from "../kube/transport.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { httpGet } from "../telemetry/http-get.ts";
import { prometheusApi } from "../telemetry/prometheus-api.ts";
import { PrometheusClient } from "../telemetry/prometheus-client.ts";
import { servePrometheus } from "../telemetry/prometheus-server.ts";
import { scrapeTargets } from "../telemetry/scrape-targets.ts";
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
  const scraper = new Scraper({ store, clock, get: httpGet() });
  const server = await servePrometheus({
    ...options.prometheus,
    api: prometheusApi({ store, scraper, clock }),
  });

  const caches = await startCaches({ client, clock, log }, stop.signal);
  const retarget = () => scraper.setTargets(scrapeTargets(caches.pods.list()));
  caches.pods.subscribe(retarget);
  scraper.start(stop.signal);

  const remote = new PrometheusClient({ resolve: options.resolve });
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
            query: (address, query, atMs, signal) => remote.query(address, query, atMs, signal),
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
