// Keeps each ReplicaSet at its number of pods: never one more, never one fewer than it takes. The
// counting is in replica-count.ts; here are the reading, the writing and the waiting for echoes.
import { randomSuffix, type Random } from "../../lib/random.ts";
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { isAlreadyExists, isNotFound, type KubeClient } from "../../kube/client.ts";
import { ownedBy, runController, watching, type Controller } from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { Change, WatchCache } from "../../kube/watch-cache.ts";
import { controllerReference, keyOf } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { replicaSetKind, type ReplicaSet } from "../../resources/replica-set.ts";
import { carryOutClaim, claimChildren, possibleOwners } from "./claim.ts";
import { Expectations } from "./expectations.ts";
import { isTerminating } from "../../resources/pod-state.ts";
import { planReplicas, reportReplicas } from "./replica-count.ts";

export type ReplicaSetControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
};

/** Pods made in one pass; the rest follows in the next, so that one huge set does not stop the others. */
const burstMax = 100;

export function runReplicaSetController(
  options: ReplicaSetControllerOptions,
  signal: AbortSignal,
): Controller {
  const { clock, log, pods, replicaSets } = options;
  const expectations = new Expectations(clock);
  const ownersOf = ownedBy(replicaSetKind);
  // Subscribed before the loop, so that an echo is noted before it wakes the loop.
  const unsubscribe = pods.subscribe((change) => noteEcho(expectations, ownersOf, change));
  signal.addEventListener("abort", unsubscribe, { once: true });
  return runController(
    {
      name: "replicaset",
      clock,
      log,
      concurrency: 4,
      sources: [
        watching(replicaSets),
        watching(pods, ownersOf),
        watching(pods, (pod) => possibleOwners(pod, replicaSets.list())),
      ],
      reconcile: (key) => reconcile(key, options, expectations),
    },
    signal,
  );
}

function noteEcho(
  expectations: Expectations,
  ownersOf: (pod: Pod) => readonly string[],
  change: Change<Pod>,
): void {
  const pod = change.new ?? change.old;
  if (!pod) return;
  const appeared = change.new !== undefined && change.old === undefined;
  const leaving = change.new === undefined || change.new.metadata.deletionTimestamp !== undefined;
  for (const owner of ownersOf(pod)) {
    if (appeared || leaving) expectations.settle(owner, creation(change.key));
    if (leaving) expectations.settle(owner, deletion(change.key));
  }
}

const creation = (podKey: string): string => `create ${podKey}`;
const deletion = (podKey: string): string => `delete ${podKey}`;

async function reconcile(
  key: string,
  options: ReplicaSetControllerOptions,
  expectations: Expectations,
): Promise<{ readonly requeueAfterMs?: number } | void> {
  const { client, clock, pods, replicaSets } = options;
  const replicaSet = replicaSets.get(key);
  if (!replicaSet) return;
  const claim = claimChildren(replicaSet, pods.list());
  await carryOutClaim(client, podKind, replicaSet, claim);
  const { owned } = claim;

  const waitMs = expectations.waitMs(key);
  if (waitMs === 0 && replicaSet.metadata.deletionTimestamp === undefined)
    await act(key, replicaSet, owned, options, expectations);

  const { status, recountInMs } = reportReplicas(replicaSet, owned, clock.nowMs());
  await writeStatus(replicaSet, status, client);
  const requeues = [recountInMs, waitMs > 0 ? waitMs : undefined].filter((ms) => ms !== undefined);
  return requeues.length > 0 ? { requeueAfterMs: Math.min(...requeues) } : undefined;
}

async function act(
  key: string,
  replicaSet: ReplicaSet,
  owned: readonly Pod[],
  options: ReplicaSetControllerOptions,
  expectations: Expectations,
): Promise<void> {
  const plan = planReplicas(replicaSet, owned);
  for (let made = 0; made < Math.min(plan.create, burstMax); made++)
    await createPod(key, replicaSet, options, expectations);
  for (const pod of plan.remove) await deletePod(key, replicaSet, pod, options, expectations);
}

async function createPod(
  owner: string,
  replicaSet: ReplicaSet,
  { client, random, recorder }: ReplicaSetControllerOptions,
  expectations: Expectations,
): Promise<void> {
  const pod = podOf(replicaSet, randomSuffix(random));
  const echo = creation(keyOf(pod));
  expectations.expect(owner, echo);
  try {
    await client.create(podKind, pod);
    recorder.record(replicaSet, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
  } catch (error) {
    expectations.settle(owner, echo);
    // Another pod has the name: the next pass draws another one.
    if (!isAlreadyExists(error)) {
      const reason = error instanceof Error ? error.message : String(error);
      recorder.record(replicaSet, "Warning", "FailedCreate", `Error creating: ${reason}`);
    }
    throw error;
  }
}

async function deletePod(
  owner: string,
  replicaSet: ReplicaSet,
  pod: Pod,
  { client, pods, recorder }: ReplicaSetControllerOptions,
  expectations: Expectations,
): Promise<void> {
  const { name, uid } = pod.metadata;
  // Somebody else may have deleted it since the plan was made; then no echo would follow ours.
  const current = pods.get(keyOf(pod));
  if (current?.metadata.uid !== uid || !current || isTerminating(current)) return;
  const echo = deletion(keyOf(pod));
  expectations.expect(owner, echo);
  try {
    await client.delete(podKind, pod.metadata, { ...(uid !== undefined && { uid }) });
    recorder.record(replicaSet, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  } catch (error) {
    expectations.settle(owner, echo);
    throw error;
  }
}

function podOf(replicaSet: ReplicaSet, suffix: string): Pod {
  const { name, namespace } = replicaSet.metadata;
  const { metadata, spec } = replicaSet.spec.template;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-${suffix}`,
      generateName: `${name}-`,
      ...(namespace !== undefined && { namespace }),
      ...(metadata?.labels && { labels: metadata.labels }),
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(replicaSet)],
    },
    spec,
  };
}

async function writeStatus(
  replicaSet: ReplicaSet,
  status: NonNullable<ReplicaSet["status"]>,
  client: KubeClient,
): Promise<void> {
  if (jsonEqual(replicaSet.status, { ...replicaSet.status, ...status })) return;
  try {
    await client.patch(replicaSetKind, replicaSet.metadata, { status }, { subresource: "status" });
  } catch (error) {
    // Deleted meanwhile: there is nothing left to report on.
    if (!isNotFound(error)) throw error;
  }
}
