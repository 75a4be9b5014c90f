// For tests: the Prometheus API over a few series, and a way to ask it without a socket.
import type { Clock } from "../lib/clock.ts";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { prometheusApi, type PrometheusApiOptions } from "./prometheus-api.ts";
import type { ScrapeView } from "./scrape-view.ts";

export const running = "vllm:num_requests_running";

/** Two pods with 2 and 3 requests, and a series that is NaN, all at 1,000 s; now is 1,000.5 s. */
export function openApi(options: Partial<PrometheusApiOptions> = {}) {
  const store = new SeriesStore();
  for (const [pod, value] of [
    ["a", 2],
    ["b", 3],
  ] as const)
    store.append({ __name__: running, pod }, 1_000_000, value);
  store.append({ __name__: "idle" }, 1_000_000, NaN);
  const clock = new VirtualClock(1_000_500);
  const handler = prometheusApi({ store, clock, version: "0.1.0", scrape: twoTargets, ...options });
  return {
    store,
    clock,
    handler,
    ask: async (path: string, init?: RequestInit) => {
      const response = await handler(new Request(`http://prometheus${path}`, init));
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
  };
}

export const form = (parameters: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(parameters),
});

export const success = (data: unknown) => ({ status: "success", data });
export const failure = (errorType: string, error: string) => ({
  status: "error",
  errorType,
  error,
});

/** Each look at it finds it later. */
export function hurryingClock(stepMs: number): Clock {
  let nowMs = 1_000_500;
  return { nowMs: () => (nowMs += stepMs), after: () => () => {} };
}

const target = { job: "kubernetes-pods", instance: "10.0.0.1:8080", pod: "a" };

/** Of two jobs: a pod that is down, a target that was never scraped, and one that was dropped. */
const twoTargets: ScrapeView = {
  pools: () => ["node", "kubernetes-pods"],
  active: () => [
    {
      scrapePool: "kubernetes-pods",
      scrapeUrl: "http://10.0.0.1:8080/metrics",
      labels: target,
      discoveredLabels: { __address__: "10.0.0.1:8080" },
      health: "down",
      lastError: "connect ECONNREFUSED",
      lastScrapeAtMs: 1_000_000,
      lastDurationMs: 2,
      intervalMs: 1000,
      timeoutMs: 900,
    },
    {
      scrapePool: "node",
      scrapeUrl: "http://10.0.0.2:9100/metrics",
      labels: { job: "node", instance: "10.0.0.2:9100" },
      discoveredLabels: { __address__: "10.0.0.2:9100" },
      health: "unknown",
      lastError: "",
      lastDurationMs: 0,
      intervalMs: 15_000,
      timeoutMs: 10_000,
    },
  ],
  dropped: () => [{ scrapePool: "node", discoveredLabels: { __address__: "10.0.0.3:9100" } }],
  droppedCounts: () => ({ node: 1, "kubernetes-pods": 0 }),
  metadata: () => [
    { target, metric: running, type: "gauge", help: "Requests being run.", unit: "" },
    { target: { pod: "b" }, metric: running, type: "gauge", help: "Requests being run.", unit: "" },
    { target: { pod: "c" }, metric: running, type: "gauge", help: "An older help.", unit: "" },
    { target, metric: "uptime_seconds", type: "counter", help: "", unit: "seconds" },
  ],
  configText: () => "scrape_configs:\n  - job_name: node\n",
};
