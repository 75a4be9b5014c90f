import assert from "node:assert/strict";
import { test } from "node:test";
import { inferenceServiceAdmission } from "./inference-service-admission.ts";
import type { AutoScalingMetric, InferenceService, Predictor } from "./inference-service.ts";

const snapshot = { list: () => [] };
const modeAnnotation = "serving.kserve.io/deploymentMode";
const classAnnotation = "serving.kserve.io/autoscalerClass";

const model = {
  modelFormat: { name: "huggingface" },
  storageUri: "hf://Qwen/Qwen2.5-0.5B-Instruct",
};

type External = NonNullable<AutoScalingMetric["external"]>;

function externalMetric(
  more: Partial<External> & { readonly query?: string } = {},
): AutoScalingMetric {
  const { query = "vllm:num_requests_running", ...external } = more;
  return {
    type: "External",
    external: {
      metric: { backend: "prometheus", serverAddress: "http://prometheus:9090", query },
      target: { type: "Value", value: "2" },
      ...external,
    },
  };
}

type Change = {
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly predictor?: Partial<Predictor>;
  readonly metric?: AutoScalingMetric;
};

function service(change: Change = {}): InferenceService {
  const { name = "huggingface-qwen", annotations, predictor, metric = externalMetric() } = change;
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: {
      name,
      namespace: "default",
      annotations: { [modeAnnotation]: "RawDeployment", [classAnnotation]: "keda", ...annotations },
    },
    spec: {
      predictor: {
        model,
        minReplicas: 1,
        maxReplicas: 5,
        autoScaling: { metrics: [metric] },
        ...predictor,
      },
    },
  };
}

function admit(object: InferenceService, old?: InferenceService) {
  return inferenceServiceAdmission.admit(object, old, snapshot);
}

const refused: readonly [name: string, change: Change, told: string][] = [
  [
    "a name with a dot",
    { name: "qwen.v2" },
    'metadata.name: Invalid value: "qwen.v2": must be a DNS label that starts with a letter: lower case letters, digits and hyphens, without dots',
  ],
  [
    "a name too long for its children",
    { name: "q".repeat(45) },
    `metadata.name: Invalid value: "${"q".repeat(45)}": is too long: "keda-hpa-${"q".repeat(45)}-predictor", which is made of it, must be no more than 63 characters; shorten the name to at most 44 characters`,
  ],
  [
    "Knative mode",
    { annotations: { [modeAnnotation]: "Serverless" } },
    `metadata.annotations[${modeAnnotation}]: Invalid value: "Serverless": Dunlin does not serve Knative mode; set it to "Standard", or leave the annotation out`,
  ],
  [
    "a mode that is none",
    { annotations: { [modeAnnotation]: "Raw" } },
    `metadata.annotations[${modeAnnotation}]: Unsupported value: "Raw": supported values: "Standard", "RawDeployment"`,
  ],
  [
    "an unknown autoscaler class",
    { annotations: { [classAnnotation]: "kpa" } },
    `metadata.annotations[${classAnnotation}]: Unsupported value: "kpa": supported values: "hpa", "external", "keda", "none"`,
  ],
  [
    "a negative minimum",
    { predictor: { minReplicas: -1 } },
    "spec.predictor.minReplicas: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    "a negative maximum",
    { predictor: { maxReplicas: -1 } },
    "spec.predictor.maxReplicas: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    "a minimum above the maximum",
    { predictor: { minReplicas: 6 } },
    "spec.predictor.minReplicas: Invalid value: 6: must not exceed maxReplicas (5); raise maxReplicas or lower minReplicas",
  ],
  [
    "no implementation",
    { predictor: { model: undefined as never } },
    'spec.predictor.model: Required value: exactly one implementation must be given: a model, or a container named "kserve-container" in containers',
  ],
  [
    "two implementations",
    { predictor: { containers: [{ name: "kserve-container", image: "mine" }] } },
    'spec.predictor: Invalid value: ["model","containers[kserve-container]"]: exactly one implementation may be given; keep model, or the container, but not both',
  ],
  [
    "a storage URI without a scheme",
    { predictor: { model: { ...model, storageUri: "Qwen/Qwen2.5" } } },
    'spec.predictor.model.storageUri: Invalid value: "Qwen/Qwen2.5": must be a URI with a scheme, as hf://owner/model, or an absolute path',
  ],
  [
    "PYTHONPATH",
    { predictor: { model: { ...model, env: [{ name: "PYTHONPATH", value: "/x" }] } } },
    'spec.predictor.model.env[0].name: Invalid value: "PYTHONPATH": would change which code the model server loads; remove it',
  ],
  [
    "no metrics",
    { predictor: { autoScaling: {} } },
    'spec.predictor.autoScaling.metrics: Required value: autoscalerClass "keda" needs at least one metric to scale on',
  ],
  [
    "a legacy metric",
    { predictor: { scaleMetric: "concurrency" } },
    'spec.predictor.scaleMetric: Invalid value: "concurrency": is not read with autoscalerClass "keda"; describe the metric in autoScaling.metrics',
  ],
  [
    "a metric without its block",
    { metric: { type: "PodMetric" } },
    "spec.predictor.autoScaling.metrics[0].podmetric: Required value: must be set for a metric of type PodMetric",
  ],
  [
    "an unknown type of metric",
    { metric: { type: "Pods" as "PodMetric" } },
    'spec.predictor.autoScaling.metrics[0].type: Unsupported value: "Pods": supported values: "Resource", "External", "PodMetric"',
  ],
  [
    "an empty query",
    { metric: externalMetric({ query: " " }) },
    "spec.predictor.autoScaling.metrics[0].external.metric.query: Required value: says what to scale on, as vllm:num_requests_running",
  ],
  [
    "a server without a scheme",
    {
      metric: externalMetric({
        metric: { backend: "prometheus", serverAddress: "prometheus:9090", query: "x" },
      }),
    },
    'spec.predictor.autoScaling.metrics[0].external.metric.serverAddress: Invalid value: "prometheus:9090": must start with http:// or https://, as http://prometheus:9090',
  ],
  [
    "no target value",
    { metric: externalMetric({ target: { type: "AverageValue", averageValue: "3" } }) },
    "spec.predictor.autoScaling.metrics[0].external.target.value: Required value: how much of the metric one replica should carry, as a plain number; KServe reads it here for every type: set it to 3",
  ],
  [
    "a target with a unit",
    { metric: externalMetric({ target: { value: "500m" } }) },
    'spec.predictor.autoScaling.metrics[0].external.target.value: Invalid value: "500m": must be a plain number without a unit, as 2 or 0.5; write 0.5',
  ],
  [
    "a target that is no number",
    { metric: externalMetric({ target: { value: "two" } }) },
    'spec.predictor.autoScaling.metrics[0].external.target.value: Invalid value: "two": must be a plain number without a unit, as 2 or 0.5',
  ],
  [
    "a target of nothing",
    { metric: externalMetric({ target: { value: 0 } }) },
    "spec.predictor.autoScaling.metrics[0].external.target.value: Invalid value: 0: must be greater than 0: it is the load that one replica should carry",
  ],
  [
    "a cpu target that is no utilization",
    {
      metric: {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Value", value: "1" } },
      },
    },
    'spec.predictor.autoScaling.metrics[0].resource.target.type: Unsupported value: "Value": supported values: "Utilization"',
  ],
  [
    "an external metric for the HPA",
    { annotations: { [classAnnotation]: "hpa" } },
    `spec.predictor.autoScaling.metrics[0].type: Invalid value: "External": autoscalerClass "hpa" scales on Resource metrics only; set the annotation ${classAnnotation} to "keda"`,
  ],
];

for (const [name, change, told] of refused)
  test(`${name} is refused`, () => {
    const verdict = admit(service(change));
    const causes = verdict.kind === "denied" ? verdict.causes : [];
    assert.deepEqual(
      causes.map(({ field, message }) => `${field}: ${message}`),
      [told],
    );
  });

test("all that is wrong is told at once", () => {
  const verdict = admit(service({ name: "9", predictor: { minReplicas: 9, autoScaling: {} } }));
  assert.deepEqual(verdict.kind === "denied" ? verdict.causes.map(({ field }) => field) : [], [
    "metadata.name",
    "spec.predictor.minReplicas",
    "spec.predictor.autoScaling.metrics",
  ]);
});

test("the tutorial's service passes, and keeps the mode as it is written", () => {
  const verdict = admit(service());
  assert.ok(verdict.kind === "allowed");
  assert.deepEqual(verdict.warnings, []);
  assert.deepEqual(verdict.object.metadata.annotations, {
    [modeAnnotation]: "RawDeployment",
    [classAnnotation]: "keda",
    modelFormat: "huggingface",
  });
});

test("a service without annotations is Standard, and passes with a maximum of 0", () => {
  const bare = service({ predictor: { minReplicas: 3, maxReplicas: 0, autoScaling: {} } });
  const { annotations: _annotations, ...metadata } = bare.metadata;
  const verdict = admit({ ...bare, metadata });
  assert.ok(verdict.kind === "allowed");
  assert.equal(verdict.object.metadata.annotations?.[modeAnnotation], "Standard");
});

test("fractions and integers are targets", () => {
  for (const value of ["0.6", "2", 2, "1e1", 0.5])
    assert.equal(admit(service({ metric: externalMetric({ target: { value } }) })).kind, "allowed");
});

test("what is accepted but does nothing is warned of", () => {
  const verdict = admit(
    service({
      predictor: { containerConcurrency: 4 },
      metric: externalMetric({ target: { type: "AverageValue", value: "2", averageValue: "3" } }),
    }),
  );
  assert.deepEqual(verdict.kind === "allowed" ? verdict.warnings : [], [
    "spec.predictor.containerConcurrency has no effect in Standard mode",
    "spec.predictor.autoScaling.metrics[0].external.target.averageValue is not read; value (2) is what counts",
  ]);
});

test("metrics that nothing scales on, for want of the annotation, are warned of", () => {
  const object = service();
  const metadata = { name: "huggingface-qwen", namespace: "default" };
  const verdict = admit({ ...object, metadata });
  assert.match(
    verdict.kind === "allowed" ? (verdict.warnings[0] ?? "") : "",
    /nothing scales on External metrics unless the annotation serving.kserve.io\/autoscalerClass is "keda"$/,
  );
});

test("the predictor's name changes only together with its model", () => {
  const old = service();
  const told = admit(service({ predictor: { name: "v2" } }), old);
  assert.equal(told.kind === "denied" && told.causes[0]?.field, "spec.predictor.name");
  const renamed = { name: "v2", model: { ...model, storageUri: "hf://Qwen/Qwen3" } };
  assert.equal(admit(service({ predictor: renamed }), old).kind, "allowed");
});

test("an object that breaks the rules can still get its status, and go", () => {
  const broken = service({ predictor: { minReplicas: 9 } });
  assert.equal(admit({ ...broken, status: { url: "http://x" } }, broken).kind, "allowed");
  const metadata = { ...broken.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.equal(admit({ ...broken, metadata }, undefined).kind, "allowed");
});
