// The container that serves the model: the runtime's, with the model's wishes laid over it.
import type { Cause } from "../resources/cause.ts";
import { forbidden, invalid, required } from "../resources/cause.ts";
import type { PredictorModel } from "../resources/inference-service.ts";
import type { Container, Probe } from "../resources/pod.ts";
import type { Component } from "./component.ts";
import { renderTemplate } from "./go-template.ts";
import { mergeContainer } from "./merge-container.ts";
import type { ServingRuntime } from "./serving-runtimes.ts";

/** KServe's name for it, also where users bring a container of their own. */
export const modelContainer = "kserve-container";
const modelPort = 8080;

export type ContainerResult =
  | { readonly kind: "container"; readonly container: Container }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

/** A model's container comes from its runtime; one of the user's own is taken as it is. */
export function modelContainerOf({ service, runtime }: Component): ContainerResult {
  const { model, containers = [] } = service.spec.predictor;
  const own = containers.find((container) => container.name === modelContainer);
  if (model && own) {
    const detail = "a predictor has either a model or a container of its own, not both";
    return { kind: "invalid", causes: [invalid("spec.predictor.containers", own.name, detail)] };
  }
  if (model && runtime) return fromRuntime(model, runtime, service.metadata);
  if (own) return { kind: "container", container: withDefaults(own) };
  const detail = `give a model, or a container named ${modelContainer}`;
  return { kind: "invalid", causes: [required("spec.predictor.model", detail)] };
}

const unsupportedStorage = ["storage", "storageUris", "storageContainerName"];

/** The runtime's arguments come first, so that the user's, which follow, override them. */
function fromRuntime(
  model: PredictorModel,
  runtime: ServingRuntime,
  metadata: Component["service"]["metadata"],
): ContainerResult {
  const merged = mergeContainer(runtime.container, fieldsBut<Container>(model, modelFields));
  const rendered = (runtime.container.args ?? []).map((arg) =>
    renderTemplate(arg, {
      Name: metadata.name,
      Namespace: metadata.namespace ?? "default",
      Labels: metadata.labels ?? {},
      Annotations: metadata.annotations ?? {},
    }),
  );
  const causes = [
    ...unsupportedStorage
      .filter((field) => field in model)
      .map((field) =>
        forbidden(`spec.predictor.model.${field}`, "is not supported yet; use storageUri"),
      ),
    ...rendered.flatMap((result) =>
      result.kind === "malformed"
        ? [invalid("spec.predictor.model.runtime", runtime.name, result.message)]
        : [],
    ),
  ];
  if (causes.length > 0) return { kind: "invalid", causes };
  const runtimeArgs = rendered.flatMap((result) =>
    result.kind === "rendered" ? [result.text] : [],
  );
  const image = model.image ?? imageOf(runtime, model.runtimeVersion, merged);
  const args = [...runtimeArgs, ...(model.args ?? [])];
  return { kind: "container", container: withDefaults({ ...merged, image, args }) };
}

/** Its tag follows runtimeVersion, and ends in -gpu for a container that gets one. */
function imageOf(
  { container }: ServingRuntime,
  version: string | undefined,
  { resources }: Container,
): string {
  const [repository = "", tag = "latest"] = (container.image ?? "").split(":");
  const hasGpu = Object.entries(resources?.limits ?? {}).some(
    ([key, count]) => /^nvidia\.com\/(?:gpu$|mig)/.test(key) && String(count) !== "0",
  );
  const wanted = version ?? tag;
  return `${repository}:${hasGpu && !wanted.endsWith("-gpu") ? `${wanted}-gpu` : wanted}`;
}

function withDefaults(container: Container): Container {
  const port = container.ports?.[0]?.containerPort ?? modelPort;
  return {
    ...container,
    imagePullPolicy: container.imagePullPolicy ?? "IfNotPresent",
    readinessProbe: container.readinessProbe ?? tcpProbe(port),
  };
}

function tcpProbe(port: number): Probe {
  return {
    tcpSocket: { port },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
}

/** The model's own fields; all others are those of a container. */
const modelFields = new Set(
  (
    "name modelFormat runtime runtimeVersion protocolVersion storageUri storageUris storage " +
    "storageContainerName"
  ).split(" "),
);

/** The object without those fields. It passed the API's schema, so what is left is as T says. */
export function fieldsBut<T extends object>(
  object: object,
  names: ReadonlySet<string>,
): Partial<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([name]) => !names.has(name)),
  ) as Partial<T>;
}
