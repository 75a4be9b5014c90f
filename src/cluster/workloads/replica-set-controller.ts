// Keeps each ReplicaSet at its number of pods: never one more, never one fewer than it takes. The
// counting is in replica-count.ts; here are the reading, the writing and the waiting for echoes.
import { randomSuffix, type Random } from "../../lib/random.ts";
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { indexBy, namespaceOf } from "../../kube/cache-index.ts";
import {
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  type KubeClient,
} from "../../kube/client.ts";
import {
  ownedBy,
  runController,
  watching,
  type Controller,
  type Requeue,
} from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { Change, WatchCache } from "../../kube/watch-cache.ts";
import {
  controllerOf,
  controllerReference,
  keyOf,
  type KubeObject,
} from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { replicaSetKind, type ReplicaSet } from "../../resources/replica-set.ts";
import { carryOutClaim, claimChildren, claimable, possibleOwners } from "./claim.ts";
import { Expectations } from "./expectations.ts";
import { isTerminating } from "../../resources/pod-state.ts";
import {
  failureConditions,
  planReplicas,
  reportReplicas,
  type ReplicaPlan,
} from "./replica-count.ts";
import { inSlowStart } from "./slow-start.ts";

export type ReplicaSetControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
};

type Context = ReplicaSetControllerOptions & {
  readonly expectations: Expectations;
  readonly claimablePods: (owner: KubeObject) => readonly Pod[];
  readonly podsOf: (uid: string) => readonly Pod[];
  readonly setsOf: (uid: string) => readonly ReplicaSet[];
};

/** Pods made in one pass; the rest follows in the next, so that one huge set does not stop the others. */
const burstMax = 500;

export function runReplicaSetController(
  options: ReplicaSetControllerOptions,
  signal: AbortSignal,
): Controller {
  const { clock, log, pods, replicaSets } = options;
  const expectations = new Expectations(clock);
  const ownersOf = ownedBy(replicaSetKind);
  // Subscribed before the loop, so that an echo is noted, and found, before it wakes the loop.
  const unsubscribe = pods.subscribe((change) => noteEcho(expectations, ownersOf, change));
  signal.addEventListener("abort", unsubscribe, { once: true });
  const byController = (object: KubeObject) => [controllerOf(object)?.uid ?? ""];
  const setsIn = indexBy(replicaSets, namespaceOf);
  const context: Context = {
    ...options,
    expectations,
    claimablePods: claimable(pods),
    podsOf: indexBy(pods, byController),
    setsOf: indexBy(replicaSets, byController),
  };
  return runController(
    {
      name: "replicaset",
      clock,
      log,
      concurrency: 4,
      sources: [
        watching(replicaSets),
        watching(pods, ownersOf),
        watching(pods, (pod) => possibleOwners(pod, setsIn)),
      ],
      reconcile: (key) => reconcile(key, context),
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

async function reconcile(key: string, context: Context): Promise<Requeue> {
  const { client, clock, replicaSets, expectations } = context;
  const replicaSet = replicaSets.get(key);
  if (!replicaSet) return;
  const claim = claimChildren(replicaSet, context.claimablePods(replicaSet));
  await carryOutClaim(client, podKind, replicaSet, claim);
  const { owned } = claim;

  const waitMs = expectations.waitMs(key);
  const isActing = waitMs === 0 && replicaSet.metadata.deletionTimestamp === undefined;
  let conditions = replicaSet.status?.conditions;
  let failure: Error | undefined;
  if (isActing) {
    const related = relatedPods(replicaSet, context);
    const plan = planReplicas(replicaSet, owned, related, clock.nowMs());
    failure = await carryOut(key, replicaSet, plan, context);
    const now = formatTimestamp(clock.nowMs());
    conditions = failureConditions(replicaSet, plan, failure?.message, now);
  }
  const { status, recountInMs } = reportReplicas(replicaSet, owned, clock.nowMs());
  await writeStatus(replicaSet, { ...status, ...(conditions?.length && { conditions }) }, client);
  if (failure) throw failure;
  const requeues = [recountInMs, waitMs > 0 ? waitMs : undefined].filter((ms) => ms !== undefined);
  return requeues.length > 0 ? { requeueAfterMs: Math.min(...requeues) } : undefined;
}

/** The pods of all sets that belong to the same Deployment. */
function relatedPods(replicaSet: ReplicaSet, { podsOf, setsOf }: Context): readonly Pod[] {
  const owner = controllerOf(replicaSet);
  const sets = owner ? setsOf(owner.uid) : [replicaSet];
  return sets.flatMap(({ metadata }) => podsOf(metadata.uid ?? ""));
}

/** Returns what went wrong, for the status has to tell of it before the pass fails. */
async function carryOut(
  key: string,
  replicaSet: ReplicaSet,
  plan: ReplicaPlan,
  context: Context,
): Promise<Error | undefined> {
  try {
    await inSlowStart(Math.min(plan.create, burstMax), () => createPod(key, replicaSet, context));
    await Promise.all(plan.remove.map((pod) => deletePod(key, replicaSet, pod, context)));
    return undefined;
  } catch (error) {
    // A namespace that is being emptied takes no pod, and takes this set away soon.
    if (isNamespaceTerminating(error)) return undefined;
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function createPod(
  owner: string,
  replicaSet: ReplicaSet,
  { client, random, recorder, expectations }: Context,
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
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error))
      recorder.record(replicaSet, "Warning", "FailedCreate", `Error creating: ${textOf(error)}`);
    throw error;
  }
}

async function deletePod(
  owner: string,
  replicaSet: ReplicaSet,
  pod: Pod,
  { client, pods, recorder, expectations }: Context,
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
    recorder.record(replicaSet, "Warning", "FailedDelete", `Error deleting: ${textOf(error)}`);
    throw error;
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
  if (jsonEqual(replicaSet.status, status)) return;
  try {
    const patch = { status: { conditions: null, ...status } };
    await client.patch(replicaSetKind, replicaSet.metadata, patch, { subresource: "status" });
  } catch (error) {
    // Deleted meanwhile: there is nothing left to report on.
    if (!isNotFound(error)) throw error;
  }
}
