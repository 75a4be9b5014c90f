// The endpoints under /api/v1/status: what this server is, how it is set up, and what it holds. Fields
// that make sense of a Go program alone say what comes nearest.
import { hostname } from "node:os";
import { formatDuration } from "../lib/duration.ts";
import { formatTimestamp } from "../lib/timestamp.ts";
import { metricNameLabel } from "../metrics/labels.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import { asJson, type ApiData } from "./api-answer.ts";
import { ApiError } from "./api-error.ts";

/**
 * Clients choose features by the version of Prometheus, so this names the one whose rules the
 * evaluator follows; the revision says what it really is.
 */
const prometheusVersion = "3.0.0";

export function buildInfo(version: string): ApiData {
  return asJson({
    version: prometheusVersion,
    revision: `dunlin ${version}`,
    branch: "",
    buildUser: "",
    buildDate: "",
    goVersion: "",
  });
}

export function runtimeInfo({
  startedAtMs,
  nowMs,
  windowMs,
}: {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly windowMs: number;
}): ApiData {
  return asJson({
    startTime: formatTimestamp(startedAtMs),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: formatTimestamp(nowMs),
    reloadConfigSuccess: true,
    lastConfigTime: formatTimestamp(startedAtMs),
    corruptionCount: 0,
    goroutineCount: 1,
    GOMAXPROCS: 1,
    GOMEMLIMIT: 0,
    GOGC: "",
    GODEBUG: "",
    storageRetention: formatDuration(windowMs),
  });
}

/** How many series there are by name, label and pair; it looks at every series once, and counts that. */
export function storeStatus(
  parameters: URLSearchParams,
  store: SeriesStore,
  work: (count: number) => void,
): ApiData {
  const text = parameters.get("limit") ?? "";
  const limit = text === "" ? 10 : Number(text);
  if (!/^\d*$/.test(text) || limit === 0 || limit > 10_000)
    throw new ApiError("bad_data", "limit must be a positive number, at most 10000");
  const byName = new Map<string, number>();
  const byPair = new Map<string, number>();
  const values = new Map<string, Set<string>>();
  const series = store.select([], -Infinity, Infinity);
  let minTimeMs = Infinity;
  for (const { labels, oldestMs } of series) {
    work(workOfSeries);
    minTimeMs = Math.min(minTimeMs, oldestMs);
    for (const [name, value] of Object.entries(labels)) {
      if (name === metricNameLabel) increment(byName, value);
      increment(byPair, `${name}=${value}`);
      let known = values.get(name);
      if (!known) values.set(name, (known = new Set()));
      known.add(value);
    }
  }
  const largest = (counts: Iterable<readonly [string, number]>) =>
    [...counts]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, limit)
      .map(([name, value]) => ({ name, value }));
  const valueCounts = [...values].map(([name, known]) => [name, known.size] as const);
  const bytes = [...values].map(([name, known]) => {
    const characters = [...known].reduce((sum, value) => sum + value.length, name.length);
    return [name, characters] as const;
  });
  return asJson({
    headStats: {
      numSeries: series.length,
      numLabelPairs: byPair.size,
      chunkCount: series.length,
      minTime: series.length > 0 ? minTimeMs : 0,
      maxTime: series.length > 0 ? store.newestMs : 0,
    },
    seriesCountByMetricName: largest(byName),
    labelValueCountByLabelName: largest(valueCounts),
    memoryInBytesByLabelName: largest(bytes),
    seriesCountByLabelValuePair: largest(byPair),
  });
}

/** What it costs to count the labels of a series, next to looking at a number. */
const workOfSeries = 500;

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
