// Our Prometheus API over a full store, in a thread of its own: the one that asks must not share its
// event loop, as it does not share Prometheus'. Posts its address when it is ready.
import { parentPort, workerData } from "node:worker_threads";
import { wallClock } from "../src/lib/wall-clock.ts";
import { SeriesStore } from "../src/metrics/series-store.ts";
import { prometheusApi } from "../src/telemetry/prometheus-api.ts";
import { serve } from "../src/telemetry/prometheus-server.ts";
import { benchSeries } from "./promql-data.ts";

// The benchmark that starts this thread hands it the time of the newest sample.
const { endMs } = workerData as { readonly endMs: number };
const store = new SeriesStore();
for (const { labels, samples } of benchSeries(endMs))
  for (const { timeMs, value } of samples) store.append(labels, timeMs, value);
const api = prometheusApi({ store, clock: wallClock, version: "bench" });
const { url } = await serve(api, { host: "127.0.0.1", port: 0 });
parentPort?.postMessage(url);
