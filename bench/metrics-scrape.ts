// What it costs to scrape many vLLM servers each second: processor time of this process, which fetches,
// reads and stores, while the servers are in a process of their own. Rounds are told, as in the product.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { wallClock } from "../src/lib/wall-clock.ts";
import { SeriesStore } from "../src/metrics/series-store.ts";
import { parseQuery } from "../src/promql/parse.ts";
import { Rounds } from "../src/telemetry/rounds.ts";
import { podsJob } from "../src/telemetry/scrape-targets.ts";
import { Scraper } from "../src/telemetry/scraper.ts";
import { milliseconds, quantile, type Figure } from "./figure.ts";
import { pageAddress } from "./page-server.ts";
import { vllmPage } from "./vllm-page.ts";

const targets = 200;
const warmUpMs = 5_000;
const measuredMs = 15_000;

export async function metricsScrape(): Promise<readonly Figure[]> {
  const server = spawn(
    process.execPath,
    [fileURLToPath(new URL("page-server.ts", import.meta.url)), String(targets)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const stop = new AbortController();
  const rounds = new Rounds({ clock: wallClock });
  try {
    const [port] = (await once(server.stdout, "data")) as [Buffer];
    const store = new SeriesStore();
    const scraper = new Scraper({ store, clock: wallClock, rounds, log: () => {} });
    const pool = scraper.add(podsJob);
    const found = Array.from({ length: targets }, (_, index) => ({
      __address__: `${pageAddress(index)}:${port.toString().trim()}`,
      namespace: "default",
      pod: `llm-${index}-predictor-5d8f9c7b6d-x2x2x`,
    }));
    pool.set("bench", [{ targets: found, labels: {} }]);
    const roundsMs: number[] = [];
    const parsed = parseQuery("sum(vllm:num_requests_running)");
    if (parsed.kind !== "parsed") throw new Error("the query is malformed");
    rounds.subscribe(parsed.expr, ({ atMs, completedAtMs }) => roundsMs.push(completedAtMs - atMs));
    scraper.start(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, warmUpMs));
    roundsMs.length = 0;
    const before = process.cpuUsage();
    const beganMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, measuredMs));
    const spent = process.cpuUsage(before);
    const share = (spent.user + spent.system) / 1000 / (performance.now() - beganMs);
    const up = scraper.active().filter(({ health }) => health === "up").length;
    const page = vllmPage(0);
    const samples = page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
    const size = `${(page.length / 1000).toFixed(0)} KB, ${samples} samples`;
    return [
      {
        what: `scrape of ${targets} targets (vLLM pages of ${size}) at 1 s, ${up} of them up`,
        aim: "< 50 % of one core",
        measured: `${(share * 100).toFixed(1)} %; round complete ${milliseconds(quantile(roundsMs, 0.5))} after its instant (median)`,
      },
    ];
  } finally {
    stop.abort();
    rounds.close();
    server.stdin.end();
    await once(server, "exit");
  }
}
