// Queries that do not parse are refused when they are applied, with the place in the query: later,
// only a condition could say so, which nobody reads before the replicas stand still.
import { formatDiagnostics } from "../promql/diagnostic.ts";
import { parseQuery } from "../promql/parse.ts";
import type { AdmissionRule, AdmissionVerdict } from "../resources/admission.ts";
import { invalid, type Cause } from "../resources/cause.ts";
import { inferenceServiceKind, type InferenceService } from "../resources/inference-service.ts";
import { scaledObjectKind, type ScaledObject } from "../resources/scaled-object.ts";

export const inferenceServiceQueries: AdmissionRule<InferenceService> = {
  kind: inferenceServiceKind,
  admit(service) {
    const metrics = service.spec.predictor.autoScaling?.metrics ?? [];
    return verdict(
      service,
      metrics.flatMap(({ external }, index) => {
        if (external?.metric.backend !== "prometheus") return [];
        const field = `spec.predictor.autoScaling.metrics[${index}].external.metric.query`;
        return queryCauses(field, external.metric.query);
      }),
    );
  },
};

export const scaledObjectQueries: AdmissionRule<ScaledObject> = {
  kind: scaledObjectKind,
  admit: (object) =>
    verdict(
      object,
      object.spec.triggers.flatMap(({ type, metadata }, index) =>
        type === "prometheus"
          ? queryCauses(`spec.triggers[${index}].metadata.query`, metadata["query"])
          : [],
      ),
    ),
};

/** An absent or empty query is another rule's business. */
function queryCauses(field: string, query: string | undefined): readonly Cause[] {
  if (query === undefined || query.trim() === "") return [];
  const parsed = parseQuery(query);
  if (parsed.kind === "parsed") return [];
  return [invalid(field, query, formatDiagnostics(query, parsed.diagnostics))];
}

function verdict<T>(object: T, causes: readonly Cause[]): AdmissionVerdict<T> {
  return causes.length > 0 ? { kind: "denied", causes } : { kind: "allowed", object, warnings: [] };
}
