// Dunlin on the embedded cluster, all of it in this process: what `up`, the tutorial, the
// end-to-end tests and the benchmarks start.
import { randomBytes } from "node:crypto";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { kserveNamespace } from "../controllers/caches.ts";
import type { ImageMapping } from "../cluster/kubelet/images.ts";
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";
import { defaultInferenceServiceConfig } from "../intent/inference-service-config.ts";
import { isAlreadyExists, KubeClient } from "../kube/client.ts";
import { readKubeconfig } from "../kube/kubeconfig.ts";
import { seededRandom } from "../lib/random.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { configMapKind } from "../resources/config-map.ts";
import { customKinds } from "../resources/custom-kinds.ts";
import { namespaceKind } from "../resources/namespace.ts";
import { admissionRules } from "./admission-rules.ts";
import { startExternalPrometheus } from "./external-prometheus.ts";
import { ownImages } from "./images.ts";
import { startOperator } from "./operator.ts";
import { startOwnPrometheus } from "./own-prometheus.ts";
import type { PrometheusSide } from "./prometheus-side.ts";
import type { ScrapeConfigFile } from "./scrape-config-file.ts";

export type LocalClusterOptions = {
  readonly dataDir: string;
  readonly persistent: boolean;
  /** 0 takes any free port. */
  readonly apiPort: number;
  readonly ingressPort: number;
  readonly gpus: number;
  /** The user's own; they go before Dunlin's. */
  readonly images?: readonly ImageMapping[];
  /** Where Node keeps compiled code for the pods' programs; they start faster with it. */
  readonly compileCache?: string | undefined;
  /** A real Prometheus in place of ours, and where its program is looked for. */
  readonly externalPrometheus?: { readonly path: string } | undefined;
  /** What our own Prometheus scrapes besides the cluster. */
  readonly scrapeConfig?: ScrapeConfigFile | undefined;
  readonly log: (line: string) => void;
  readonly onDecision?: (record: DecisionRecord) => void;
};

export type LocalCluster = Cluster & {
  /** A client over HTTPS, as any user's. */
  readonly client: KubeClient;
};

/** The address under which the tutorial's manifests know Prometheus. */
const prometheusService = { namespace: "istio-system", name: "prometheus", port: 9090 };

/**
 * What the node claims to have. A simulated engine uses next to nothing of what its pod asks for, so
 * a laptop may hold more such pods than it could hold real ones.
 */
const simulatedCapacity = { cpu: "64", memory: "256Gi" };

export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { log, gpus } = options;
  const random = seededRandom(randomBytes(4).readUInt32LE());
  await using started = new AsyncDisposableStack();
  const cluster = await startCluster({
    ...options,
    clock: wallClock,
    random,
    capacity: { ...simulatedCapacity, gpus },
    images: [...(options.images ?? []), ...ownImages(options.compileCache)],
    customKinds,
    admission: admissionRules,
  });
  started.defer(cluster.close);
  await applyDefaults(new KubeClient(cluster.transport));
  const { namespace, name, port } = prometheusService;
  const operator = await startOperator({
    access: readKubeconfig(cluster.kubeconfigPath),
    clock: wallClock,
    random,
    log,
    onDecision: options.onDecision ?? (() => {}),
    prometheus: {
      start: () => startPrometheus(options, cluster),
      knownAs: ["svc.cluster.local", "svc"].map(
        (suffix) => `http://${name}.${namespace}.${suffix}:${port}`,
      ),
    },
    resolve: cluster.resolve,
  });
  started.defer(operator.close);
  const { hostAddress: address } = cluster;
  await cluster.publish({ ...prometheusService, address, targetPort: operator.prometheusPort });
  const running = started.move();
  return { ...cluster, client: operator.client, close: () => running.disposeAsync() };
}

function startPrometheus(
  { externalPrometheus, scrapeConfig, dataDir, log }: LocalClusterOptions,
  { hostAddress: address, processes }: Cluster,
): Promise<PrometheusSide> {
  return externalPrometheus
    ? startExternalPrometheus({ ...externalPrometheus, dataDir, address, processes, log })
    : startOwnPrometheus({ clock: wallClock, address, log, scrapeConfig });
}

/** KServe's namespace and configuration, as its installation would have made them. */
async function applyDefaults(client: KubeClient): Promise<void> {
  const metadata = { name: kserveNamespace };
  await ifAbsent(() =>
    client.create(namespaceKind, { apiVersion: "v1", kind: "Namespace", metadata }),
  );
  await ifAbsent(() =>
    client.create(configMapKind, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "inferenceservice-config", namespace: kserveNamespace },
      data: configData(),
    }),
  );
}

/** The defaults as the ConfigMap has them: each key holds JSON, the seconds stand as strings. */
function configData(): Readonly<Record<string, string>> {
  const text = (_field: string, value: unknown): unknown =>
    typeof value === "number" ? String(value) : value;
  return Object.fromEntries(
    Object.entries(defaultInferenceServiceConfig).map(([key, section]) => [
      key,
      JSON.stringify(section, text, 2),
    ]),
  );
}

async function ifAbsent(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
