// From what the containers of a pod are doing to the status that clients read: phase, conditions,
// class of service. Pure.
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { conditionOf, withCondition, type Condition } from "../../resources/object.ts";
import type { Container, ContainerStatus, Pod, PodPhase, PodStatus } from "../../resources/pod.ts";

export type PodObservation = {
  readonly pod: Pod;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  /** Nothing will be started any more: the pod is being deleted. */
  readonly ending: boolean;
  /** Why the node would not run the pod at all. */
  readonly refusal?: { readonly reason: string; readonly message: string };
  readonly podIp: string;
  readonly hostIp: string;
  readonly startTime: string;
  /** The conditions written last: their transition times are kept where nothing changed. */
  readonly conditions: readonly Condition[];
  readonly nowMs: number;
};

export function podStatusOf(observation: PodObservation): PodStatus {
  const { pod, refusal, podIp, hostIp, startTime, initContainers, containers } = observation;
  const phase = phaseOf(observation);
  return {
    phase,
    ...refusal,
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

/** Whether a container that ended is started again. Init containers run until they succeed. */
export function restarts(pod: Pod, role: "init" | "app", exitCode: number): boolean {
  const policy = pod.spec.restartPolicy ?? "Always";
  if (policy === "Never") return false;
  return exitCode !== 0 || (policy === "Always" && role === "app");
}

/** Kubernetes' rules: pending until everything has started once, then running until nothing is left. */
export function phaseOf(
  observation: Pick<PodObservation, "pod" | "initContainers" | "containers" | "ending" | "refusal">,
): PodPhase {
  const { pod, initContainers, containers, ending, refusal } = observation;
  if (refusal) return "Failed";
  const initFailed = initContainers.some((status) => {
    const exitCode = status.state.terminated?.exitCode;
    return exitCode !== undefined && exitCode !== 0 && !restarts(pod, "init", exitCode);
  });
  if (initFailed) return "Failed";
  const ended = containers.map(({ state, lastState }) => state.terminated ?? lastState?.terminated);
  const running = containers.filter(({ state }) => state.running).length;
  if (running > 0) return "Running";
  if (ended.some((state) => state === undefined)) return "Pending";
  const final = containers.every(
    ({ state }) => state.terminated && (ending || !restarts(pod, "app", state.terminated.exitCode)),
  );
  if (!final) return "Running";
  return ended.every((state) => state?.exitCode === 0) ? "Succeeded" : "Failed";
}

function conditionsOf(observation: PodObservation, phase: PodPhase): readonly Condition[] {
  const { pod, initContainers, containers } = observation;
  const incomplete = initContainers.filter(({ state }) => state.terminated?.exitCode !== 0);
  const initialized: Condition =
    incomplete.length === 0
      ? { type: "Initialized", status: "True" }
      : {
          type: "Initialized",
          status: "False",
          reason: "ContainersNotInitialized",
          message: `containers with incomplete status: ${names(incomplete)}`,
        };
  const unready = containers.filter(({ ready }) => !ready);
  const readiness = readinessOf(phase, unready);
  const next: Condition[] = [
    initialized,
    { type: "Ready", ...readiness },
    { type: "ContainersReady", ...readiness },
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

/** Conditions that others own come from the pod, the kubelet's own from what it wrote last. */
function baseConditions({ pod, conditions }: PodObservation): readonly Condition[] {
  const foreign = (pod.status?.conditions ?? []).filter(
    ({ type }) => !conditionOf(conditions, type),
  );
  return [
    ...conditions.map((own) =>
      own.type === "PodScheduled" ? (conditionOf(pod.status?.conditions, own.type) ?? own) : own,
    ),
    ...foreign,
  ];
}

function readinessOf(
  phase: PodPhase,
  unready: readonly ContainerStatus[],
): Pick<Condition, "status" | "reason" | "message"> {
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
