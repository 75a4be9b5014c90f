// The status that a container has before this node has done anything with it: new, over, or lost with
// an earlier node. Pure.
import type { Container, ContainerState, ContainerStatus, Pod } from "../../resources/pod.ts";
import { restarts, type ContainerRole } from "./pod-status.ts";

export type Terminated = NonNullable<ContainerState["terminated"]>;

/**
 * `earlier` is what an earlier node wrote. An app container that ended for good keeps it; one that ran
 * has ended with that node, and if it is to run again it waits for that with its count of restarts
 * kept. Init containers run again, for what they prepared went with the earlier node: in a pod that
 * may be restarted at all.
 */
export function firstStatus(
  pod: Pod,
  { name, image = "" }: Container,
  role: ContainerRole,
  earlier: ContainerStatus | undefined,
  now: string,
): ContainerStatus {
  const initializing = (pod.spec.initContainers?.length ?? 0) > 0;
  const reason = initializing ? "PodInitializing" : "ContainerCreating";
  const fresh = { name, image, imageID: "", ready: false, started: false, restartCount: 0 };
  const waiting = { state: { waiting: { reason } }, lastState: {} };
  if (!earlier) return { ...fresh, ...waiting };
  const { terminated, running } = earlier.state;
  const lost: Terminated | undefined = running && {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: "The container ended together with the cluster that ran it",
    ...(running.startedAt !== undefined && { startedAt: running.startedAt }),
    finishedAt: now,
  };
  const end = terminated ?? lost;
  if (end && !runsAgain(pod, role, end.exitCode))
    return terminated
      ? earlier
      : { ...earlier, ready: false, started: false, state: { terminated: end } };
  const last = end ?? earlier.lastState?.terminated;
  return {
    ...fresh,
    ...waiting,
    restartCount: earlier.restartCount,
    ...(last && { lastState: { terminated: last } }),
  };
}

function runsAgain(pod: Pod, role: ContainerRole, exitCode: number): boolean {
  const step = role === "init" && pod.spec.restartPolicy !== "Never";
  return step || restarts(pod, role, exitCode);
}
