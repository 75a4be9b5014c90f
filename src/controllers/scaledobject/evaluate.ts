// One evaluation of a ScaledObject: measure its triggers, decide, write the count, say what was found.
import { ApiError, type KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";
import { deploymentKind, type Deployment } from "../../resources/deployment.ts";
import { keyOf } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { ScaledObject } from "../../resources/scaled-object.ts";
import { decide, type Decided, type Decision } from "../../scaling/decide.ts";
import type { Observation } from "../../scaling/observation.ts";
import type { ScalingMemory } from "../../scaling/memory.ts";
import type { ScalingPolicy } from "../../scaling/policy.ts";
import { describeDecision, describeReason } from "../../scaling/reason.ts";
import type { JointRound } from "../../triggers/joint-rounds.ts";
import type { Measurement, Trigger } from "../../triggers/trigger.ts";
import { observe } from "./observe.ts";
import type { Health, MetricHealth } from "./status.ts";

/** One evaluation, as it is told to the log, the screen and whoever else listens. */
export type DecisionRecord = {
  readonly key: string;
  readonly decision: Decision;
  /** When the round's samples were taken and were complete; absent for polled sources. */
  readonly round: Pick<JointRound, "atMs" | "completedAtMs"> | undefined;
  /** When the API server had acknowledged the new count; absent when nothing was written. */
  readonly writtenAtMs: number | undefined;
};

export type EvaluationOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  /** The pods of a target, and maybe others. */
  readonly podsOf: (target: Deployment) => readonly Pod[];
  readonly onDecision: (record: DecisionRecord) => void;
};

/** What is kept of an object between two evaluations. */
export type EvaluationState = {
  readonly triggers: readonly Trigger[];
  /** The latest measurement of triggers that announce no rounds, by their metric's name. */
  readonly polled: Map<string, Measurement>;
  memory: ScalingMemory;
  /** The latest complete round. */
  round: JointRound | undefined;
  evaluatedRoundMs: number;
  /** When triggers that announce no rounds were asked, and when they are to be asked again. */
  polledAtMs: number;
  pollDueMs: number;
  /** The count that the latest decision left; another one there now is somebody else's doing. */
  settledCount: number | undefined;
};

export type Subject = {
  readonly object: ScaledObject;
  readonly target: Deployment;
  readonly policy: ScalingPolicy;
  readonly state: EvaluationState;
};

/** KEDA's default. */
const pollingIntervalDefaultMs = 30_000;

/**
 * Evaluates the object if a round, a poll or a count that somebody else set calls for it; undefined
 * when none does. What it leaves in the state is left only once the count is written: a write that
 * fails is decided on again.
 */
export async function evaluate(
  options: EvaluationOptions,
  subject: Subject,
  signal: AbortSignal,
): Promise<Health | undefined> {
  const { clock } = options;
  const { object, target, state, policy } = subject;
  const { round, settledCount } = state;
  // Not only a later one: when the clock is set back, rounds go on from an earlier time.
  const roundIsNew = round !== undefined && round.atMs !== state.evaluatedRoundMs;
  const pollIsDue = isPolled(state) && !isWithin(clock.nowMs(), state.polledAtMs, state.pollDueMs);
  const countMoved = settledCount !== undefined && settledCount !== (target.spec.replicas ?? 1);
  if (!roundIsNew && !pollIsDue && !countMoved) return undefined;

  if (pollIsDue) state.polledAtMs = clock.nowMs();
  const measured = await measure(state, round, pollIsDue, signal);
  if (signal.aborted) return undefined;
  const observation = observe({
    nowMs: clock.nowMs(),
    object,
    target,
    pods: options.podsOf(target),
    triggers: state.triggers,
    measured,
    round: round ?? polledRound(object, state),
  });
  const decided = decide(observation, policy, state.memory);
  const { decision } = decided;
  const writtenAtMs = await act(options, subject, decision);

  state.memory = decided.memory;
  if (decision.kind === "hold") state.settledCount = decision.at;
  else if (writtenAtMs !== undefined) state.settledCount = decision.to;
  if (round) state.evaluatedRoundMs = round.atMs;
  if (pollIsDue)
    state.pollDueMs = clock.nowMs() + pollIntervalMs(object, state) * jitter(options.random);
  options.onDecision({ key: keyOf(object), decision, round, writtenAtMs });
  return healthOf(state.triggers, measured, decided);
}

/** A time before both is none at which to wait for the second: the clock was set back. */
const isWithin = (nowMs: number, fromMs: number, untilMs: number): boolean =>
  nowMs >= fromMs && nowMs < untilMs;

/** Whether some trigger's source announces no rounds. */
export function isPolled({ triggers }: EvaluationState): boolean {
  return triggers.some(({ rounds }) => rounds === undefined);
}

/**
 * What the object asks for, else how often the most frequent of its sources has something new: with
 * that much on top that two polls, however they are spread, do not find the same samples.
 */
function pollIntervalMs({ spec }: ScaledObject, state: EvaluationState): number {
  if (spec.pollingInterval !== undefined) return spec.pollingInterval * 1000;
  const sourceMs = sourceIntervalMs(state);
  return sourceMs === undefined ? pollingIntervalDefaultMs : sourceMs * 1.1;
}

function sourceIntervalMs({ triggers }: EvaluationState): number | undefined {
  const known = triggers.flatMap((trigger) => trigger.pollIntervalMs ?? []);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/**
 * Where a source is polled as often as it has something new, growing can wait for a second poll to
 * agree, as it does for a second round; nobody waits so for sources that are polled once in a while.
 */
function polledRound(object: ScaledObject, state: EvaluationState): Observation["round"] {
  if (sourceIntervalMs(state) === undefined) return undefined;
  return { atMs: state.polledAtMs, intervalMs: pollIntervalMs(object, state) };
}

/** Spread by ±10 %, so that many objects do not ask one server in step. */
const jitter = (random: Random): number => 0.9 + 0.2 * random();

/** Nobody knows what half of a round would show. */
const awaitingRound: Measurement = {
  kind: "noData",
  failed: false,
  detail: "no round of its samples is complete yet",
};

/** All triggers at once; those that must be polled only when that is due. */
function measure(
  { triggers, polled, polledAtMs }: EvaluationState,
  round: JointRound | undefined,
  pollIsDue: boolean,
  signal: AbortSignal,
): Promise<readonly Measurement[]> {
  return Promise.all(
    triggers.map(async (trigger) => {
      if (trigger.rounds) {
        const moment = round?.moments.get(trigger);
        return moment ? trigger.measure(moment, signal) : awaitingRound;
      }
      const last = polled.get(trigger.metricName);
      if (last && !pollIsDue) return last;
      const measurement = await trigger.measure({ atMs: polledAtMs, missing: [] }, signal);
      polled.set(trigger.metricName, measurement);
      return measurement;
    }),
  );
}

/**
 * Writes the new count, if the old one still stands. Returns when it was acknowledged. A count of zero
 * is not on the wire, so it cannot be tested; waking what somebody else has woken does no harm.
 */
async function act(
  { client, clock, log, recorder }: EvaluationOptions,
  { object, target }: Subject,
  decision: Decision,
): Promise<number | undefined> {
  if (decision.kind === "hold") return undefined;
  try {
    const stands =
      decision.from === 0
        ? { op: "test", path: "/metadata/uid", value: target.metadata.uid }
        : { op: "test", path: "/spec/replicas", value: decision.from };
    const write = { op: "add", path: "/spec/replicas", value: decision.to };
    await client.patch(deploymentKind, target.metadata, [stands, write], {
      type: "json",
      subresource: "scale",
    });
  } catch (error) {
    // Somebody else changed the count since we looked; the next round decides from what is there.
    if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 422)) throw error;
    log(`scaledobject ${keyOf(object)}: the count is no longer ${decision.from}; deciding anew`);
    return undefined;
  }
  const writtenAtMs = clock.nowMs();
  recorder.record(object, "Normal", "SuccessfulRescale", describeDecision(decision));
  return writtenAtMs;
}

function healthOf(
  triggers: readonly Trigger[],
  measured: readonly Measurement[],
  { decision, active, memory }: Decided,
): Health {
  const count = decision.kind === "hold" ? decision.at : decision.to;
  const metrics = triggers.map((trigger, index): MetricHealth => {
    const measurement = measured[index];
    const failed = measurement?.kind === "noData" && measurement.failed;
    return {
      name: trigger.metricName,
      type: trigger.type,
      active: measurement?.kind === "value" && measurement.value > trigger.activation,
      ...(failed && { failure: `${measurement.detail}; replicas hold at ${count}` }),
    };
  });
  const detail = decision.because.map(describeReason).join("; ");
  return { kind: "evaluated", metrics, active, detail, lastActiveMs: memory.lastActiveMs };
}
