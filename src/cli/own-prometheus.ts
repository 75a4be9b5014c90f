// Our own Prometheus, in this process: store, scraper, rounds and HTTP API. Triggers read the store as
// soon as a round is complete, without asking anybody.
import type { Clock } from "../lib/clock.ts";
import { version } from "../lib/version.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { ownMetrics, processFamilies, storeFamilies } from "../telemetry/own-metrics.ts";
import { prometheusApi } from "../telemetry/prometheus-api.ts";
import { serve } from "../telemetry/prometheus-server.ts";
import { remoteWriteFamilies } from "../telemetry/remote-write-families.ts";
import { maxWriteBodyBytes, remoteWrite } from "../telemetry/remote-write-handler.ts";
import { RemoteWriteReceiver } from "../telemetry/remote-write-receiver.ts";
import { Rounds } from "../telemetry/rounds.ts";
import { discover } from "../telemetry/discovery.ts";
import { roundFamilies, scrapeFamilies } from "../telemetry/scrape-families.ts";
import { podsJob, servicesJob } from "../telemetry/scrape-targets.ts";
import { Scraper } from "../telemetry/scraper.ts";
import { followTargets, type PrometheusSide } from "./prometheus-side.ts";
import type { ScrapeConfigFile } from "./scrape-config-file.ts";

export type OwnPrometheusOptions = {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Where its API listens, at any free port. */
  readonly address: string;
  /** Jobs besides those that find annotated pods and Services. */
  readonly scrapeConfig?: ScrapeConfigFile | undefined;
};

export async function startOwnPrometheus(options: OwnPrometheusOptions): Promise<PrometheusSide> {
  const { clock, log, address, scrapeConfig } = options;
  const store = new SeriesStore();
  const rounds = new Rounds({ clock, log });
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
      configText: () => scrapeConfig?.text ?? "",
    },
    remoteWrite: remoteWrite({ receiver, log }),
    metrics: ownMetrics([
      () => storeFamilies(store),
      () => remoteWriteFamilies(receiver),
      () => scrapeFamilies(scraper),
      () => roundFamilies(rounds),
      processFamilies,
    ]),
  });
  const server = await serve(api, {
    host: address,
    port: 0,
    maxBodyBytes: { "/api/v1/write": maxWriteBodyBytes },
  });
  return {
    port: server.port,
    sources: (knownAs) => ({ local: new Map(knownAs.map((each) => [each, { store, rounds }])) }),
    scrape(caches, signal) {
      const [podsPool, servicesPool] = [scraper.add(podsJob), scraper.add(servicesJob)];
      followTargets(caches, clock, ({ pods, services }) => {
        podsPool.set("cluster", [pods]);
        servicesPool.set("cluster", [services]);
      });
      for (const job of scrapeConfig?.jobs ?? []) {
        const pool = scraper.add(job);
        const onGroups = pool.set.bind(pool);
        discover(job, { clock, log, onGroups }, signal);
      }
      scraper.start(signal);
    },
    async close() {
      await server.close();
      rounds.close();
    },
  };
}
