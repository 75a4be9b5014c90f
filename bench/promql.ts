// What queries cost, beside Debian's Prometheus: the same samples in both, the same queries to both in
// turn over a kept connection, and the ratio of their medians.
import { once } from "node:events";
import { Agent, get } from "node:http";
import { Worker } from "node:worker_threads";
import { startPrometheus } from "./debian-prometheus.ts";
import { milliseconds, quantile, type Figure } from "./figure.ts";
import { benchSeries } from "./promql-data.ts";

const query = "sum by (pod) (rate(tokens_total[1m]))";
const rounds = { instant: 300, range: 60 };

export async function promql(): Promise<readonly Figure[]> {
  const endMs = Math.floor(Date.now() / 1000) * 1000;
  const peer = await startPrometheus();
  const worker = new Worker(new URL("promql-worker.ts", import.meta.url), {
    workerData: { endMs },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const [ours] = (await once(worker, "message")) as [string];
    // Few enough at once for the peer's limit on a body.
    const series = benchSeries(endMs);
    for (let first = 0; first < series.length; first += 100)
      await peer.write(series.slice(first, first + 100));

    const at = endMs / 1000;
    const expression = encodeURIComponent(query);
    const instant = `/api/v1/query?query=${expression}&time=${at}`;
    const range = `/api/v1/query_range?query=${expression}&start=${at - 99 * 15}&end=${at}&step=15`;
    const figures: Figure[] = [];
    for (const { what, path, times, aim } of [
      { what: "instant", path: instant, times: rounds.instant, aim: 1 },
      { what: "100 steps", path: range, times: rounds.range, aim: 1.5 },
    ]) {
      await agree(agent, ours + path, peer.url + path);
      const taken = { ours: [] as number[], peers: [] as number[] };
      for (let round = 0; round < times; round++) {
        taken.ours.push((await ask(agent, ours + path)).ms);
        taken.peers.push((await ask(agent, peer.url + path)).ms);
      }
      const [own, other] = [quantile(taken.ours, 0.5), quantile(taken.peers, 0.5)];
      figures.push({
        what: `\`${query}\` over 1,000 series, ${what}: latency against Prometheus 2.42`,
        aim: `ratio ≤ ${aim.toFixed(1)}`,
        measured: `${(own / other).toFixed(2)} (${milliseconds(own)} against ${milliseconds(other)})`,
      });
    }
    return figures;
  } finally {
    agent.destroy();
    await worker.terminate();
    await peer.stop();
  }
}

type Answer = { readonly ms: number; readonly text: string };

function ask(agent: Agent, url: string): Promise<Answer> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve({ ms: performance.now() - startMs, text });
        else reject(new Error(`${url}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
    }).on("error", reject);
  });
}

/** A figure counts only if both give the same number of series and points. */
async function agree(agent: Agent, ours: string, peers: string): Promise<void> {
  const shape = async (url: string): Promise<string> => {
    const { data } = JSON.parse((await ask(agent, url)).text) as {
      readonly data: { readonly result: readonly { readonly values?: readonly unknown[] }[] };
    };
    return `${data.result.length} series, ${data.result.flatMap(({ values }) => values ?? []).length} points`;
  };
  const [own, other] = [await shape(ours), await shape(peers)];
  if (own !== other) throw new Error(`${own} from us, ${other} from Prometheus`);
}
