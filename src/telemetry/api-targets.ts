// The endpoints of the Prometheus API about what is scraped, and what it says of its metrics.
import { formatDuration } from "../lib/duration.ts";
import { formatTimestamp } from "../lib/timestamp.ts";
import { matchesAll } from "../metrics/matcher.ts";
import { matchersOf } from "../promql/selectors.ts";
import { asJson, type ApiData } from "./api-answer.ts";
import { ApiError } from "./api-error.ts";
import { countParameter, selectorOf } from "./api-parameters.ts";
import type { ActiveTarget, MetricMetadata, ScrapeView } from "./scrape-view.ts";

export function targets(parameters: URLSearchParams, scrape: ScrapeView): ApiData {
  const state = (parameters.get("state") ?? "").toLowerCase();
  const pool = parameters.get("scrapePool") ?? "";
  const shows = (wanted: string): boolean => ["", "any", wanted].includes(state);
  const inPool = ({ scrapePool }: { readonly scrapePool: string }): boolean =>
    pool === "" || scrapePool === pool;
  const dropped = shows("dropped");
  return asJson({
    activeTargets: shows("active") ? scrape.active().filter(inPool).map(activeTarget) : [],
    droppedTargets: dropped ? scrape.dropped().filter(inPool) : [],
    droppedTargetCounts: dropped ? scrape.droppedCounts() : {},
  });
}

function activeTarget(target: ActiveTarget): unknown {
  return {
    discoveredLabels: target.discoveredLabels,
    labels: target.labels,
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: target.scrapeUrl,
    lastError: target.lastError,
    // Go's zero time, which Prometheus and its readers take for "never".
    lastScrape:
      target.lastScrapeAtMs === undefined
        ? "0001-01-01T00:00:00Z"
        : formatTimestamp(target.lastScrapeAtMs),
    lastScrapeDuration: target.lastDurationMs / 1000,
    health: target.health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.timeoutMs),
  };
}

export const scrapePools = (scrape: ScrapeView): ApiData =>
  asJson({ scrapePools: scrape.pools().toSorted() });

/** By metric, each different thing that some target says of it once. */
export function metadata(parameters: URLSearchParams, scrape: ScrapeView): ApiData {
  const limit = countParameter(parameters, "limit");
  const limitPerMetric = countParameter(parameters, "limit_per_metric");
  const wanted = parameters.get("metric") ?? "";
  const byMetric = new Map<string, Map<string, Omit<MetricMetadata, "metric">>>();
  for (const { metric, type, help, unit } of scrape.metadata()) {
    if (wanted !== "" && metric !== wanted) continue;
    let known = byMetric.get(metric);
    if (!known) {
      if (byMetric.size >= limit) continue;
      byMetric.set(metric, (known = new Map()));
    }
    const key = JSON.stringify([type, help, unit]);
    if (known.has(key) || (limitPerMetric > 0 && known.size >= limitPerMetric)) continue;
    known.set(key, { type, help, unit });
  }
  const entries = [...byMetric].map(([metric, known]) => [metric, [...known.values()]] as const);
  return asJson(Object.fromEntries(entries));
}

export function targetsMetadata(parameters: URLSearchParams, scrape: ScrapeView): ApiData {
  const limit = countParameter(parameters, "limit");
  const metric = parameters.get("metric") ?? "";
  const selector = parameters.get("match_target");
  const matchers = selector === null ? [] : matchersOf(selectorOf(selector, "match_target"));
  const found: unknown[] = [];
  for (const { target, metric: name, ...said } of scrape.metadata()) {
    if (found.length >= limit) break;
    if ((metric !== "" && name !== metric) || !matchesAll(matchers, target)) continue;
    found.push({ target, ...(metric === "" && { metric: name }), ...said });
  }
  if (found.length === 0) throw new ApiError("not_found", "specified metadata not found");
  return asJson(found);
}
