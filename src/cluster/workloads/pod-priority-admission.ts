// There are no PriorityClasses here: with one node that runs what it is given, priorities would decide
// nothing. A pod that names one is refused, as upstream refuses a name that is not there; the two that
// every cluster has are let in.
import type { AdmissionRule, AdmissionVerdict } from "../../resources/admission.ts";
import { forbidden } from "../../resources/cause.ts";
import { podKind, type Pod } from "../../resources/pod.ts";

const systemClasses: ReadonlySet<string> = new Set([
  "system-cluster-critical",
  "system-node-critical",
]);

export const podPriorityAdmission: AdmissionRule<Pod> = {
  kind: podKind,
  admit(pod, old): AdmissionVerdict<Pod> {
    const { priorityClassName: name = "" } = pod.spec;
    if (old || name === "" || systemClasses.has(name))
      return { kind: "allowed", object: pod, warnings: [] };
    const cause = forbidden(
      "spec.priorityClassName",
      `no PriorityClass with name ${name} was found; this cluster has no PriorityClasses, leave the field out`,
    );
    return { kind: "denied", causes: [cause] };
  },
};
