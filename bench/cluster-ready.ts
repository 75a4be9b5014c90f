// How long `dunlin up` takes from its start to the line that says it is ready, and what it holds in
// memory when nothing happens.
import { startDunlin } from "../test/dunlin.ts";
import { milliseconds, quantile, residentMegabytes, type Figure } from "./figure.ts";

const starts = 5;
const idleMs = 5_000;

export async function clusterReady(): Promise<readonly Figure[]> {
  const readyMs: number[] = [];
  const megabytes: number[] = [];
  for (let start = 0; start < starts; start++) {
    const beganMs = performance.now();
    const dunlin = await startDunlin();
    readyMs.push(performance.now() - beganMs);
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    megabytes.push(residentMegabytes(dunlin.pid));
    await dunlin.stop();
  }
  return [
    {
      what: `cluster ready, from process start (median of ${starts}, empty data directory)`,
      aim: "< 1.0 s",
      measured: milliseconds(quantile(readyMs, 0.5)),
    },
    {
      what: `idle memory of the cluster process, ${idleMs / 1000} s after it (median of ${starts})`,
      aim: "< 200 MB",
      measured: `${quantile(megabytes, 0.5).toFixed(0)} MB`,
    },
  ];
}
