// What `kubectl get pods` prints of a pod: one word for all that its containers go through. The rules
// are those of Kubernetes' own printer.
import { formatAge } from "../lib/duration.ts";
import { parseTimestamp } from "../lib/timestamp.ts";
import { ageCell, ageColumn, column, nameColumn, none, wideColumn } from "./columns.ts";
import type { Cell, Column } from "./kind.ts";
import { conditionOf } from "./object.ts";
import type { ContainerState, ContainerStatus, Pod } from "./pod.ts";

export const podColumns: readonly Column[] = [
  nameColumn,
  column("Ready", "How many containers pass their readiness probes, of how many."),
  column("Status", "What the pod is doing, or what keeps it from running."),
  column("Restarts", "How often its containers were restarted, and when last."),
  ageColumn,
  wideColumn("IP", "The address of the pod."),
  wideColumn("Node", "The node that runs the pod."),
  wideColumn("Nominated Node", "The node that the scheduler makes room on."),
  wideColumn("Readiness Gates", "How many readiness gates hold, of how many."),
];

export function podCells(pod: Pod, nowMs: number): readonly Cell[] {
  const init = initProgressOf(pod);
  const initialized =
    init.reason === undefined ||
    conditionOf(pod.status?.conditions, "Initialized")?.status === "True";
  const main = pod.status?.containerStatuses ?? [];
  const counted = initialized
    ? [...init.sidecars, ...main]
    : (pod.status?.initContainerStatuses ?? []);
  const ready = init.sidecarsReady + (initialized ? main.filter(isRunningReady).length : 0);
  return [
    pod.metadata.name,
    `${ready}/${pod.spec.containers.length + sidecarNames(pod).size}`,
    statusCell(pod, init.reason, initialized),
    restartsCell(counted, nowMs),
    ageCell(pod.metadata.creationTimestamp, nowMs),
    pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? none,
    pod.spec.nodeName || none,
    pod.status?.nominatedNodeName || none,
    gatesCell(pod),
  ];
}

function statusCell(pod: Pod, initReason: string | undefined, initialized: boolean): string {
  const status = pod.status ?? {};
  const deleting = pod.metadata.deletionTimestamp !== undefined;
  if (deleting && status.reason === "NodeLost") return "Unknown";
  if (deleting && status.phase !== "Succeeded" && status.phase !== "Failed") return "Terminating";
  const scheduled = conditionOf(status.conditions, "PodScheduled");
  const gated = scheduled?.reason === "SchedulingGated" ? "SchedulingGated" : undefined;
  const podReason = initReason ?? gated ?? (status.reason || status.phase || "");
  if (!initialized) return podReason;
  // The first container speaks for the pod.
  const reason =
    (status.containerStatuses ?? [])
      .map(({ state }) => reasonOf(state))
      .find((found) => found !== undefined) ?? podReason;
  if (reason !== "Completed" || !status.containerStatuses?.some(isRunningReady)) return reason;
  return conditionOf(status.conditions, "Ready")?.status === "True" ? "Running" : "NotReady";
}

function reasonOf({ waiting, terminated }: ContainerState): string | undefined {
  if (waiting?.reason) return waiting.reason;
  if (!terminated) return undefined;
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

type InitProgress = {
  /** What the init container that is not done is doing; undefined when all are done. */
  readonly reason?: string;
  readonly sidecars: readonly ContainerStatus[];
  readonly sidecarsReady: number;
};

function initProgressOf(pod: Pod): InitProgress {
  const names = sidecarNames(pod);
  const statuses = pod.status?.initContainerStatuses ?? [];
  const sidecars = statuses.filter(({ name }) => names.has(name));
  let sidecarsReady = 0;
  for (const [index, status] of statuses.entries()) {
    if (status.state.terminated?.exitCode === 0) continue;
    if (names.has(status.name) && status.started === true) {
      if (status.ready) sidecarsReady++;
      continue;
    }
    const waiting = status.state.waiting?.reason === "PodInitializing";
    const reason = waiting ? undefined : reasonOf(status.state);
    const progress = `${index}/${pod.spec.initContainers?.length ?? 0}`;
    return { reason: `Init:${reason ?? progress}`, sidecars, sidecarsReady };
  }
  return { sidecars, sidecarsReady };
}

/** Init containers that keep running beside the others. */
function sidecarNames(pod: Pod): ReadonlySet<string> {
  const containers = pod.spec.initContainers ?? [];
  return new Set(
    containers.filter((container) => container.restartPolicy === "Always").map(({ name }) => name),
  );
}

function isRunningReady({ ready, state }: ContainerStatus): boolean {
  return ready && state.running !== undefined;
}

function restartsCell(statuses: readonly ContainerStatus[], nowMs: number): string {
  const restarts = statuses.reduce((sum, status) => sum + status.restartCount, 0);
  const endsMs = statuses
    .map(({ lastState }) => parseTimestamp(lastState?.terminated?.finishedAt ?? ""))
    .filter((endMs) => endMs !== undefined);
  if (restarts === 0 || endsMs.length === 0) return `${restarts}`;
  return `${restarts} (${formatAge(nowMs - Math.max(...endsMs))} ago)`;
}

function gatesCell(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return none;
  const holding = gates.filter(
    ({ conditionType }) => conditionOf(pod.status?.conditions, conditionType)?.status === "True",
  );
  return `${holding.length}/${gates.length}`;
}
