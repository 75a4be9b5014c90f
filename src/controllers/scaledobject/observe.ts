// From measurements and the objects of the cluster to the observation that a decision is made from.
// Pure: it only puts together what others read.
import type { Deployment } from "../../resources/deployment.ts";
import { conditionOf } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { isActive, isReady } from "../../resources/pod-state.ts";
import type { ScaledObject } from "../../resources/scaled-object.ts";
import { matchesSelector, selectorOf } from "../../resources/selector.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Observation, Reading } from "../../scaling/observation.ts";
import type { Measurement, Trigger } from "../../triggers/trigger.ts";

export type Seen = {
  readonly nowMs: number;
  readonly object: ScaledObject;
  readonly target: Deployment;
  /** Any pods; those of the target are picked out. */
  readonly pods: readonly Pod[];
  readonly triggers: readonly Trigger[];
  /** One for each trigger, in order. */
  readonly measured: readonly Measurement[];
  readonly round: { readonly atMs: number; readonly intervalMs: number } | undefined;
};

export function observe(seen: Seen): Observation {
  const { nowMs, object, target, round } = seen;
  const pods = podsOf(target, seen.pods);
  const ready = pods.filter(isReady);
  const unschedulable = unschedulableOf(pods);
  return {
    nowMs,
    createdAtMs: parseTimestamp(object.metadata.creationTimestamp ?? "") ?? nowMs,
    specReplicas: target.spec.replicas ?? 1,
    statusReplicas: pods.length,
    readyReplicas: ready.length,
    readings: seen.triggers.map((trigger, index) =>
      readingOf(trigger, seen.measured[index], ready),
    ),
    ...(round && { round }),
    ...(unschedulable && { unschedulable }),
  };
}

/** Pods on their way out neither serve nor count. */
function podsOf(target: Deployment, pods: readonly Pod[]): readonly Pod[] {
  const selector = selectorOf(target.spec.selector);
  return pods.filter(
    (pod) =>
      pod.metadata.namespace === target.metadata.namespace &&
      isActive(pod) &&
      matchesSelector(selector, pod.metadata.labels ?? {}),
  );
}

function readingOf(
  trigger: Trigger,
  measurement: Measurement | undefined,
  ready: readonly Pod[],
): Reading {
  const name = trigger.metricName;
  if (measurement?.kind !== "value")
    return { kind: "noData", trigger: name, detail: measurement?.detail ?? "nothing was measured" };
  const { value, series, idle, pods } = measurement;
  return {
    kind: "value",
    trigger: name,
    query: trigger.query,
    value,
    series,
    idle,
    target: trigger.target,
    metricType: trigger.metricType,
    activation: trigger.activation,
    missingPods: pods
      ? ready.map(({ metadata }) => metadata.name).filter((pod) => !pods.has(pod))
      : [],
  };
}

/** How many pods no node has room for, and of what there is too little for the first of them. */
function unschedulableOf(
  pods: readonly Pod[],
): { readonly pods: number; readonly resource: string } | undefined {
  const messages = pods.flatMap(({ status }) => {
    const scheduled = conditionOf(status?.conditions, "PodScheduled");
    return scheduled?.status === "False" && scheduled.reason === "Unschedulable"
      ? [scheduled.message ?? ""]
      : [];
  });
  const [first] = messages;
  if (first === undefined) return undefined;
  return {
    pods: messages.length,
    resource: /Insufficient ([^\s,]+?)[.,]?(?:\s|$)/.exec(first)?.[1] ?? "nodes",
  };
}
