// The defaults of pods and pod templates, as the API server sets them. A template leaves some to the
// pod that is made from it, so that Deployments read back as they were written.
import { canonicalQuantity } from "../lib/quantity.ts";
import type {
  Container,
  EnvVar,
  LifecycleHandler,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceList,
  ResourceRequirements,
  Volume,
} from "./pod.ts";

export function podWithDefaults(pod: Pod): Pod {
  const spec = specWithDefaults(pod.spec);
  const complete: PodSpec = {
    enableServiceLinks: true,
    serviceAccountName: "default",
    ...spec,
    containers: spec.containers.map(withRequestsOfLimits),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(withRequestsOfLimits) }),
  };
  return {
    ...pod,
    spec: complete,
    status: { phase: "Pending", qosClass: qosClassOf(complete), ...pod.status },
  };
}

export function templateWithDefaults(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: specWithDefaults(template.spec) };
}

function specWithDefaults(spec: PodSpec): PodSpec {
  const hostNetwork = spec.hostNetwork === true;
  const complete = (container: Container) => containerWithDefaults(container, hostNetwork);
  return {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    ...spec,
    containers: spec.containers.map(complete),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(complete) }),
    ...(spec.volumes && { volumes: spec.volumes.map(volumeWithDefaults) }),
  };
}

function containerWithDefaults(container: Container, hostNetwork: boolean): Container {
  const { ports, env, readinessProbe, livenessProbe, startupProbe, lifecycle } = container;
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: pullPolicyOf(container.image),
    ...container,
    resources: canonicalResources(container.resources),
    ...(ports && {
      ports: ports.map((port) => ({
        protocol: "TCP",
        ...(hostNetwork && { hostPort: port.containerPort }),
        ...port,
      })),
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
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...probe,
    ...(probe.httpGet && { httpGet: { path: "/", scheme: "HTTP", ...probe.httpGet } }),
    ...(probe.grpc && { grpc: { service: "", ...probe.grpc } }),
  };
}

function lifecycleWithDefaults(
  lifecycle: NonNullable<Container["lifecycle"]>,
): NonNullable<Container["lifecycle"]> {
  const { postStart, preStop } = lifecycle;
  const complete = (handler: LifecycleHandler): LifecycleHandler => ({
    ...handler,
    ...(handler.httpGet && { httpGet: { path: "/", scheme: "HTTP", ...handler.httpGet } }),
  });
  return {
    ...lifecycle,
    ...(postStart && { postStart: complete(postStart) }),
    ...(preStop && { preStop: complete(preStop) }),
  };
}

function envWithDefaults(variable: EnvVar): EnvVar {
  const field = variable.valueFrom?.fieldRef;
  if (!field) return variable;
  return {
    ...variable,
    valueFrom: { ...variable.valueFrom, fieldRef: { apiVersion: "v1", ...field } },
  };
}

function volumeWithDefaults(volume: Volume): Volume {
  const { configMap, secret, projected, downwardAPI, hostPath } = volume;
  if (Object.keys(volume).length === 1) return { ...volume, emptyDir: {} };
  return {
    ...volume,
    ...(configMap && { configMap: { defaultMode, ...configMap } }),
    ...(secret && { secret: { defaultMode, ...secret } }),
    ...(projected && { projected: { defaultMode, ...projected } }),
    ...(downwardAPI && { downwardAPI: { defaultMode, ...downwardAPI } }),
    ...(hostPath && { hostPath: { type: "", ...hostPath } }),
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
