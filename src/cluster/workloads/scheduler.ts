// Puts pending pods on the node, oldest first, as long as it has room. Where a pod fits is decided in
// placement.ts; here are the bookkeeping of what was just promised, and telling why a pod waits.
import type { Clock } from "../../lib/clock.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { isNotFound, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller } from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
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
};

const defaultScheduler = "default-scheduler";

export function runScheduler(options: SchedulerOptions, signal: AbortSignal): Controller {
  const { clock, log, pods, nodes } = options;
  /** Pods that were given a node and whose echo is not in the cache yet: they hold room already. */
  const promised = new Map<string, Pod>();
  const controller = runController(
    {
      name: "scheduler",
      clock,
      log,
      sources: [watching(pods, (pod) => (isWaiting(pod) ? [keyOf(pod)] : []))],
      reconcile: (key) => schedule(key, options, promised),
    },
    signal,
  );
  const retryAll = (): void => {
    const waiting = pods.list().filter(isWaiting);
    for (const pod of waiting.toSorted(byAge)) controller.enqueue(keyOf(pod));
  };
  const stops = [
    nodes.subscribe(retryAll),
    pods.subscribe((change) => {
      if (change.new?.spec.nodeName !== undefined || !change.new) promised.delete(change.key);
      const freed = change.new ? isFinished(change.new) : change.old?.spec.nodeName !== undefined;
      if (freed) retryAll();
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

async function schedule(
  key: string,
  { client, clock, recorder, pods, nodes }: SchedulerOptions,
  promised: Map<string, Pod>,
): Promise<void> {
  const pod = pods.get(key);
  if (!pod || !isWaiting(pod) || promised.get(key)?.metadata.uid === pod.metadata.uid) return;
  const placed = pods.list().filter(({ spec }) => spec.nodeName !== undefined);
  const placement = placePod(pod, nodes.list(), [...placed, ...promised.values()]);
  const now = formatTimestamp(clock.nowMs());
  if (placement.kind === "nowhere") {
    const { message } = placement;
    const told = conditionOf(pod.status?.conditions, "PodScheduled");
    if (told?.message === message) return;
    const condition: Condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
    };
    await writeCondition(pod, condition, now, client);
    recorder.record(pod, "Warning", "FailedScheduling", message);
    return;
  }
  promised.set(key, { ...pod, spec: { ...pod.spec, nodeName: placement.name } });
  try {
    // The condition first: once the pod has its node, its status is the kubelet's alone.
    await writeCondition(pod, { type: "PodScheduled", status: "True" }, now, client);
    const { uid } = pod.metadata;
    const patch = { metadata: { uid }, spec: { nodeName: placement.name } };
    await client.patch(podKind, pod.metadata, patch);
  } catch (error) {
    promised.delete(key);
    if (isNotFound(error)) return;
    throw error;
  }
  recorder.record(pod, "Normal", "Scheduled", `Successfully assigned ${key} to ${placement.name}`);
}

async function writeCondition(
  pod: Pod,
  condition: Condition,
  now: string,
  client: KubeClient,
): Promise<void> {
  const conditions = withCondition(pod.status?.conditions, condition, now);
  await client.patch(podKind, pod.metadata, { status: { conditions } }, { subresource: "status" });
}
