// A pod of an account that does not exist is refused, as upstream refuses it: a manifest that lacks its
// ServiceAccount is to fail here, not first on the cluster that it is meant for.
import type { AdmissionRule, AdmissionVerdict } from "../../resources/admission.ts";
import { forbidden } from "../../resources/cause.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { serviceAccountKind } from "../../resources/service-account.ts";

export const serviceAccountAdmission: AdmissionRule<Pod> = {
  kind: podKind,
  admit(pod, old, snapshot): AdmissionVerdict<Pod> {
    const { serviceAccountName: name = "default" } = pod.spec;
    const { namespace = "default" } = pod.metadata;
    // The account "default" comes with the namespace, if perhaps a moment after it.
    if (
      old ||
      name === "default" ||
      snapshot.list(serviceAccountKind, namespace).some(({ metadata }) => metadata.name === name)
    )
      return { kind: "allowed", object: pod, warnings: [] };
    const cause = forbidden(
      "spec.serviceAccountName",
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
    return { kind: "denied", causes: [cause] };
  },
};
