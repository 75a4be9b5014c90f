// Puts pending pods on the node, oldest first, as long as it has room. Where a pod fits is decided in
// placement.ts; here are the bookkeeping of what was just promised, and telling why a pod waits.
import type { Clock } from "../../lib/clock.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { indexBy } from "../../kube/cache-index.ts";
import { isNotFound, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller, type Requeue } from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { Namespace } from "../../resources/namespace.ts";
import type { Node } from "../../resources/node.ts";
import { conditionOf, keyOf, withCondition, type Condition } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { placePod } from "./placement.ts";
import { isFinished, isTerminating } from "../../resources/pod-state.ts";

export type SchedulerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly pods: WatchCache<Pod>;
  readonly nodes: WatchCache<Node>;
  readonly namespaces: WatchCache<Namespace>;
};

type Context = SchedulerOptions & {
  readonly podsOn: (node: string) => readonly Pod[];
  /** Pods that were given a node and whose echo is not in the cache yet: they hold room already. */
  readonly promised: Map<string, Pod>;
  /** When it was last told that a pod waits, by its key. */
  readonly toldMs: Map<string, number>;
};

const defaultScheduler = "default-scheduler";

/** How often a pod that waits is told of again, and tried in case that a change was missed. */
const tellAgainMs = 300_000;

export function runScheduler(options: SchedulerOptions, signal: AbortSignal): Controller {
  const { clock, log, pods, nodes } = options;
  const waiting = indexBy(pods, (pod) => (isWaiting(pod) ? [""] : []));
  const context: Context = {
    ...options,
    podsOn: indexBy(pods, ({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName])),
    promised: new Map(),
    toldMs: new Map(),
  };
  const controller = runController(
    {
      name: "scheduler",
      clock,
      log,
      sources: [watching(pods, (pod) => (isWaiting(pod) ? [keyOf(pod)] : []))],
      reconcile: (key) => schedule(key, context),
    },
    signal,
  );
  const retry = (pods: readonly Pod[]): void => {
    for (const pod of pods.toSorted(byAge)) controller.enqueue(keyOf(pod));
  };
  const stops = [
    nodes.subscribe(() => retry(waiting(""))),
    pods.subscribe(({ key, old, new: pod }) => {
      if (pod?.spec.nodeName !== undefined || !pod) {
        context.promised.delete(key);
        context.toldMs.delete(key);
      }
      const isPlaced = old?.spec.nodeName === undefined && pod?.spec.nodeName !== undefined;
      const isFreed = pod ? isFinished(pod) : old?.spec.nodeName !== undefined;
      if (isFreed) retry(waiting(""));
      else if (isPlaced) retry(waiting("").filter(({ spec }) => spec.affinity?.podAffinity));
    }),
  ];
  signal.addEventListener("abort", () => stops.forEach((stop) => stop()), { once: true });
  return controller;
}

function isWaiting(pod: Pod): boolean {
  const { nodeName, schedulerName = defaultScheduler } = pod.spec;
  return (
    nodeName === undefined &&
    schedulerName === defaultScheduler &&
    !isTerminating(pod) &&
    !isFinished(pod)
  );
}

const byAge = (left: Pod, right: Pod): number =>
  (left.metadata.creationTimestamp ?? "").localeCompare(right.metadata.creationTimestamp ?? "");

async function schedule(key: string, context: Context): Promise<Requeue> {
  const { client, recorder, pods, promised } = context;
  const pod = pods.get(key);
  if (!pod || !isWaiting(pod) || promised.get(key)?.metadata.uid === pod.metadata.uid) return;
  if ((pod.spec.schedulingGates ?? []).length > 0) {
    await writeCondition(pod, gated, context);
    return;
  }
  const placement = placePod(
    pod,
    nodesWithPods(context),
    (namespace) => context.namespaces.get(namespace)?.metadata.labels,
  );
  if (placement.kind === "nowhere") return tellWaiting(pod, placement.message, context);
  promised.set(key, { ...pod, spec: { ...pod.spec, nodeName: placement.name } });
  try {
    // The condition first: once the pod has its node, its status is the kubelet's alone.
    await writeCondition(pod, { type: "PodScheduled", status: "True" }, context);
    const { uid } = pod.metadata;
    const patch = { metadata: { uid }, spec: { nodeName: placement.name } };
    await client.patch(podKind, pod.metadata, patch);
  } catch (error) {
    promised.delete(key);
    if (isNotFound(error)) return;
    throw error;
  }
  context.toldMs.delete(key);
  recorder.record(pod, "Normal", "Scheduled", `Successfully assigned ${key} to ${placement.name}`);
}

const gated: Condition = {
  type: "PodScheduled",
  status: "False",
  reason: "SchedulingGated",
  message: "Scheduling is blocked due to non-empty scheduling gates",
};

function nodesWithPods({ nodes, podsOn, promised }: Context) {
  return nodes.list().map((node) => {
    const { name } = node.metadata;
    const bound = podsOn(name);
    const coming = [...promised.values()].filter(({ spec }) => spec.nodeName === name);
    return { node, pods: [...bound, ...coming] };
  });
}

async function tellWaiting(pod: Pod, message: string, context: Context): Promise<Requeue> {
  const { clock, recorder, toldMs } = context;
  const key = keyOf(pod);
  const sinceMs = clock.nowMs() - (toldMs.get(key) ?? -Infinity);
  const isNews = conditionOf(pod.status?.conditions, "PodScheduled")?.message !== message;
  if (!isNews && sinceMs < tellAgainMs) return { requeueAfterMs: tellAgainMs - sinceMs };
  await writeCondition(
    pod,
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
    context,
  );
  toldMs.set(key, clock.nowMs());
  recorder.record(pod, "Warning", "FailedScheduling", message);
  return { requeueAfterMs: tellAgainMs };
}

async function writeCondition(
  pod: Pod,
  condition: Condition,
  { client, clock }: Context,
): Promise<void> {
  const old = conditionOf(pod.status?.conditions, condition.type);
  if (old?.message === condition.message && old?.status === condition.status) return;
  const now = formatTimestamp(clock.nowMs());
  const conditions = withCondition(pod.status?.conditions, condition, now);
  await client.patch(podKind, pod.metadata, { status: { conditions } }, { subresource: "status" });
}
