// What an InferenceService must be like before it is stored: KServe's checks of Standard mode, with
// the remedy in each sentence, and a few that spare the user a failure later on.
//
// The annotation value RawDeployment, KServe's older word for Standard, is kept as it was written:
// were it rewritten, `kubectl apply` of the same manifest would never say `unchanged`.
import { jsonEqual } from "../lib/json.ts";
import type { AdmissionRule, AdmissionVerdict } from "./admission.ts";
import { autoscalingCauses, autoscalingWarnings } from "./autoscaling-validation.ts";
import { invalid, notSupported, type Cause } from "./cause.ts";
import {
  autoscalerClassAnnotation,
  autoscalerClasses,
  autoscalerClassOf,
  deploymentModeAnnotation,
  inferenceServiceKind,
  predictorNameOf,
  standardDeploymentModes,
  type InferenceService,
} from "./inference-service.ts";
import { labelLengthMax } from "./label-syntax.ts";
import { predictorCauses } from "./predictor-validation.ts";

export const inferenceServiceAdmission: AdmissionRule<InferenceService> = {
  kind: inferenceServiceKind,
  admit(service, old): AdmissionVerdict<InferenceService> {
    // A finalizer must be able to go, and a status to be written, whatever the rules are by then.
    if (service.metadata.deletionTimestamp !== undefined || (old && isSame(service, old)))
      return { kind: "allowed", object: withDefaults(service), warnings: [] };
    const causes = [
      ...nameCauses(service),
      ...modeCauses(service),
      ...autoscalerClassCauses(service),
      ...predictorCauses(service.spec.predictor),
      ...replicaCauses(service),
      ...autoscalingCauses(service),
      ...updateCauses(service, old),
    ];
    if (causes.length > 0) return { kind: "denied", causes };
    return { kind: "allowed", object: withDefaults(service), warnings: warningsOf(service) };
  },
};

/** Whether nothing changed that the rules look at. */
function isSame(service: InferenceService, old: InferenceService): boolean {
  return (
    jsonEqual(service.spec, old.spec) &&
    jsonEqual(service.metadata.annotations, old.metadata.annotations)
  );
}

function withDefaults(service: InferenceService): InferenceService {
  const format = service.spec.predictor.model?.modelFormat.name;
  return {
    ...service,
    metadata: {
      ...service.metadata,
      annotations: {
        [deploymentModeAnnotation]: "Standard",
        ...(format !== undefined && { modelFormat: format }),
        ...service.metadata.annotations,
      },
    },
  };
}

function nameCauses(service: InferenceService): readonly Cause[] {
  const { name, namespace = "default" } = service.metadata;
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name))
    return [
      invalid(
        "metadata.name",
        name,
        "must be a DNS label that starts with a letter: lower case letters, digits and hyphens, without dots",
      ),
    ];
  const predictor = predictorNameOf(service);
  const derived = [
    `${predictor}-${namespace}`,
    `isvc.${predictor}`,
    ...(autoscalerClassOf(service) === "keda" ? [`keda-hpa-${predictor}`] : []),
  ];
  const longest = derived.reduce((a, b) => (b.length > a.length ? b : a));
  const excess = longest.length - labelLengthMax;
  if (excess <= 0) return [];
  return [
    invalid(
      "metadata.name",
      name,
      `is too long: "${longest}", which is made of it, must be no more than ${labelLengthMax} characters; ` +
        `shorten the name to at most ${Math.max(1, name.length - excess)} characters`,
    ),
  ];
}

function modeCauses({ metadata }: InferenceService): readonly Cause[] {
  const mode = metadata.annotations?.[deploymentModeAnnotation];
  if (mode === undefined || standardDeploymentModes.some((known) => known === mode)) return [];
  const field = `metadata.annotations[${deploymentModeAnnotation}]`;
  if (["Serverless", "Knative", "ModelMesh"].includes(mode))
    return [
      invalid(
        field,
        mode,
        `Dunlin does not serve ${mode === "ModelMesh" ? "ModelMesh" : "Knative"} mode; set it to "Standard", or leave the annotation out`,
      ),
    ];
  return [notSupported(field, mode, standardDeploymentModes)];
}

function autoscalerClassCauses({ metadata, spec }: InferenceService): readonly Cause[] {
  const places = [
    ["metadata.annotations", metadata.annotations],
    ["spec.predictor.annotations", spec.predictor.annotations],
  ] as const;
  return places.flatMap(([field, annotations]) => {
    const value = annotations?.[autoscalerClassAnnotation];
    if (value === undefined || autoscalerClasses.some((known) => known === value)) return [];
    return [notSupported(`${field}[${autoscalerClassAnnotation}]`, value, autoscalerClasses)];
  });
}

function replicaCauses({ spec }: InferenceService): readonly Cause[] {
  const { minReplicas, maxReplicas = 0 } = spec.predictor;
  const causes: Cause[] = [];
  if (minReplicas !== undefined && minReplicas < 0)
    causes.push(
      invalid("spec.predictor.minReplicas", minReplicas, "must be greater than or equal to 0"),
    );
  if (maxReplicas < 0)
    causes.push(
      invalid("spec.predictor.maxReplicas", maxReplicas, "must be greater than or equal to 0"),
    );
  const least = minReplicas ?? 1;
  if (causes.length === 0 && maxReplicas !== 0 && least > maxReplicas)
    causes.push(
      invalid(
        "spec.predictor.minReplicas",
        least,
        `must not exceed maxReplicas (${maxReplicas}); raise maxReplicas or lower minReplicas`,
      ),
    );
  return causes;
}

/** The children bear the predictor's name, so a new name is a new model or it is a mistake. */
function updateCauses(
  service: InferenceService,
  old: InferenceService | undefined,
): readonly Cause[] {
  const [next, before] = [service.spec.predictor, old?.spec.predictor];
  if (!before || next.name === before.name) return [];
  if (next.model?.storageUri !== before.model?.storageUri) return [];
  return [
    invalid(
      "spec.predictor.name",
      next.name ?? "",
      "may change only together with storageUri; set it back, or point storageUri at another model",
    ),
  ];
}

function warningsOf(service: InferenceService): readonly string[] {
  const { spec } = service;
  const { predictor } = spec;
  const ignored = (field: string, value: unknown, why: string) =>
    value === undefined ? [] : [`${field} ${why}`];
  const knative = "has no effect in Standard mode";
  const unserved = "is accepted but not served by Dunlin";
  return [
    ...ignored("spec.transformer", spec.transformer, unserved),
    ...ignored("spec.explainer", spec.explainer, unserved),
    ...ignored("spec.canary", spec.canary, unserved),
    ...ignored("spec.predictor.workerSpec", predictor.workerSpec, unserved),
    ...ignored("spec.predictor.logger", predictor.logger, unserved),
    ...ignored("spec.predictor.batcher", predictor.batcher, unserved),
    ...ignored("spec.predictor.containerConcurrency", predictor.containerConcurrency, knative),
    ...ignored("spec.predictor.canaryTrafficPercent", predictor.canaryTrafficPercent, knative),
    ...autoscalingWarnings(service),
  ];
}
