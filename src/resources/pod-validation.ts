// What is wrong with a pod or a pod template that fits its schema, in Kubernetes' words.
import {
  duplicate,
  duplicates,
  forbidden,
  invalid,
  negative,
  notFound,
  notSupported,
  required,
  type Cause,
} from "./cause.ts";
import { validateContainer } from "./container-validation.ts";
import { ipProblems } from "./ip-syntax.ts";
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems } from "./label-syntax.ts";
import {
  validateAppContainer,
  validateInitContainer,
  validateLifecycle,
} from "./lifecycle-validation.ts";
import { validateAnnotations, validateLabels } from "./metadata-validation.ts";
import { validatePlacement } from "./placement-validation.ts";
import { systemPriorities } from "./pod-defaults.ts";
import { validatePodUpdate } from "./pod-update-validation.ts";
import type { Container, Pod, PodSpec, PodTemplateSpec } from "./pod.ts";
import { validateVolumes } from "./volume-validation.ts";

export function validatePod(pod: Pod, old: Pod | undefined): readonly Cause[] {
  return [
    ...validatePodSpec(pod.spec, "spec", ["Always", "Never", "OnFailure"]),
    ...(old ? validatePodUpdate(pod, old) : validateNew(pod)),
  ];
}

/** What only whoever makes a pod can do wrong. */
function validateNew({ spec }: Pod): readonly Cause[] {
  const { priorityClassName = "", runtimeClassName = "" } = spec;
  return [
    ...((spec.ephemeralContainers ?? []).length > 0
      ? [forbidden("spec.ephemeralContainers", "cannot be set on create")]
      : []),
    // This server has none but the ones of every cluster.
    ...(priorityClassName !== "" && systemPriorities[priorityClassName] === undefined
      ? [notFound("spec.priorityClassName", priorityClassName)]
      : []),
    ...(runtimeClassName === "" ? [] : [notFound("spec.runtimeClassName", runtimeClassName)]),
  ];
}

/** Checks a template whose pods are to run for ever, as those of Deployments. */
export function validateTemplate(template: PodTemplateSpec, field: string): readonly Cause[] {
  return [
    ...validateLabels(template.metadata?.labels, `${field}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${field}.annotations`),
    ...validatePodSpec(template.spec, `${field}.spec`, ["Always"]),
  ];
}

const dnsPolicies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];

function validatePodSpec(
  spec: PodSpec,
  field: string,
  restartPolicies: readonly string[],
): readonly Cause[] {
  const { restartPolicy = "Always", dnsPolicy = "ClusterFirst" } = spec;
  return [
    ...validateVolumes(spec.volumes ?? [], `${field}.volumes`),
    ...validateContainers(spec, field),
    ...(restartPolicies.includes(restartPolicy)
      ? []
      : [notSupported(`${field}.restartPolicy`, restartPolicy, restartPolicies)]),
    ...(dnsPolicies.includes(dnsPolicy)
      ? []
      : [notSupported(`${field}.dnsPolicy`, dnsPolicy, dnsPolicies)]),
    ...negative(`${field}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validatePlacement(spec, field),
    ...validateNames(spec, field),
    ...(dnsPolicy === "None" && (spec.dnsConfig?.nameservers ?? []).length === 0
      ? [
          required(
            `${field}.dnsConfig.nameservers`,
            `must provide at least one DNS nameserver when \`dnsPolicy\` is None`,
          ),
        ]
      : []),
    ...validateDeadline(spec.activeDeadlineSeconds, `${field}.activeDeadlineSeconds`),
  ];
}

const secondsMax = 2_147_483_647;

function validateDeadline(seconds: number | undefined, field: string): readonly Cause[] {
  if (seconds === undefined || (seconds >= 1 && seconds <= secondsMax)) return [];
  return [invalid(field, seconds, `must be between 1 and ${secondsMax}, inclusive`)];
}

/** The names of other things that a pod bears. */
function validateNames(spec: PodSpec, field: string): readonly Cause[] {
  const { serviceAccountName = "", nodeName = "", hostname = "", subdomain = "" } = spec;
  const checked = (name: string, value: string, problemsOf: typeof dnsLabelProblems) =>
    (value === "" ? [] : problemsOf(value)).map((problem) =>
      invalid(`${field}.${name}`, value, problem),
    );
  return [
    ...checked("serviceAccountName", serviceAccountName, dnsSubdomainProblems),
    ...checked("nodeName", nodeName, dnsSubdomainProblems),
    ...checked("hostname", hostname, dnsLabelProblems),
    ...checked("subdomain", subdomain, dnsLabelProblems),
    ...(spec.hostAliases ?? []).flatMap(({ ip, hostnames = [] }, index) => [
      ...checked(`hostAliases[${index}].ip`, ip, ipProblems),
      ...hostnames.flatMap((name, at) =>
        checked(`hostAliases[${index}].hostnames[${at}]`, name, dnsSubdomainProblems),
      ),
    ]),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) =>
      checked(`readinessGates[${index}].conditionType`, conditionType, labelKeyProblems),
    ),
    ...(spec.schedulingGates ?? []).flatMap(({ name }, index) =>
      checked(`schedulingGates[${index}].name`, name, labelKeyProblems),
    ),
  ];
}

function validateContainers(spec: PodSpec, field: string): readonly Cause[] {
  const volumes = new Set(spec.volumes?.map(({ name }) => name));
  const initContainers = spec.initContainers ?? [];
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 30;
  const each = (
    containers: readonly Container[],
    list: string,
    validateRole: (container: Container, field: string) => readonly Cause[],
  ) =>
    containers.flatMap((container, index) => {
      const at = `${field}.${list}[${index}]`;
      return [
        ...validateContainer(container, volumes, at),
        ...validateLifecycle(container, graceSeconds, at),
        ...validateRole(container, at),
      ];
    });
  const fieldOf = (index: number) =>
    index < initContainers.length
      ? `${field}.initContainers[${index}].name`
      : `${field}.containers[${index - initContainers.length}].name`;
  return [
    ...(spec.containers.length === 0 ? [required(`${field}.containers`)] : []),
    ...each(initContainers, "initContainers", validateInitContainer),
    ...each(spec.containers, "containers", validateAppContainer),
    ...duplicates([...initContainers, ...spec.containers], ({ name }) => name, fieldOf),
    ...validateHostPorts(spec, field),
  ];
}

/** Ports of the node itself, of which each is there but once. */
function validateHostPorts({ containers, hostNetwork }: PodSpec, field: string): readonly Cause[] {
  const seen = new Set<string>();
  return containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ containerPort, hostPort = 0, hostIP = "", protocol = "TCP" }, at) => {
      const path = `${field}.containers[${index}].ports[${at}]`;
      if (hostNetwork === true && hostPort !== containerPort)
        return [
          invalid(
            `${path}.containerPort`,
            containerPort,
            "must match `hostPort` when `hostNetwork` is true",
          ),
        ];
      const taken = `${protocol}/${hostIP}/${hostPort}`;
      if (hostPort === 0 || !seen.has(taken)) {
        seen.add(taken);
        return [];
      }
      return [duplicate(`${path}.hostPort`, taken)];
    }),
  );
}
