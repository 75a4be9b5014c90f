// What is wrong with a pod or a pod template that fits its schema, in Kubernetes' words.
import { jsonEqual } from "../lib/json.ts";
import {
  duplicates,
  forbidden,
  invalid,
  negative,
  notSupported,
  required,
  type Cause,
} from "./cause.ts";
import { validateContainer } from "./container-validation.ts";
import { dnsLabelProblems } from "./label-syntax.ts";
import {
  validateAppContainer,
  validateInitContainer,
  validateLifecycle,
} from "./lifecycle-validation.ts";
import { validateAnnotations, validateLabels } from "./metadata-validation.ts";
import type { Container, Pod, PodSpec, PodTemplateSpec, Volume } from "./pod.ts";

export function validatePod(pod: Pod, old: Pod | undefined): readonly Cause[] {
  return [
    ...validatePodSpec(pod.spec, "spec", ["Always", "Never", "OnFailure"]),
    ...(old && !jsonEqual(fixedPart(pod.spec, old.spec), fixedPart(old.spec, old.spec))
      ? [forbidden("spec", podUpdateRule)]
      : []),
    ...(old ? validateGates(pod.spec, old.spec) : []),
  ];
}

/** Gates are lifted one by one; a pod that may be scheduled is not held back again. */
function validateGates(spec: PodSpec, old: PodSpec): readonly Cause[] {
  const before = new Set(old.schedulingGates?.map(({ name }) => name));
  return (spec.schedulingGates ?? [])
    .filter(({ name }) => !before.has(name))
    .map(({ name }) =>
      forbidden(
        "spec.schedulingGates",
        `only deletion is allowed, but found new scheduling gate '${name}'`,
      ),
    );
}

/** Checks a template whose pods are to run for ever, as those of Deployments. */
export function validateTemplate(template: PodTemplateSpec, field: string): readonly Cause[] {
  return [
    ...validateLabels(template.metadata?.labels, `${field}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${field}.annotations`),
    ...validatePodSpec(template.spec, `${field}.spec`, ["Always"]),
  ];
}

const podUpdateRule =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

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
  ];
}

function validateVolumes(volumes: readonly Volume[], field: string): readonly Cause[] {
  const each = volumes.flatMap((volume, index) => {
    const at = `${field}[${index}]`;
    const causes = (volume.name === "" ? [] : dnsLabelProblems(volume.name)).map((problem) =>
      invalid(`${at}.name`, volume.name, problem),
    );
    if (volume.name === "") causes.push(required(`${at}.name`));
    const types = Object.keys(volume).filter((key) => key !== "name");
    for (const type of types.slice(1))
      causes.push(forbidden(`${at}.${type}`, "may not specify more than 1 volume type"));
    return causes;
  });
  const names = duplicates(
    volumes,
    ({ name }) => name,
    (index) => `${field}[${index}].name`,
  );
  return [...each, ...names];
}

/** The spec without what an update may change. The node is set once, by the scheduler. */
function fixedPart(spec: PodSpec, old: PodSpec): unknown {
  const {
    activeDeadlineSeconds: _deadline,
    tolerations: _tolerations,
    schedulingGates: _gates,
    nodeName,
    ...rest
  } = spec;
  return {
    ...rest,
    nodeName: old.nodeName ? nodeName : undefined,
    containers: spec.containers.map(withoutImage),
    initContainers: spec.initContainers?.map(withoutImage),
  };
}

function withoutImage(container: Container): unknown {
  return { ...container, image: undefined };
}
