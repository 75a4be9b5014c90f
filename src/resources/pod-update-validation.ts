// What may change of a pod once it is there, in Kubernetes' words: images, and little else.
import { jsonEqual } from "../lib/json.ts";
import { forbidden, invalid, type Cause } from "./cause.ts";
import type { Container, Pod, PodSpec, Toleration } from "./pod.ts";

export function validatePodUpdate({ spec }: Pod, { spec: old }: Pod): readonly Cause[] {
  for (const list of ["containers", "initContainers"] as const)
    if ((spec[list] ?? []).length !== (old[list] ?? []).length)
      return [forbidden(`spec.${list}`, "pod updates may not add or remove containers")];
  return [
    ...validateDeadline(spec.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...validateTolerations(spec.tolerations ?? [], old.tolerations ?? []),
    ...validateGates(spec, old),
    ...(jsonEqual(fixedPart(spec, old), fixedPart(old, old))
      ? []
      : [forbidden("spec", updateRule)]),
  ];
}

const updateRule =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** A deadline may be set and come nearer. */
function validateDeadline(next: number | undefined, old: number | undefined): readonly Cause[] {
  const field = "spec.activeDeadlineSeconds";
  if (old === undefined || next === old) return [];
  if (next === undefined)
    return [invalid(field, next ?? null, "must not update from a positive integer to nil value")];
  if (next > old) return [invalid(field, next, "must be less than or equal to previous value")];
  return [];
}

/** Tolerations may be added, and last longer or shorter. */
function validateTolerations(
  next: readonly Toleration[],
  old: readonly Toleration[],
): readonly Cause[] {
  const lasting = ({ tolerationSeconds: _seconds, ...toleration }: Toleration): Toleration =>
    toleration;
  const isKept = old.every((toleration) =>
    next.some((other) => jsonEqual(lasting(other), lasting(toleration))),
  );
  if (isKept) return [];
  return [
    forbidden(
      "spec.tolerations",
      "existing toleration can not be modified except its tolerationSeconds",
    ),
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
