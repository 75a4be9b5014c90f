// Tells whoever writes a pod, or what makes pods, which of its fields have no effect here because pods
// are processes of the user's own. They are taken all the same: manifests that are meant for other
// clusters, too, have them, and mostly ask for less than a process has.
import type { AdmissionRule } from "../../resources/admission.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Kind } from "../../resources/kind.ts";
import { podKind, type Container, type PodSpec } from "../../resources/pod.ts";
import { replicaSetKind } from "../../resources/replica-set.ts";

export const unenforcedAdmission: readonly AdmissionRule[] = [
  warningRule(podKind, "spec", ({ spec }) => spec),
  warningRule(deploymentKind, "spec.template.spec", ({ spec }) => spec.template.spec),
  warningRule(
    replicaSetKind,
    "spec.template.spec",
    ({ spec }) => spec.template?.spec ?? { containers: [] },
  ),
];

/** Paths below the pod's spec, in its order. */
export function unenforcedFields(spec: PodSpec): readonly string[] {
  const { hostNetwork = false, dnsConfig, runtimeClassName } = spec;
  const containers = (list: "initContainers" | "containers") =>
    (spec[list] ?? []).flatMap((one, index) => [
      ...containerFields(one, `${list}[${index}]`),
      // A pod in the node's network has them by default; the cause is said already.
      ...(hostNetwork ? [] : hostPorts(one, `${list}[${index}]`)),
    ]);
  return [
    ...(hostNetwork ? ["hostNetwork"] : []),
    ...(dnsConfig === undefined ? [] : ["dnsConfig"]),
    ...(runtimeClassName === undefined ? [] : ["runtimeClassName"]),
    ...keysOf(spec.securityContext, "securityContext"),
    ...containers("initContainers"),
    ...containers("containers"),
  ];
}

function containerFields(container: Container, field: string): readonly string[] {
  const { resources, volumeMounts = [], securityContext } = container;
  return [
    ...(resources?.limits?.["cpu"] === undefined ? [] : [`${field}.resources.limits.cpu`]),
    ...volumeMounts.flatMap(({ readOnly }, index) =>
      readOnly === true ? [`${field}.volumeMounts[${index}].readOnly`] : [],
    ),
    ...keysOf(securityContext, `${field}.securityContext`),
  ];
}

const hostPorts = ({ ports = [] }: Container, field: string): readonly string[] =>
  ports.flatMap(({ hostPort }, index) => (hostPort ? [`${field}.ports[${index}].hostPort`] : []));

const keysOf = (fields: Readonly<Record<string, unknown>> = {}, at: string): readonly string[] =>
  Object.keys(fields).map((key) => `${at}.${key}`);

function warningRule<T extends KubeObject>(
  kind: Kind<T>,
  at: string,
  specOf: (object: T) => PodSpec,
): AdmissionRule<T> {
  return {
    kind,
    admit(object, old) {
      const fields = unenforcedFields(specOf(object));
      const known = old ? unenforcedFields(specOf(old)) : [];
      const news = fields.filter((field) => !known.includes(field));
      const warning =
        `${news.map((field) => `${at}.${field}`).join(", ")}: no effect in this cluster, whose pods are processes of the user ` +
        "who started it";
      return { kind: "allowed", object, warnings: news.length > 0 ? [warning] : [] };
    },
  };
}
