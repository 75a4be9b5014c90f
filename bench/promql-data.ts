// The samples that queries are measured over: 1,000 counters of 100 pods, 30 minutes at 5 s.
import type { SeriesToWrite } from "../src/telemetry/write-request-fixture.ts";

const pods = 100;
const seriesPerPod = 10;
const samples = 360;
const intervalMs = 5000;

export function benchSeries(endMs: number): readonly SeriesToWrite[] {
  const timesMs = Array.from(
    { length: samples },
    (_, index) => endMs - (samples - 1 - index) * intervalMs,
  );
  return Array.from({ length: pods * seriesPerPod }, (_, index) => {
    const pod = Math.floor(index / seriesPerPod);
    return {
      labels: {
        __name__: "tokens_total",
        namespace: "default",
        pod: `llm-predictor-6d4cf56db6-${pod.toString(36).padStart(5, "0")}`,
        container: "kserve-container",
        instance: `127.20.1.${pod}:8080`,
        job: "pods",
        model_name: "llama",
        engine: String(index % seriesPerPod),
      },
      samples: timesMs.map((timeMs, step) => ({
        timeMs,
        value: step * (7 + (index % 13)) + ((step * index) % 5),
      })),
    };
  });
}
