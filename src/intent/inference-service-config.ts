// KServe's ConfigMap `inferenceservice-config`, as far as it is obeyed here: its keys hold JSON. What
// is absent has the default; what does not parse is told by its key, and has the default too.
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";

export type InferenceServiceConfig = {
  readonly deploy: { readonly defaultDeploymentMode: string };
  readonly ingress: {
    readonly ingressDomain: string;
    readonly domainTemplate: string;
    readonly urlScheme: string;
    readonly ingressClassName: string;
    readonly disableIngressCreation: boolean;
  };
  readonly autoscaler: {
    readonly scaleUpStabilizationWindowSeconds: number;
    readonly scaleDownStabilizationWindowSeconds: number;
  };
  readonly storageInitializer: {
    readonly image: string;
    readonly cpuRequest: string;
    readonly cpuLimit: string;
    readonly memoryRequest: string;
    readonly memoryLimit: string;
  };
  readonly inferenceService: { readonly serviceAnnotationDisallowedList: readonly string[] };
  readonly service: { readonly serviceClusterIPNone: boolean };
};

/** What KServe ships, but for the deployment mode: Dunlin knows no other than Standard. */
export const defaultInferenceServiceConfig: InferenceServiceConfig = {
  deploy: { defaultDeploymentMode: "Standard" },
  ingress: {
    ingressDomain: "example.com",
    domainTemplate: "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}",
    urlScheme: "http",
    ingressClassName: "istio",
    disableIngressCreation: false,
  },
  autoscaler: { scaleUpStabilizationWindowSeconds: 0, scaleDownStabilizationWindowSeconds: 300 },
  storageInitializer: {
    image: "kserve/storage-initializer:latest",
    cpuRequest: "100m",
    cpuLimit: "1",
    memoryRequest: "100Mi",
    memoryLimit: "1Gi",
  },
  inferenceService: { serviceAnnotationDisallowedList: [] },
  service: { serviceClusterIPNone: false },
};

export type ConfigDiagnostic = {
  /** The ConfigMap's key, or `key.field`. */
  readonly key: string;
  readonly message: string;
};

export type ParsedConfig = {
  readonly config: InferenceServiceConfig;
  readonly diagnostics: readonly ConfigDiagnostic[];
};

/** `data` is the ConfigMap's; undefined when there is no ConfigMap. */
export function parseInferenceServiceConfig(
  data: Readonly<Record<string, string>> | undefined,
): ParsedConfig {
  const diagnostics: ConfigDiagnostic[] = [];
  const report = (key: string, message: string) => diagnostics.push({ key, message });
  const section = <Key extends keyof InferenceServiceConfig>(key: Key) =>
    parseSection(key, data?.[key], defaultInferenceServiceConfig[key], report);
  const config: InferenceServiceConfig = {
    deploy: section("deploy"),
    ingress: section("ingress"),
    autoscaler: section("autoscaler"),
    storageInitializer: section("storageInitializer"),
    inferenceService: section("inferenceService"),
    service: section("service"),
  };
  return { config, diagnostics };
}

type Report = (key: string, message: string) => void;

function parseSection<T extends object>(
  key: string,
  text: string | undefined,
  defaults: T,
  report: Report,
): T {
  if (text === undefined || text.trim() === "") return defaults;
  const json = parseJsonObject(text);
  if (typeof json === "string") {
    report(key, json);
    return defaults;
  }
  // The defaults say which fields are read and of which type; entries keep both.
  const entries = Object.entries(defaults).map(([field, fallback]): [string, unknown] => [
    field,
    readField(`${key}.${field}`, json[field], fallback, report),
  ]);
  return Object.fromEntries(entries) as T;
}

function parseJsonObject(text: string): JsonObject | string {
  try {
    const json: unknown = JSON.parse(text);
    return isJsonObject(json) ? json : "must be a JSON object";
  } catch (error) {
    return `is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** KServe writes the seconds of the autoscaler as strings; a number is as good. */
function readField(key: string, value: unknown, fallback: unknown, report: Report): unknown {
  if (value === undefined || value === null || value === "") return fallback;
  if (typeof fallback === "number") {
    const seconds = typeof value === "string" ? Number(value) : value;
    if (typeof seconds === "number" && seconds >= 0 && seconds <= 3600) return seconds;
    report(key, `must be seconds from 0 to 3600, not ${JSON.stringify(value)}`);
    return fallback;
  }
  const wanted = Array.isArray(fallback) ? "array" : typeof fallback;
  if ((Array.isArray(value) ? "array" : typeof value) === wanted) return value;
  report(key, `must be of type ${wanted}, not ${JSON.stringify(value)}`);
  return fallback;
}
