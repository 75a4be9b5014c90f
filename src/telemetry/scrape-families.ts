// What scraping and its rounds count, for our own page of metrics.
import type { MetricFamily } from "./own-metrics.ts";
import type { Rounds } from "./rounds.ts";
import type { Scraper } from "./scraper.ts";

export function scrapeFamilies(scraper: Scraper): readonly MetricFamily[] {
  const byPool = new Map(scraper.pools().map((pool) => [pool, { up: 0, down: 0, unknown: 0 }]));
  for (const { scrapePool, health } of scraper.active()) {
    const counts = byPool.get(scrapePool);
    if (counts) counts[health]++;
  }
  const samples = [...byPool].flatMap(([pool, counts]) =>
    Object.entries(counts).map(([health, value]) => ({
      labels: [
        ["scrape_pool", pool],
        ["health", health],
      ] as const,
      value,
    })),
  );
  return [
    {
      name: "dunlin_scrape_targets",
      type: "gauge",
      help: "Targets that are scraped, by job and by how the last scrape went.",
      samples,
    },
  ];
}

export function roundFamilies(rounds: Rounds): readonly MetricFamily[] {
  const { subscriptions, completed, incomplete } = rounds.counts();
  return [
    {
      name: "dunlin_round_subscriptions",
      type: "gauge",
      help: "Queries that are evaluated at the end of their rounds.",
      samples: [{ value: subscriptions }],
    },
    {
      name: "dunlin_rounds_total",
      type: "counter",
      help: "Rounds that ended, each for one query, by whether every target had reported.",
      samples: [
        { labels: [["outcome", "complete"]], value: completed - incomplete },
        { labels: [["outcome", "incomplete"]], value: incomplete },
      ],
    },
  ];
}
