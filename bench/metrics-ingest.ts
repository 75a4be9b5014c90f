// What it costs to read samples from the wire: a page of vLLM's metrics, and remote write. By the CPU
// time of this process, so that it is the share of one core whatever else runs on the machine.
import { scanExposition } from "../src/metrics/exposition-parser.ts";
import { PageMemory } from "../src/metrics/page-memory.ts";
import { SeriesStore } from "../src/metrics/series-store.ts";
import { VirtualClock } from "../src/lib/virtual-clock.ts";
import { RemoteWriteReceiver } from "../src/telemetry/remote-write-receiver.ts";
import { writeRequestBody, type SeriesToWrite } from "../src/telemetry/write-request-fixture.ts";
import { quantile, type Figure } from "./figure.ts";
import { vllmPage } from "./vllm-page.ts";

const runs = 5;
const startMs = 1_764_000_000_000;

export function metricsIngest(): readonly Figure[] {
  const pages = Array.from({ length: 4 }, (_, round) => Buffer.from(vllmPage(round)));
  const [page = Buffer.alloc(0)] = pages;
  const { lines, samples } = sizesOf(page);
  const known = readingRate(pages, new PageMemory());
  const first = readingRate(pages);
  const pushed = pushingRate();
  const what = `${(page.length / 1000).toFixed(0)} KB vLLM page, ${lines} lines, ${samples} samples, from bytes`;
  return [
    {
      what: `exposition text parse: ${what}, as a target's next page is read`,
      aim: "≥ 200 MB/s of one core",
      measured: `${known.toFixed(0)} MB/s`,
    },
    {
      what: "the same as a target's first page is read, every label parsed",
      aim: "–",
      measured: `${first.toFixed(0)} MB/s`,
    },
    {
      what: "remote-write ingest: 500 series of vLLM a request, decode and append",
      aim: "≥ 200k samples/s of one core",
      measured: `${(pushed / 1000).toFixed(0)}k samples/s`,
    },
  ];
}

function sizesOf(page: Buffer): { lines: number; samples: number } {
  let samples = 0;
  scanExposition(page, "text", { sample: () => void samples++ });
  return { lines: page.toString().split("\n").length - 1, samples };
}

/** In MB/s; what a sample's series is known by is looked up, as the scraper does. */
function readingRate(pages: readonly Buffer[], memory?: PageMemory): number {
  const places = new Map<string, number>();
  const values = new Float64Array(1000);
  const read = (page: Buffer): void => {
    let next = 0;
    scanExposition(
      page,
      "text",
      {
        sample(sample) {
          if (!memory) sample.labels();
          let place = memory ? places.get(sample.series) : next++;
          if (place === undefined) places.set(sample.series, (place = places.size));
          values[place] = sample.value;
        },
      },
      memory,
    );
  };
  const bytes = pages.reduce((sum, { length }) => sum + length, 0);
  const perSecond = Array.from({ length: runs }, () =>
    rate(60, () => {
      for (const page of pages) read(page);
    }),
  );
  return (quantile(perSecond, 0.5) * bytes) / 1e6;
}

/** In samples per second, from bodies that were made beforehand. */
function pushingRate(): number {
  const perSecond = Array.from({ length: runs }, () => {
    const store = new SeriesStore();
    const clock = new VirtualClock(startMs + 3_600_000);
    const receiver = new RemoteWriteReceiver({ store, clock });
    const bodies = Array.from({ length: 300 }, (_, round) => writeRequestBody(pushedRound(round)));
    let stored = 0;
    const seconds = cpuSeconds(() => {
      for (const body of bodies) stored += receiver.receive(body).stored;
    });
    return stored / seconds;
  });
  return quantile(perSecond, 0.5);
}

const names = [
  "vllm:time_to_first_token_seconds_bucket",
  "vllm:inter_token_latency_seconds_bucket",
  "vllm:e2e_request_latency_seconds_bucket",
  "vllm:request_prompt_tokens_bucket",
  "vllm:num_requests_running",
];

/** 500 series of 25 pods, one sample each, as a Prometheus that scrapes them sends them on. */
function pushedRound(round: number): SeriesToWrite[] {
  return Array.from({ length: 500 }, (_, index) => ({
    labels: {
      __name__: names[index % 5] ?? "",
      container: "kserve-container",
      engine: "0",
      instance: `10.0.0.${Math.floor(index / 20)}:8080`,
      job: "kubernetes-pods",
      le: String(Math.floor(index / 5) % 4),
      model_name: "Qwen/Qwen2.5-0.5B-Instruct",
      namespace: "default",
      pod: `huggingface-qwen-predictor-7d9c8b6f5d-${String(10000 + Math.floor(index / 20))}`,
    },
    samples: [{ timeMs: startMs + round * 5000, value: round * (index % 7) }],
  }));
}

/** How often a second of CPU time `run` can be done, after `warmups` of it. */
function rate(warmups: number, run: () => void): number {
  const count = 4 * warmups;
  for (let time = 0; time < warmups; time++) run();
  return (
    count /
    cpuSeconds(() => {
      for (let time = 0; time < count; time++) run();
    })
  );
}

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
