// Reconciles ScaledObjects. Observe: measure every trigger when a round is complete. Decide: in
// `scaling`, purely. Act: write the scale subresource, an event and the status.
import { indexBy } from "../../kube/cache-index.ts";
import { runController, watching, type Controller, type Requeue } from "../../kube/controller.ts";
import { jsonEqual } from "../../lib/json.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import { conditionOf, keyOf } from "../../resources/object.ts";
import { scaledObjectKind, type ScaledObject } from "../../resources/scaled-object.ts";
import { memoryOf, type ScalingMemory } from "../../scaling/memory.ts";
import { jointRounds } from "../../triggers/joint-rounds.ts";
import type { TriggerFactory } from "../../triggers/trigger.ts";
import type { Caches } from "../caches.ts";
import { evaluate, isPolled, type EvaluationOptions, type EvaluationState } from "./evaluate.ts";
import { planOf, type Plan } from "./plan.ts";
import { statusOf, type Health } from "./status.ts";
import { targetPods } from "./target-pods.ts";

type Options = Omit<EvaluationOptions, "podsOf"> & {
  readonly caches: Caches;
  readonly triggers: Readonly<Record<string, TriggerFactory>>;
};

/** What is known of an object in one version; its memory goes on into the next. */
type State = EvaluationState & {
  readonly object: ScaledObject;
  readonly plan: Plan;
  readonly stopRounds: () => void;
  /** What an evaluation found, until it stands in the status. */
  unreported: Health | undefined;
};

export function startScaledObjectController(options: Options, signal: AbortSignal): Controller {
  const { caches, clock } = options;
  const states = new Map<string, State>();
  const evaluation: EvaluationOptions = { ...options, podsOf: targetPods(caches.pods) };
  const objectsOn = indexBy(caches.scaledObjects, ({ metadata, spec }) => [
    `${metadata.namespace}/${spec.scaleTargetRef.name}`,
  ]);
  const controller = runController(
    {
      name: "scaledobject",
      clock,
      log: options.log,
      // Reconciling is waiting, for the most part; who comes late must not wait for the others too.
      concurrency: 32,
      sources: [
        watching(caches.scaledObjects),
        // Only that it is there and what it asks for; its status changes all the time.
        (enqueue) =>
          caches.deployments.subscribe(({ old, new: now }) => {
            const deployment = now ?? old;
            if (!deployment || old?.metadata.generation === now?.metadata.generation) return;
            for (const object of objectsOn(keyOf(deployment))) enqueue(keyOf(object));
          }),
      ],
      reconcile,
    },
    signal,
  );
  signal.addEventListener("abort", () => states.forEach(({ stopRounds }) => stopRounds()), {
    once: true,
  });
  return controller;

  async function reconcile(key: string, abort: AbortSignal): Promise<Requeue> {
    const object = caches.scaledObjects.get(key);
    const known = states.get(key);
    if (!object || object.metadata.deletionTimestamp !== undefined) {
      known?.stopRounds();
      states.delete(key);
      return;
    }
    const state = known && isSameVersion(known.object, object) ? known : renew(key, object, known);
    const { plan } = state;
    if (plan.kind === "invalid") return reportInvalid(options, object, plan.message);
    const { namespace } = object.metadata;
    const { name } = object.spec.scaleTargetRef;
    const target = caches.deployments.get(`${namespace}/${name}`);
    if (!target) {
      const message = `spec.scaleTargetRef.name: there is no Deployment "${name}" in namespace "${namespace}"`;
      return reportInvalid(options, object, message);
    }
    const subject = { object, target, policy: plan.policy, state };
    const health = await evaluate(evaluation, subject, abort);
    if (health) state.unreported = health;
    if (state.unreported) await report(options, object, state.unreported);
    state.unreported = undefined;
    if (isPolled(state)) return { requeueAfterMs: Math.max(0, state.pollDueMs - clock.nowMs()) };
  }

  /** Reads the object anew and listens to the sources that it names now. */
  function renew(key: string, object: ScaledObject, known: State | undefined): State {
    known?.stopRounds();
    const plan = planOf(object, options.triggers);
    const triggers = plan.kind === "plan" ? plan.triggers : [];
    const state: State = {
      object,
      plan,
      triggers,
      polled: new Map(),
      memory: memoryFor(object, known),
      round: undefined,
      evaluatedRoundMs: Number.NEGATIVE_INFINITY,
      polledAtMs: 0,
      pollDueMs: 0,
      settledCount: undefined,
      unreported: undefined,
      stopRounds: jointRounds(triggers, (round) => {
        state.round = round;
        controller.enqueue(key);
      }),
    };
    states.set(key, state);
    return state;
  }
}

/** The status and other people's labels do not count. */
function isSameVersion(
  { metadata: known }: ScaledObject,
  { metadata: now }: ScaledObject,
): boolean {
  return (
    known.uid === now.uid &&
    known.generation === now.generation &&
    jsonEqual(known.annotations, now.annotations)
  );
}

function memoryFor({ metadata, status }: ScaledObject, known: State | undefined): ScalingMemory {
  if (known && known.object.metadata.uid === metadata.uid) return known.memory;
  const lastActiveMs = parseTimestamp(status?.lastActiveTime ?? "");
  return memoryOf(lastActiveMs === undefined ? {} : { lastActiveMs });
}

async function reportInvalid(
  options: Options,
  object: ScaledObject,
  message: string,
): Promise<void> {
  if (conditionOf(object.status?.conditions, "Ready")?.message !== message)
    options.recorder.record(object, "Warning", "ScaledObjectCheckFailed", message);
  await report(options, object, { kind: "invalid", message });
}

async function report(
  { client, recorder }: Options,
  object: ScaledObject,
  health: Health,
): Promise<void> {
  const status = statusOf(object, health);
  if (jsonEqual(status, object.status)) return;
  // The whole status, whatever anybody else has written to the object meanwhile.
  const patch = [
    { op: "test", path: "/metadata/uid", value: object.metadata.uid },
    { op: "add", path: "/status", value: status },
  ];
  await client.patch(scaledObjectKind, object.metadata, patch, {
    type: "json",
    subresource: "status",
  });
  const ready = conditionOf(status.conditions, "Ready");
  if (ready && ready.status !== conditionOf(object.status?.conditions, "Ready")?.status) {
    const { reason = "", message = "" } = ready;
    if (ready.status === "True") recorder.record(object, "Normal", reason, message);
    else if (health.kind === "evaluated")
      recorder.record(object, "Warning", "KEDAScalerFailed", message);
  }
}
