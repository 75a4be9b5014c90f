// How long it takes from the end of a round that calls for a change until the API server has
// acknowledged the new count: of one ScaledObject, and of ten that follow the same gauge, so that all of
// them change in the same round. The benchmark itself serves the gauge; the pods wait for a
// scheduler that nobody runs, so that no process takes part.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalCluster, type LocalCluster } from "../src/cli/local-cluster.ts";
import { deploymentKind } from "../src/resources/deployment.ts";
import { podKind } from "../src/resources/pod.ts";
import { scaledObjectKind } from "../src/resources/scaled-object.ts";
import { milliseconds, quantile, type Figure } from "./figure.ts";

const groups = [1, 10];
const changes = 30;
/** A round, its agreement, and some rest. */
const changeEveryMs = 3_000;

export async function roundToScale(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const objects of groups) {
    const latenciesMs = await measure(objects);
    const [p50, p99] = [0.5, 0.99].map((share) => milliseconds(quantile(latenciesMs, share)));
    figures.push({
      what: `round complete → /scale written, ${objects} at once, ${latenciesMs.length} changes`,
      aim: "p99 < 50 ms",
      measured: `p50 ${p50}, p99 ${p99}`,
    });
  }
  return figures;
}

/** The latency of every change, in milliseconds. */
async function measure(objects: number): Promise<readonly number[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "dunlin-bench-"));
  const latenciesMs: number[] = [];
  let load = 2;
  const exporter = createServer((_request, response) => response.end(`load ${load}\n`));
  const cluster = await startLocalCluster({
    dataDir,
    persistent: true,
    apiPort: 0,
    ingressPort: 0,
    gpus: 0,
    log: () => {},
    onDecision: ({ round, writtenAtMs }) => {
      if (round && writtenAtMs !== undefined) latenciesMs.push(writtenAtMs - round.completedAtMs);
    },
  });
  try {
    await new Promise<void>((resolve) => exporter.listen(18_080, cluster.hostAddress, resolve));
    await exportFromPod(cluster);
    for (let index = 0; index < objects; index++) await follow(cluster, `follower-${index}`);
    await new Promise((resolve) => setTimeout(resolve, changeEveryMs));
    latenciesMs.length = 0;
    for (let change = 0; change < changes; change++) {
      load = load === 2 ? 6 : 2;
      await new Promise((resolve) => setTimeout(resolve, changeEveryMs));
    }
  } finally {
    await cluster.close();
    exporter.closeAllConnections();
    exporter.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return latenciesMs;
}

/** A pod that only exists as an object, whose address is the benchmark's own exporter. */
async function exportFromPod({ client, hostAddress }: LocalCluster): Promise<void> {
  const pod = await client.create(podKind, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "exporter",
      namespace: "default",
      annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "18080" },
    },
    spec: { schedulerName: "nobody", containers: [{ name: "exporter", image: "bench" }] },
  });
  await client.updateStatus(podKind, {
    ...pod,
    status: {
      phase: "Running",
      podIP: hostAddress,
      podIPs: [{ ip: hostAddress }],
      conditions: [{ type: "Ready", status: "True" }],
    },
  });
}

async function follow({ client }: LocalCluster, name: string): Promise<void> {
  const labels = { app: name };
  await client.create(deploymentKind, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { schedulerName: "nobody", containers: [{ name: "none", image: "bench" }] },
      },
    },
  });
  await client.create(scaledObjectKind, {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name, namespace: "default" },
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: 1,
      maxReplicaCount: 5,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
        },
      },
      triggers: [
        {
          type: "prometheus",
          metricType: "AverageValue",
          metadata: {
            serverAddress: "http://prometheus.istio-system.svc.cluster.local:9090",
            query: 'load{pod="exporter"}',
            threshold: "2",
          },
        },
      ],
    },
  });
}
