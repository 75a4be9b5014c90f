// How long the third pod takes to be Ready after a step from no load to five requests in flight, with
// the tutorial's service and the simulated engine.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { runLoad } from "../src/cli/load.ts";
import { startLocalCluster, type LocalCluster } from "../src/cli/local-cluster.ts";
import { wallClock } from "../src/lib/wall-clock.ts";
import { configMapKind } from "../src/resources/config-map.ts";
import { inferenceServiceKind, type InferenceService } from "../src/resources/inference-service.ts";
import { conditionOf } from "../src/resources/object.ts";
import { podKind } from "../src/resources/pod.ts";
import { isReady, isTerminating } from "../src/resources/pod-state.ts";
import { eventually, example } from "../test/dunlin.ts";
import { milliseconds, quantile, type Figure } from "./figure.ts";

const steps = 5;
const body = JSON.stringify({
  model: "qwen",
  messages: [{ role: "user", content: "Write a poem about colors" }],
  max_tokens: 100,
});

export async function loadStep(): Promise<readonly Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "dunlin-bench-"));
  const cluster = await startLocalCluster({
    dataDir,
    persistent: false,
    apiPort: 0,
    ingressPort: 0,
    gpus: 8,
    log: () => {},
  });
  const thirdReadyMs: number[] = [];
  try {
    const hostname = await serve(cluster);
    for (let step = 0; step < steps; step++) {
      const load = runLoad({
        clock: wallClock,
        ...cluster.ingress,
        hostname,
        path: "/openai/v1/chat/completions",
        body,
        inFlight: 5,
        durationMs: 8_000,
        signal: new AbortController().signal,
      });
      const beganMs = performance.now();
      await eventually("three pods are ready", async () =>
        (await readyPods(cluster)) >= 3 ? true : undefined,
      );
      thirdReadyMs.push(performance.now() - beganMs);
      await load;
      await eventually("one pod is left", async () =>
        (await readyPods(cluster)) === 1 ? true : undefined,
      );
    }
  } finally {
    await cluster.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return [
    {
      what: `load step (0 → 5 in flight) → third pod Ready, ${steps} steps`,
      aim: "< 5 s",
      measured: `median ${milliseconds(quantile(thirdReadyMs, 0.5))}, worst ${milliseconds(quantile(thirdReadyMs, 1))}`,
    },
  ];
}

/** Applies the example with a short window; returns the host under which it serves. */
async function serve({ client }: LocalCluster): Promise<string> {
  const autoscaler = '{"scaleDownStabilizationWindowSeconds": "2"}';
  const config = { namespace: "kserve", name: "inferenceservice-config" };
  await client.patch(configMapKind, config, { data: { autoscaler } });
  const service: InferenceService = parse(readFileSync(example("huggingface-qwen.yaml"), "utf8"));
  const metadata = { ...service.metadata, namespace: "default" };
  await client.create(inferenceServiceKind, { ...service, metadata });
  return eventually("the service is Ready", async () => {
    const status = (await client.get(inferenceServiceKind, metadata))?.status;
    const ready = conditionOf(status?.conditions, "Ready")?.status === "True";
    return ready && status?.url ? new URL(status.url).host : undefined;
  });
}

async function readyPods({ client }: LocalCluster): Promise<number> {
  const { items } = await client.list(podKind, { namespace: "default" });
  return items.filter((pod) => isReady(pod) && !isTerminating(pod)).length;
}
