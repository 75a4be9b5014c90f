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
import { boundedText } from "../telemetry/bounded-text.ts";
import { prometheusClient, type FetchText } from "../telemetry/prometheus-client.ts";
import { prometheusTriggers, type PrometheusSources } from "../triggers/prometheus.ts";
import type { PrometheusSide } from "./prometheus-side.ts";

export type OperatorOptions = {
  readonly access: ServerAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly onDecision: (record: DecisionRecord) => void;
  readonly prometheus: {
    readonly start: () => Promise<PrometheusSide>;
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

  const prometheus = await options.prometheus.start();
  started.defer(prometheus.close);

  const stop = new AbortController();
  started.defer(() => stop.abort());
  const caches = await startCaches({ client, clock, log }, stop.signal);
  prometheus.scrape(caches, stop.signal);

  const recorder = new EventRecorder({ client, clock, component: "dunlin", log });
  started.defer(() => recorder.flush());
  const triggers = {
    prometheus: prometheusTriggers(sourcesOf(options, prometheus)),
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
  return { client, prometheusPort: prometheus.port, close: () => running.disposeAsync() };
}

/** Series that are here are read here; every other server is asked over HTTP. */
function sourcesOf(
  { clock, resolve, prometheus: { knownAs } }: OperatorOptions,
  prometheus: PrometheusSide,
): PrometheusSources {
  const fetchText = fetchInCluster(resolve);
  return {
    ...prometheus.sources(knownAs),
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
