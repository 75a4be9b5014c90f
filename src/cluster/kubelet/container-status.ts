// The status that a container has before this node has done anything with it: new, over, or lost with
// an earlier node. Pure.
import type { Container, ContainerState, ContainerStatus, Pod } from "../../resources/pod.ts";
import { restarts } from "./pod-status.ts";

export type Terminated = NonNullable<ContainerState["terminated"]>;

/**
 * `earlier` is what an earlier node wrote. A container that ended for good keeps it; one that ran has
 * ended with that node, and waits for its next start with its count of restarts kept.
 */
export function firstStatus(
  pod: Pod,
  { name, image = "" }: Container,
  role: "init" | "app",
  earlier: ContainerStatus | undefined,
  now: string,
): ContainerStatus {
  const initializing = (pod.spec.initContainers?.length ?? 0) > 0;
  const reason = initializing ? "PodInitializing" : "ContainerCreating";
  const fresh = { name, image, imageID: "", ready: false, started: false, restartCount: 0 };
  const waiting = { state: { waiting: { reason } }, lastState: {} };
  if (!earlier) return { ...fresh, ...waiting };
  const { terminated, running } = earlier.state;
  if (terminated && !restarts(pod, role, terminated.exitCode)) return earlier;
  const lost: Terminated | undefined = running && {
    exitCode: 137,
    reason: "Unknown",
    message: "The container ended together with the cluster that ran it",
    ...(running.startedAt !== undefined && { startedAt: running.startedAt }),
    finishedAt: now,
  };
  const last = terminated ?? lost ?? earlier.lastState?.terminated;
  return {
    ...fresh,
    ...waiting,
    restartCount: earlier.restartCount,
    ...(last && { lastState: { terminated: last } }),
  };
}
