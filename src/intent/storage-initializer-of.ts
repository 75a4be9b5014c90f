// The init container that fetches a model into the pod, from the service's storageUri and the
// cluster's ClusterStorageContainers.
import type { ClusterStorageContainer } from "../resources/cluster-storage-container.ts";
import { invalid } from "../resources/cause.ts";
import type { Cause } from "../resources/cause.ts";
import type { Container, EnvVar, Volume, VolumeMount } from "../resources/pod.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";
import { mergeContainer, withEnvDefaults } from "./merge-container.ts";

export type StorageInitializer = {
  readonly kind: "initializer";
  readonly container: Container;
  readonly volume: Volume;
  /** Where the model's container finds it. */
  readonly mount: VolumeMount;
  /** The ClusterStorageContainer that was used, if any. */
  readonly from: string | undefined;
};

const name = "storage-initializer";
const mountPath = "/mnt/models";
const volume: Volume = { name: "kserve-provision-location", emptyDir: {} };

/** What the initializer itself can fetch; anything else takes a ClusterStorageContainer. */
const ownSchemes = ["hf", "gs", "s3", "http", "https", "hdfs", "webhdfs", "file"];

/** What upstream sets unless the container says otherwise. */
const downloadEnv: readonly EnvVar[] = [
  { name: "HF_HUB_ENABLE_HF_TRANSFER", value: "1" },
  { name: "HF_XET_HIGH_PERFORMANCE", value: "1" },
  { name: "HF_XET_NUM_CONCURRENT_RANGE_GETS", value: "8" },
];

export function storageInitializerOf(
  uri: string,
  containers: readonly ClusterStorageContainer[],
  config: InferenceServiceConfig["storageInitializer"],
  readOnly: boolean,
): StorageInitializer | { readonly kind: "invalid"; readonly causes: readonly Cause[] } {
  const field = "spec.predictor.model.storageUri";
  const chosen = storageContainerFor(uri, containers);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1];
  if (!chosen && !uri.startsWith("/") && !ownSchemes.includes(scheme ?? "")) {
    const known = [...ownSchemes.map((own) => `${own}://`), "a path"].join(", ");
    const detail = `no ClusterStorageContainer supports it, and it is none of ${known}`;
    return { kind: "invalid", causes: [invalid(field, uri, detail)] };
  }
  const { image, cpuRequest, cpuLimit, memoryRequest, memoryLimit } = config;
  const builtIn: Container = {
    name,
    image,
    resources: {
      requests: { cpu: cpuRequest, memory: memoryRequest },
      limits: { cpu: cpuLimit, memory: memoryLimit },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ name: volume.name, mountPath }],
  };
  const merged = chosen ? mergeContainer(builtIn, chosen.spec.container) : builtIn;
  return {
    kind: "initializer",
    container: withEnvDefaults({ ...merged, name, args: [uri, mountPath] }, downloadEnv),
    volume,
    mount: { name: volume.name, mountPath, readOnly },
    from: chosen?.metadata.name,
  };
}

/**
 * Upstream takes the first match of an unordered list. Here the longest matching prefix wins, any
 * prefix before a regular expression, and equals go by name, `default` (what KServe ships) last: so
 * that the container that a user adds for hf:// beats the shipped one.
 */
export function storageContainerFor(
  uri: string,
  containers: readonly ClusterStorageContainer[],
): ClusterStorageContainer | undefined {
  const candidates = containers
    .filter(
      ({ disabled, spec }) =>
        disabled !== true && (spec.workloadType ?? "initContainer") === "initContainer",
    )
    .map((container) => ({ container, fit: fitOf(uri, container) }))
    .filter(({ fit }) => fit >= 0);
  const [best] = candidates.toSorted(
    (left, right) =>
      right.fit - left.fit ||
      Number(isShipped(left.container)) - Number(isShipped(right.container)) ||
      (left.container.metadata.name < right.container.metadata.name ? -1 : 1),
  );
  return best?.container;
}

const isShipped = ({ metadata }: ClusterStorageContainer) => metadata.name === "default";

/** The length of the longest prefix that matches, 0 for a regular expression, else -1. */
function fitOf(uri: string, { spec }: ClusterStorageContainer): number {
  const fits = spec.supportedUriFormats.map(({ prefix, regex }) => {
    if (prefix) return uri.startsWith(prefix) ? prefix.length : -1;
    return regex && matches(uri, regex) ? 0 : -1;
  });
  return Math.max(-1, ...fits);
}

/** Go's syntax is nearly ours; what is not a regular expression here matches nothing. */
function matches(uri: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(uri);
  } catch {
    return false;
  }
}
