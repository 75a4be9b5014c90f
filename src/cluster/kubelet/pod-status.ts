// From what the containers of a pod are doing to the status that clients read: phase, conditions,
// class of service. Pure.
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { conditionOf, withCondition, type Condition } from "../../resources/object.ts";
import type { Container, ContainerStatus, Pod, PodPhase, PodStatus } from "../../resources/pod.ts";
import { isSidecar } from "../../resources/pod-state.ts";

export type PodObservation = {
  readonly pod: Pod;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  /** Nothing will be started any more: the pod is being deleted. */
  readonly ending: boolean;
  /** Whether its volumes are made, so that containers can be started. */
  readonly prepared: boolean;
  /** Why the node would not run the pod at all. */
  readonly refusal?: PodFailure;
  /** Why the node ends the pod; it has failed when its containers have ended. */
  readonly failure?: PodFailure;
  readonly podIp: string;
  readonly hostIp: string;
  readonly startTime: string;
  /** The conditions written last: their transition times are kept where nothing changed. */
  readonly conditions: readonly Condition[];
  readonly nowMs: number;
};

export type PodFailure = { readonly reason: string; readonly message: string };

export function podStatusOf(observation: PodObservation): PodStatus {
  const { pod, refusal, failure, podIp, hostIp, startTime, initContainers, containers } =
    observation;
  const phase = phaseOf(observation);
  return {
    phase,
    ...refusal,
    ...(phase === "Failed" && failure),
    conditions: conditionsOf(observation, phase),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    qosClass: qosClassOf(pod),
    startTime,
    // Of a pod that was refused nothing ever ran; its own reason is all there is to tell.
    ...(initContainers.length > 0 && !refusal && { initContainerStatuses: initContainers }),
    ...(!refusal && { containerStatuses: containers }),
  };
}

/** What a container is to its pod. Sidecars are init containers that keep running. */
export type ContainerRole = "init" | "sidecar" | "app";

/** Whether a container that ended is started again. Init containers run until they succeed. */
export function restarts(pod: Pod, role: ContainerRole, exitCode: number): boolean {
  if (role === "sidecar") return true;
  const policy = pod.spec.restartPolicy ?? "Always";
  if (policy === "Never") return false;
  return exitCode !== 0 || (policy === "Always" && role === "app");
}

/** Kubernetes' rules: pending until everything has started once, then running until nothing is left. */
export function phaseOf(
  observation: Pick<
    PodObservation,
    "pod" | "initContainers" | "containers" | "ending" | "refusal" | "failure"
  >,
): PodPhase {
  const { pod, initContainers, containers, ending, refusal, failure } = observation;
  const { sidecars, steps } = initKinds(pod, initContainers);
  const runs = [...initContainers, ...containers].some(({ state }) => state.running);
  if (refusal || (failure && !runs)) return "Failed";
  const initFailed = steps.some(({ state }) => {
    const exitCode = state.terminated?.exitCode ?? 0;
    return exitCode !== 0 && !restarts(pod, "init", exitCode);
  });
  if (initFailed) return "Failed";
  const initializing =
    steps.some((status) => status.state.running !== undefined || neverRan(status)) ||
    (!appStarted(containers) && sidecars.some(({ started }) => started !== true));
  if (initializing || containers.some(neverRan)) return "Pending";
  if ([...sidecars, ...containers].some(({ state }) => state.running)) return "Running";
  const final = containers.every(
    ({ state }) => state.terminated && (ending || !restarts(pod, "app", state.terminated.exitCode)),
  );
  if (!final) return "Running";
  const succeeded = containers.every(({ state }) => state.terminated?.exitCode === 0);
  return succeeded ? "Succeeded" : "Failed";
}

const neverRan = ({ state, lastState }: ContainerStatus): boolean =>
  state.waiting !== undefined && lastState?.terminated === undefined;

const appStarted = (containers: readonly ContainerStatus[]): boolean =>
  containers.some(({ state }) => state.running ?? state.terminated);

function initKinds(pod: Pod, statuses: readonly ContainerStatus[]) {
  const names = new Set(pod.spec.initContainers?.filter(isSidecar).map(({ name }) => name));
  return {
    sidecars: statuses.filter(({ name }) => names.has(name)),
    steps: statuses.filter(({ name }) => !names.has(name)),
  };
}

function conditionsOf(observation: PodObservation, phase: PodPhase): readonly Condition[] {
  const { pod, initContainers, containers } = observation;
  const { sidecars } = initKinds(pod, initContainers);
  // Of a pod that is over, nothing of what containers need is left.
  const prepared = observation.prepared && phase !== "Succeeded" && phase !== "Failed";
  const unready = [...sidecars, ...containers].filter(({ ready }) => !ready);
  const containersReady = readinessOf(phase, unready);
  const next: Condition[] = [
    { type: "PodReadyToStartContainers", status: prepared ? "True" : "False" },
    { type: "Initialized", ...initializationOf(observation, phase) },
    {
      type: "Ready",
      ...(containersReady.status === "True" ? gatesOf(pod) : containersReady),
    },
    { type: "ContainersReady", ...containersReady },
  ];
  // The scheduler says so itself; a pod that was bound by hand has nobody else to say it.
  if (!conditionOf(pod.status?.conditions, "PodScheduled"))
    next.push({ type: "PodScheduled", status: "True" });
  const now = formatTimestamp(observation.nowMs);
  return next.reduce(
    (conditions, condition) => withCondition(conditions, condition, now),
    baseConditions(observation),
  );
}

type Verdict = Pick<Condition, "status" | "reason" | "message">;

function initializationOf(
  { pod, initContainers, containers }: PodObservation,
  phase: PodPhase,
): Verdict {
  const { sidecars } = initKinds(pod, initContainers);
  const incomplete = initContainers.filter((status) =>
    sidecars.includes(status) ? status.started !== true : status.state.terminated?.exitCode !== 0,
  );
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (incomplete.length === 0 || appStarted(containers)) return { status: "True" };
  const message = `containers with incomplete status: ${names(incomplete)}`;
  return { status: "False", reason: "ContainersNotInitialized", message };
}

/** Conditions that others have to set before a pod counts as ready. */
function gatesOf(pod: Pod): Verdict {
  const complaints = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = conditionOf(pod.status?.conditions, conditionType);
    if (condition?.status === "True") return [];
    return condition
      ? `the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`
      : `corresponding condition of pod readiness gate "${conditionType}" does not exist.`;
  });
  if (complaints.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: complaints.join(", ") };
}

/** Conditions that others own come from the pod, the kubelet's own from what it wrote last. */
/** As they were last, the node's own and what others set: of theirs the pod shows the latest. */
function baseConditions({ pod, conditions }: PodObservation): readonly Condition[] {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !nodeConditions.has(type));
  return [...conditions.filter(({ type }) => nodeConditions.has(type)), ...others];
}

/** The conditions that the node alone decides on. */
const nodeConditions: ReadonlySet<string> = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
]);

/**
 * A strategic merge patch of the status: it leaves the conditions of others, which may be changing at
 * this moment, to them.
 */
export function statusPatch(status: PodStatus, { status: seen }: Pod): object {
  const { conditions = [], podIPs = [], hostIPs = [], ...rest } = status;
  const replace = { $patch: "replace" };
  return {
    ...rest,
    podIPs: [...podIPs, replace],
    hostIPs: [...hostIPs, replace],
    conditions: conditions.filter(
      ({ type }) => nodeConditions.has(type) || !conditionOf(seen?.conditions, type),
    ),
  };
}

function readinessOf(phase: PodPhase, unready: readonly ContainerStatus[]): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  if (unready.length === 0) return { status: "True" };
  const message = `containers with unready status: ${names(unready)}`;
  return { status: "False", reason: "ContainersNotReady", message };
}

const names = (statuses: readonly ContainerStatus[]): string =>
  `[${statuses.map(({ name }) => name).join(" ")}]`;

/** Guaranteed when every container has limits for cpu and memory and requests no less. */
export function qosClassOf({ spec }: Pod): string {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const amounts = ({ resources }: Container) =>
    (["cpu", "memory"] as const).map((resource) => ({
      limit: resources?.limits?.[resource],
      request: resources?.requests?.[resource] ?? resources?.limits?.[resource],
    }));
  const each = all.flatMap(amounts);
  if (each.every(({ limit, request }) => limit === undefined && request === undefined))
    return "BestEffort";
  const guaranteed = each.every(({ limit, request }) => limit !== undefined && limit === request);
  return guaranteed ? "Guaranteed" : "Burstable";
}

/** Whether a status says anything that the server has not been told. */
export function sameStatus(left: PodStatus | undefined, right: PodStatus): boolean {
  return jsonEqual(left, right);
}
