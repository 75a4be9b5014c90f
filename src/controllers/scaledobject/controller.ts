// Reconciles ScaledObjects. Observe: measure every trigger when a round is complete. Decide: in
// `scaling`, purely. Act: write the scale subresource, an event and the status.
import { runController, watching, type Controller, type Requeue } from "../../kube/controller.ts";
import { ApiError, type KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import type { Random } from "../../lib/random.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Cause } from "../../resources/cause.ts";
import { deploymentKind, type Deployment } from "../../resources/deployment.ts";
import { keyOf } from "../../resources/object.ts";
import { scaledObjectKind, type ScaledObject } from "../../resources/scaled-object.ts";
import { scaledObjectCauses } from "../../resources/scaled-object-admission.ts";
import { decide, type Decision } from "../../scaling/decide.ts";
import { memoryOf, type ScalingMemory } from "../../scaling/memory.ts";
import type { ScalingPolicy } from "../../scaling/policy.ts";
import { policyOf } from "../../scaling/policy-of.ts";
import { describeDecision, describeReason } from "../../scaling/reason.ts";
import {
  triggersOf,
  type Measurement,
  type RoundEnd,
  type Trigger,
  type TriggerFactory,
} from "../../triggers/trigger.ts";
import type { Caches } from "../caches.ts";
import { observe } from "./observe.ts";
import { unsupportedCauses } from "./unsupported.ts";
import { statusOf, type Health, type MetricHealth } from "./status.ts";

/** One evaluation, as it is told to the log, the screen and whoever else listens. */
export type DecisionRecord = {
  readonly key: string;
  readonly decision: Decision;
  /** When the round's samples were taken and were complete; both absent for polled sources. */
  readonly round: RoundEnd | undefined;
  /** When the API server had acknowledged the new count; absent when nothing was written. */
  readonly writtenAtMs: number | undefined;
};

export type ScaledObjectControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
  readonly triggers: Readonly<Record<string, TriggerFactory>>;
  readonly onDecision: (record: DecisionRecord) => void;
};

/** What is kept of an object between two evaluations. */
type State = {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly triggers: readonly Trigger[];
  readonly stopRounds: readonly (() => void)[];
  /** The latest measurement of triggers that announce no rounds, by their metric's name. */
  readonly polled: Map<string, Measurement>;
  memory: ScalingMemory;
  round: RoundEnd | undefined;
  evaluatedRoundMs: number;
  pollDueMs: number;
};

/** KEDA's default, in milliseconds. */
const pollingIntervalMs = 30_000;

export function startScaledObjectController(
  options: ScaledObjectControllerOptions,
  signal: AbortSignal,
): Controller {
  const { caches } = options;
  const states = new Map<string, State>();
  const targetedBy = (deployment: Deployment): readonly string[] =>
    caches.scaledObjects
      .list()
      .filter(
        ({ metadata, spec }) =>
          metadata.namespace === deployment.metadata.namespace &&
          spec.scaleTargetRef.name === deployment.metadata.name,
      )
      .map(keyOf);
  const controller = runController(
    {
      name: "scaledobject",
      clock: options.clock,
      log: options.log,
      // Reconciling is waiting, for the most part; who comes late must not wait for the others too.
      concurrency: 32,
      sources: [
        watching(caches.scaledObjects),
        // Only that it is there and what it asks for; its status changes all the time.
        (enqueue) =>
          caches.deployments.subscribe((change) => {
            if (change.old?.metadata.generation === change.new?.metadata.generation) return;
            for (const key of targetedBy((change.new ?? change.old) as Deployment)) enqueue(key);
          }),
      ],
      reconcile: (key, abort) => reconcile(key, abort),
    },
    signal,
  );
  signal.addEventListener("abort", () => states.forEach(endRounds), { once: true });
  return controller;

  async function reconcile(key: string, abort: AbortSignal): Promise<Requeue> {
    const object = caches.scaledObjects.get(key);
    if (!object || object.metadata.deletionTimestamp !== undefined) {
      const state = states.get(key);
      if (state) endRounds(state);
      states.delete(key);
      return;
    }
    const causes = [...scaledObjectCauses(object), ...unsupportedCauses(object)];
    if (causes.length > 0) return reportInvalid(options, object, describe(causes));
    const made = triggersOf(object, options.triggers);
    if (made.kind === "invalid") return reportInvalid(options, object, describe(made.causes));
    const settled = policyOf(object);
    if (settled.kind === "invalid") return reportInvalid(options, object, describe(settled.causes));
    const { namespace } = object.metadata;
    const { name } = object.spec.scaleTargetRef;
    const target = caches.deployments.get(`${namespace}/${name}`);
    if (!target) {
      const message = `spec.scaleTargetRef.name: there is no Deployment "${name}" in namespace "${namespace}"`;
      return reportInvalid(options, object, message);
    }
    const state = stateOf(key, object, made.triggers);
    return evaluate(options, { key, object, target, state, policy: settled.policy }, abort);
  }

  /** The state of this very object; its memory outlives a change of the spec, its triggers do not. */
  function stateOf(key: string, object: ScaledObject, triggers: readonly Trigger[]): State {
    const { uid, generation } = object.metadata;
    const known = states.get(key);
    if (known && known.uid === uid && known.generation === generation) return known;
    if (known) endRounds(known);
    const lastActiveMs = parseTimestamp(object.status?.lastActiveTime ?? "");
    const state: State = {
      uid,
      generation,
      triggers,
      polled: new Map(),
      memory:
        known && known.uid === uid
          ? known.memory
          : memoryOf(lastActiveMs === undefined ? {} : { lastActiveMs }),
      round: undefined,
      evaluatedRoundMs: Number.NEGATIVE_INFINITY,
      pollDueMs: 0,
      // Triggers of one source share its rounds; the first announcement of a round is enough.
      stopRounds: [...new Set(triggers.flatMap(({ rounds }) => rounds ?? []))].map((source) =>
        source.onRound((round) => {
          state.round = round;
          controller.enqueue(key);
        }),
      ),
    };
    states.set(key, state);
    return state;
  }
}

function endRounds(state: State): void {
  for (const stop of state.stopRounds) stop();
}

type Subject = {
  readonly key: string;
  readonly object: ScaledObject;
  readonly target: Deployment;
  readonly state: State;
  readonly policy: ScalingPolicy;
};

async function evaluate(
  options: ScaledObjectControllerOptions,
  { key, object, target, state, policy }: Subject,
  signal: AbortSignal,
): Promise<Requeue> {
  const { clock, random } = options;
  const polls = state.triggers.some(({ rounds }) => rounds === undefined);
  const pollIsDue = polls && clock.nowMs() >= state.pollDueMs;
  const round = state.round;
  const roundIsNew = round !== undefined && round.atMs > state.evaluatedRoundMs;
  const nextPoll = (): Requeue =>
    polls ? { requeueAfterMs: Math.max(0, state.pollDueMs - clock.nowMs()) } : undefined;
  if (!roundIsNew && !pollIsDue) return nextPoll();

  if (pollIsDue) {
    const intervalMs = (object.spec.pollingInterval ?? pollingIntervalMs / 1000) * 1000;
    // Spread by ±10 %, so that many objects do not ask one server in step.
    state.pollDueMs = clock.nowMs() + intervalMs * (0.9 + 0.2 * random());
  }
  if (round) state.evaluatedRoundMs = round.atMs;

  const atMs = round?.atMs ?? clock.nowMs();
  const measured = await Promise.all(
    state.triggers.map(async (trigger) => {
      const last = state.polled.get(trigger.metricName);
      if (trigger.rounds === undefined && last && !pollIsDue) return last;
      const measurement = await trigger.measure(atMs, signal);
      if (trigger.rounds === undefined) state.polled.set(trigger.metricName, measurement);
      return measurement;
    }),
  );
  if (signal.aborted) return;

  const roundSource = state.triggers.find(({ rounds }) => rounds !== undefined)?.rounds;
  const observation = observe({
    nowMs: clock.nowMs(),
    object,
    target,
    pods: options.caches.pods.list(),
    triggers: state.triggers,
    measured,
    round: round && roundSource && { atMs: round.atMs, intervalMs: roundSource.intervalMs },
  });
  const decided = decide(observation, policy, state.memory);
  state.memory = decided.memory;
  const writtenAtMs = await act(options, object, target, decided.decision);
  options.onDecision({ key, decision: decided.decision, round, writtenAtMs });

  const metrics = state.triggers.map((trigger, index): MetricHealth => {
    const measurement = measured[index];
    const failed = measurement?.kind === "noData" && measurement.failed;
    return {
      name: trigger.metricName,
      type: trigger.type,
      active: measurement?.kind === "value" && measurement.value > trigger.activation,
      ...(failed && { failure: `${measurement.detail}; replicas hold at ${target.spec.replicas}` }),
    };
  });
  await report(options, object, {
    kind: "evaluated",
    metrics,
    active: decided.active,
    detail: decided.decision.because.map(describeReason).join("; "),
    lastActiveMs: decided.memory.lastActiveMs,
  });
  return nextPoll();
}

/** Writes the new count, if the old one still stands. Returns when it was acknowledged. */
async function act(
  { client, clock, log, recorder }: ScaledObjectControllerOptions,
  object: ScaledObject,
  target: Deployment,
  decision: Decision,
): Promise<number | undefined> {
  if (decision.kind === "hold") return undefined;
  try {
    await client.patch(
      deploymentKind,
      target.metadata,
      [
        { op: "test", path: "/spec/replicas", value: decision.from },
        { op: "replace", path: "/spec/replicas", value: decision.to },
      ],
      { type: "json", subresource: "scale" },
    );
  } catch (error) {
    // Somebody else changed the count since we looked; the next round decides from what is there.
    if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 422)) throw error;
    log(`scaledobject ${keyOf(object)}: the count is no longer ${decision.from}; deciding anew`);
    return undefined;
  }
  const writtenAtMs = clock.nowMs();
  const message = describeDecision(decision);
  recorder.record(object, "Normal", "SuccessfulRescale", message);
  return writtenAtMs;
}

function describe(causes: readonly Cause[]): string {
  return causes.map(({ field, message }) => `${field}: ${message}`).join("; ");
}

async function reportInvalid(
  options: ScaledObjectControllerOptions,
  object: ScaledObject,
  message: string,
): Promise<void> {
  const said = object.status?.conditions?.find(({ type }) => type === "Ready")?.message;
  if (said !== message)
    options.recorder.record(object, "Warning", "ScaledObjectCheckFailed", message);
  await report(options, object, { kind: "invalid", message });
}

async function report(
  { client, recorder }: ScaledObjectControllerOptions,
  object: ScaledObject,
  health: Health,
): Promise<void> {
  const status = statusOf(object, health);
  if (jsonEqual(status, object.status)) return;
  const conditionBefore = (type: string) =>
    object.status?.conditions?.find((condition) => condition.type === type);
  for (const { type, status: now, reason = "", message = "" } of status.conditions ?? []) {
    if (type !== "Ready" || conditionBefore(type)?.status === now) continue;
    if (now === "True") recorder.record(object, "Normal", reason, message);
    else if (health.kind === "evaluated")
      recorder.record(object, "Warning", "KEDAScalerFailed", message);
  }
  await client.patch(scaledObjectKind, object.metadata, { status }, { subresource: "status" });
}
