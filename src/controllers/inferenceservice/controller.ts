// Reconciles InferenceServices. Observe: the object, its children, KServe's configuration. Decide: in
// `intent`, purely. Act: write the children that differ, then the status.
import {
  ownedBy,
  runController,
  watching,
  type Controller,
  type Source,
} from "../../kube/controller.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { childrenOf, type Children } from "../../intent/children.ts";
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { deploymentKind, type Deployment } from "../../resources/deployment.ts";
import {
  inferenceServiceKind,
  inferenceServiceLabel,
  type InferenceService,
  type InferenceServiceStatus,
} from "../../resources/inference-service.ts";
import { ingressKind } from "../../resources/ingress.ts";
import { conditionOf, keyOf, withCondition, type KubeObject } from "../../resources/object.ts";
import { isTerminating } from "../../resources/pod-state.ts";
import { scaledObjectKind } from "../../resources/scaled-object.ts";
import { serviceKind } from "../../resources/service.ts";
import { kserveNamespace, type Caches } from "../caches.ts";
import { carryReplicas, ChildWriter, ForeignChildError } from "../child-writer.ts";
import { statusOf } from "./status.ts";

export type InferenceServiceControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
};

const configName = `${kserveNamespace}/inferenceservice-config`;

export function startInferenceServiceController(
  options: InferenceServiceControllerOptions,
  signal: AbortSignal,
): Controller {
  const { caches } = options;
  const writer = new ChildWriter(options.client);
  const owner = ownedBy(inferenceServiceKind);
  return runController(
    {
      name: "inferenceservice",
      clock: options.clock,
      log: options.log,
      concurrency: 4,
      sources: [
        watching(caches.inferenceServices),
        watching(caches.deployments, owner),
        watching(caches.services, owner),
        watching(caches.ingresses, owner),
        watching(caches.scaledObjects, owner),
        watching(caches.pods, serviceOfPod),
        everyService(caches, watching(caches.configMaps)),
        everyService(caches, watching(caches.storageContainers)),
      ],
      reconcile: (key) => reconcile(options, writer, key),
    },
    signal,
  );
}

/** Turns any event of a source into one for every InferenceService: what it is about concerns all. */
function everyService(caches: Caches, source: Source): Source {
  return (enqueue) =>
    source(() => {
      for (const service of caches.inferenceServices.list()) enqueue(keyOf(service));
    });
}

function serviceOfPod({ metadata }: KubeObject): readonly string[] {
  const name = metadata.labels?.[inferenceServiceLabel];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}

async function reconcile(
  options: InferenceServiceControllerOptions,
  writer: ChildWriter,
  key: string,
): Promise<void> {
  const { caches, recorder } = options;
  const service = caches.inferenceServices.get(key);
  // Its children carry an owner reference, so they go when it goes.
  if (!service || service.metadata.deletionTimestamp !== undefined) return writer.forget(key);

  const intent = childrenOf(service, {
    config: caches.configMaps.get(configName)?.data,
    storageContainers: caches.storageContainers.list(),
  });
  if (intent.kind === "invalid") {
    const message = intent.causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
    return refuse(options, service, "InvalidSpec", message);
  }
  try {
    await writeChildren(options, writer, service, intent);
  } catch (error) {
    if (!(error instanceof ForeignChildError)) throw error;
    return refuse(options, service, "ForeignChild", error.message);
  }
  const name = `${service.metadata.namespace}/${intent.deployment.metadata.name}`;
  const status = statusOf(service, {
    nowMs: options.clock.nowMs(),
    deployment: caches.deployments.get(name),
    pods: caches.pods
      .list()
      .filter((pod) => !isTerminating(pod) && serviceOfPod(pod).includes(keyOf(service))),
    hasWayIn: intent.ingress === undefined || caches.ingresses.get(keyOf(service)) !== undefined,
    urls: intent.urls,
    servingRuntime: intent.servingRuntime,
    conditions: intent.conditions,
  });
  await writeStatus(options, service, status);
  const wasReady = conditionOf(service.status?.conditions, "Ready")?.status === "True";
  if (!wasReady && conditionOf(status.conditions, "Ready")?.status === "True")
    recorder.record(
      service,
      "Normal",
      "InferenceServiceReady",
      `${service.metadata.name} serves at ${status.url}`,
    );
}

async function writeChildren(
  { caches }: InferenceServiceControllerOptions,
  writer: ChildWriter,
  service: InferenceService,
  { service: child, deployment, scaledObject, ingress }: Children,
): Promise<void> {
  const name = keyOf(deployment);
  await writer.apply(serviceKind, service, child, caches.services.get(name), (wanted, current) => ({
    ...wanted,
    // The cluster chose the address; it cannot be taken back.
    spec: { ...current.spec, ...wanted.spec },
  }));
  const currentDeployment = caches.deployments.get(name);
  await writer.apply(
    deploymentKind,
    service,
    currentDeployment ? deployment : startingAtMinimum(deployment, service),
    currentDeployment,
    carryReplicas,
  );
  const currentScaledObject = caches.scaledObjects.get(name);
  if (scaledObject)
    await writer.apply(scaledObjectKind, service, scaledObject, currentScaledObject);
  else await writer.remove(scaledObjectKind, service, currentScaledObject);

  // As KServe does: no way in before the predictor was ready for the first time.
  const currentIngress = caches.ingresses.get(keyOf(service));
  const available = (currentDeployment?.status?.availableReplicas ?? 0) > 0;
  if (!ingress) await writer.remove(ingressKind, service, currentIngress);
  else if (available || currentIngress)
    await writer.apply(ingressKind, service, ingress, currentIngress);
}

/** A new service need not wait for its scaler to be as large as it must be at least. */
function startingAtMinimum(deployment: Deployment, { spec }: InferenceService): Deployment {
  const replicas = deployment.spec.replicas ?? Math.max(1, spec.predictor.minReplicas ?? 1);
  return { ...deployment, spec: { ...deployment.spec, replicas } };
}

/** Says on the object why nothing is done with it. A new version of it is what brings it back. */
async function refuse(
  options: InferenceServiceControllerOptions,
  service: InferenceService,
  reason: string,
  message: string,
): Promise<void> {
  const condition = { status: "False", reason, message } as const;
  const now = formatTimestamp(options.clock.nowMs());
  const before = service.status?.conditions;
  const conditions = ["PredictorReady", "Ready"].reduce<
    NonNullable<InferenceServiceStatus["conditions"]>
  >((list, type) => withCondition(list, { type, ...condition }, now), before ?? []);
  if (conditionOf(before, "Ready")?.message !== message)
    options.recorder.record(service, "Warning", reason, message);
  await writeStatus(options, service, { ...service.status, conditions });
}

async function writeStatus(
  { client }: InferenceServiceControllerOptions,
  service: InferenceService,
  status: InferenceServiceStatus,
): Promise<void> {
  if (jsonEqual(status, service.status)) return;
  await client.updateStatus(inferenceServiceKind, { ...service, status });
}
