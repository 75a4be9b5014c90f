// The serving runtimes that are built in: which container serves which model format. They mirror
// what KServe ships as ClusterServingRuntimes; runtimes of the user's own are not read yet.
import { notSupported } from "../resources/cause.ts";
import type { Cause } from "../resources/cause.ts";
import type { PredictorModel } from "../resources/inference-service.ts";
import type { Container, Volume } from "../resources/pod.ts";

export type ServingRuntime = {
  readonly name: string;
  readonly format: string;
  readonly formatVersion: string;
  /** The first is the default. */
  readonly protocols: readonly string[];
  /** Its texts may hold Go templates over the service's metadata. */
  readonly container: Container;
  readonly volumes: readonly Volume[];
  readonly annotations: Readonly<Record<string, string>>;
};

export const servingRuntimes: readonly ServingRuntime[] = [
  {
    name: "kserve-huggingfaceserver",
    format: "huggingface",
    formatVersion: "1",
    protocols: ["v2", "v1"],
    container: {
      name: "kserve-container",
      image: "kserve/huggingfaceserver:latest",
      args: ["--model_name={{ .Name }}"],
      env: [{ name: "LMCACHE_USE_EXPERIMENTAL", value: "True" }],
      resources: {
        requests: { cpu: "1", memory: "2Gi" },
        limits: { cpu: "1", memory: "2Gi" },
      },
      volumeMounts: [{ name: "devshm", mountPath: "/dev/shm" }],
    },
    volumes: [{ name: "devshm", emptyDir: { medium: "Memory" } }],
    annotations: { "prometheus.kserve.io/port": "8080", "prometheus.kserve.io/path": "/metrics" },
  },
];

export type RuntimeResult =
  | { readonly kind: "runtime"; readonly runtime: ServingRuntime }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

/** The runtime that the model names, else the one for its format. */
export function runtimeOf(model: PredictorModel): RuntimeResult {
  const at = "spec.predictor.model";
  const known = (of: (runtime: ServingRuntime) => string) => servingRuntimes.map(of);
  const { modelFormat, protocolVersion } = model;
  const byName = servingRuntimes.filter(
    ({ name }) => model.runtime === undefined || model.runtime === name,
  );
  const invalid = (cause: Cause): RuntimeResult => ({ kind: "invalid", causes: [cause] });
  if (byName.length === 0)
    return invalid(
      notSupported(
        `${at}.runtime`,
        model.runtime,
        known(({ name }) => name),
      ),
    );
  const runtime = byName.find(({ format }) => format === modelFormat.name);
  if (!runtime)
    return invalid(
      notSupported(
        `${at}.modelFormat.name`,
        modelFormat.name,
        known(({ format }) => format),
      ),
    );
  const { version } = modelFormat;
  if (version !== undefined && version !== runtime.formatVersion)
    return invalid(notSupported(`${at}.modelFormat.version`, version, [runtime.formatVersion]));
  if (protocolVersion !== undefined && !runtime.protocols.includes(protocolVersion))
    return invalid(notSupported(`${at}.protocolVersion`, protocolVersion, runtime.protocols));
  return { kind: "runtime", runtime };
}
