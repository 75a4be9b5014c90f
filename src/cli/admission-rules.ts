// The rules that objects must pass before they are stored, in the order in which they run. A
// cluster that is not ours gets the same list through a webhook server.
import { inferenceServiceQueries, scaledObjectQueries } from "../intent/query-admission.ts";
import type { AdmissionRule } from "../resources/admission.ts";
import { inferenceServiceAdmission } from "../resources/inference-service-admission.ts";
import { scaledObjectAdmission } from "../resources/scaled-object-admission.ts";

export const admissionRules: readonly AdmissionRule[] = [
  inferenceServiceAdmission,
  inferenceServiceQueries,
  scaledObjectAdmission,
  scaledObjectQueries,
];
