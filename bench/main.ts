// `npm run bench`: measures what docs/figures.md states, on this machine, and prints it beside the aim.
import { cpus, loadavg, totalmem } from "node:os";
import { apiServer } from "./api-server.ts";
import { clusterReady } from "./cluster-ready.ts";
import { loadStep } from "./load-step.ts";
import { metricsIngest } from "./metrics-ingest.ts";
import { metricsRounds } from "./metrics-rounds.ts";
import { metricsScrape } from "./metrics-scrape.ts";
import { metricsStore } from "./metrics-store.ts";
import { promql } from "./promql.ts";
import { roundToScale } from "./round-to-scale.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const memory = (totalmem() / 2 ** 30).toFixed(0);
const load = (loadavg()[0] ?? 0).toFixed(1);
say(
  `${cpus().length} × ${cpus()[0]?.model ?? "CPU"}, ${memory} GiB, Node ${process.version}, ` +
    `load average ${load} before the start\n`,
);
say("| what | aim | measured |");
say("|---|---|---|");
for (const measure of [
  clusterReady,
  apiServer,
  roundToScale,
  loadStep,
  metricsIngest,
  metricsRounds,
  metricsScrape,
  metricsStore,
  promql,
])
  for (const { what, aim, measured } of await measure()) say(`| ${what} | ${aim} | ${measured} |`);
