// The defaults of pods and pod templates, as the API server sets them. A template leaves some to the
// pod that is made from it, so that Deployments read back as they were written.
import { canonicalQuantity } from "../lib/quantity.ts";
import { filled } from "./filled.ts";
import type {
  Container,
  DownwardFile,
  EnvVar,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ProjectedSource,
  ResourceList,
  ResourceRequirements,
  Toleration,
  Volume,
} from "./pod.ts";

export function podWithDefaults(pod: Pod): Pod {
  const account = pod.spec.serviceAccountName || pod.spec.serviceAccount || "default";
  const spec = specWithDefaults({ ...pod.spec, serviceAccountName: account });
  const complete: PodSpec = {
    enableServiceLinks: true,
    preemptionPolicy: "PreemptLowerPriority",
    priority: systemPriorities[spec.priorityClassName ?? ""] ?? 0,
    ...spec,
    tolerations: withNodeTolerations(spec.tolerations),
    containers: spec.containers.map(withRequestsOfLimits),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(withRequestsOfLimits) }),
  };
  return {
    ...pod,
    spec: complete,
    status: { phase: "Pending", qosClass: qosClassOf(complete), ...pod.status },
  };
}

/** The classes that every cluster has. */
export const systemPriorities: Readonly<Record<string, number | undefined>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/** How long a pod stays on a node that is lost, unless it says itself. */
function withNodeTolerations(tolerations: readonly Toleration[] = []): readonly Toleration[] {
  const missing = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (taint) =>
      !tolerations.some(
        ({ key, effect }) => (key === taint || !key) && (effect === "NoExecute" || !effect),
      ),
  );
  const added = missing.map((key) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 300,
  }));
  return added.length === 0 ? tolerations : [...tolerations, ...added];
}

export function templateWithDefaults(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: specWithDefaults(template.spec) };
}

function specWithDefaults(spec: PodSpec): PodSpec {
  const hostNetwork = spec.hostNetwork === true;
  const complete = (container: Container) => containerWithDefaults(container, hostNetwork);
  const account = spec.serviceAccountName || spec.serviceAccount;
  return {
    terminationGracePeriodSeconds: 30,
    securityContext: {},
    ...filled(
      {
        restartPolicy: "Always",
        dnsPolicy: "ClusterFirst",
        schedulerName: "default-scheduler",
      },
      spec,
    ),
    // The older name of the field goes on to be told.
    ...(account && { serviceAccountName: account, serviceAccount: account }),
    ...(spec.overhead && { overhead: canonicalList(spec.overhead) }),
    containers: spec.containers.map(complete),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(complete) }),
    ...(spec.ephemeralContainers && {
      ephemeralContainers: spec.ephemeralContainers.map(complete),
    }),
    ...(spec.volumes && { volumes: spec.volumes.map(volumeWithDefaults) }),
  };
}

function containerWithDefaults(container: Container, hostNetwork: boolean): Container {
  const { ports, env, readinessProbe, livenessProbe, startupProbe, lifecycle } = container;
  return {
    ...filled(
      {
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        imagePullPolicy: pullPolicyOf(container.image),
      },
      container,
    ),
    resources: canonicalResources(container.resources),
    ...(ports && {
      ports: ports.map((port) =>
        filled({ protocol: "TCP", ...(hostNetwork && { hostPort: port.containerPort }) }, port),
      ),
    }),
    ...(env && { env: env.map(envWithDefaults) }),
    ...(readinessProbe && { readinessProbe: probeWithDefaults(readinessProbe) }),
    ...(livenessProbe && { livenessProbe: probeWithDefaults(livenessProbe) }),
    ...(startupProbe && { startupProbe: probeWithDefaults(startupProbe) }),
    ...(lifecycle && { lifecycle: lifecycleWithDefaults(lifecycle) }),
  };
}

/** Images that can change under their name are pulled each time: those tagged latest, or not at all. */
function pullPolicyOf(image = ""): string {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function probeWithDefaults(probe: Probe): Probe {
  return {
    ...filled(
      { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
      handlerWithDefaults(probe),
    ),
    ...(probe.grpc && { grpc: { service: "", ...probe.grpc } }),
  };
}

function lifecycleWithDefaults(
  lifecycle: NonNullable<Container["lifecycle"]>,
): NonNullable<Container["lifecycle"]> {
  const { postStart, preStop } = lifecycle;
  return {
    ...lifecycle,
    ...(postStart && { postStart: handlerWithDefaults(postStart) }),
    ...(preStop && { preStop: handlerWithDefaults(preStop) }),
  };
}

function handlerWithDefaults<T extends Pick<Probe, "httpGet">>(handler: T): T {
  if (!handler.httpGet) return handler;
  return { ...handler, httpGet: filled({ path: "/", scheme: "HTTP" }, handler.httpGet) };
}

function envWithDefaults(variable: EnvVar): EnvVar {
  const { valueFrom } = variable;
  return valueFrom ? { ...variable, valueFrom: referencesWithDefaults(valueFrom) } : variable;
}

/** What the downward API tells: fields of the pod, and resources of its containers. */
function referencesWithDefaults<T extends Pick<DownwardFile, "fieldRef" | "resourceFieldRef">>(
  source: T,
): T {
  const { fieldRef, resourceFieldRef } = source;
  return {
    ...source,
    ...(fieldRef && { fieldRef: filled({ apiVersion: "v1" }, fieldRef) }),
    ...(resourceFieldRef && {
      resourceFieldRef: {
        ...resourceFieldRef,
        divisor: canonicalQuantity(resourceFieldRef.divisor ?? "0"),
      },
    }),
  };
}

function volumeWithDefaults(volume: Volume): Volume {
  const { configMap, secret, projected, downwardAPI, hostPath, emptyDir, ephemeral } = volume;
  if (Object.keys(volume).length === 1) return { ...volume, emptyDir: {} };
  return {
    ...volume,
    ...(configMap && { configMap: { defaultMode, ...configMap } }),
    ...(secret && { secret: { defaultMode, ...secret } }),
    ...(projected && {
      projected: {
        defaultMode,
        ...projected,
        ...(projected.sources && { sources: projected.sources.map(sourceWithDefaults) }),
      },
    }),
    ...(downwardAPI && { downwardAPI: { defaultMode, ...filesWithDefaults(downwardAPI) } }),
    ...(emptyDir?.sizeLimit && {
      emptyDir: { ...emptyDir, sizeLimit: canonicalQuantity(emptyDir.sizeLimit) },
    }),
    ...(ephemeral?.volumeClaimTemplate && {
      ephemeral: {
        ...ephemeral,
        volumeClaimTemplate: {
          ...ephemeral.volumeClaimTemplate,
          spec: { volumeMode: "Filesystem", ...ephemeral.volumeClaimTemplate.spec },
        },
      },
    }),
    ...(hostPath && { hostPath: { type: "", ...hostPath } }),
  };
}

type DownwardFiles = { readonly items?: readonly DownwardFile[] };

function filesWithDefaults<T extends DownwardFiles>(files: T): T {
  return files.items ? { ...files, items: files.items.map(referencesWithDefaults) } : files;
}

function sourceWithDefaults(source: ProjectedSource): ProjectedSource {
  const { downwardAPI, serviceAccountToken } = source;
  return {
    ...source,
    ...(downwardAPI && { downwardAPI: filesWithDefaults(downwardAPI) }),
    ...(serviceAccountToken && {
      serviceAccountToken: { expirationSeconds: 3600, ...serviceAccountToken },
    }),
  };
}

/** rw-r--r--, which YAML and JSON can say in decimals only. */
const defaultMode = 0o644;

function canonicalResources(resources: ResourceRequirements = {}): ResourceRequirements {
  const { requests, limits } = resources;
  return {
    ...resources,
    ...(limits && { limits: canonicalList(limits) }),
    ...(requests && { requests: canonicalList(requests) }),
  };
}

function canonicalList(resources: ResourceList): ResourceList {
  const entries = Object.entries(resources).map(([name, amount]) => [
    name,
    canonicalQuantity(amount),
  ]);
  return Object.fromEntries(entries);
}

function withRequestsOfLimits(container: Container): Container {
  const { limits, requests } = container.resources ?? {};
  if (!limits) return container;
  return {
    ...container,
    resources: { ...container.resources, requests: { ...limits, ...requests } },
  };
}

/** Which pods are killed first when memory runs out: BestEffort, then Burstable, then Guaranteed. */
function qosClassOf(spec: PodSpec): string {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const amounts = containers.flatMap(({ resources }) => [
    ...computeAmounts(resources?.requests),
    ...computeAmounts(resources?.limits),
  ]);
  if (amounts.length === 0) return "BestEffort";
  const guaranteed = containers.every(({ resources }) =>
    (["cpu", "memory"] as const).every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && limit === (resources?.requests?.[name] ?? limit);
    }),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

function computeAmounts(resources: ResourceList | undefined): readonly string[] {
  return [resources?.["cpu"] ?? "0", resources?.["memory"] ?? "0"].filter(
    (amount) => amount !== "0",
  );
}
