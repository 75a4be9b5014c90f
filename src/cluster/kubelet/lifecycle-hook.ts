// What a container's lifecycle asks for after its start or before its end: run a command, ask over
// HTTP, or wait. Says what went wrong, in a kubelet's words; what follows from it is the caller's.
import { sleep, type Clock } from "../../lib/clock.ts";
import type { LifecycleHandler } from "../../resources/pod.ts";
import { httpStatus, type ProbeTarget } from "./probe.ts";

/**
 * Undefined when it went well. It has no time limit of its own; an abort counts as a failure. The
 * answer to an HTTP request counts whatever its status is, as for a kubelet.
 */
export async function runLifecycleHook(
  handler: LifecycleHandler,
  target: ProbeTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await attempt(handler, target, clock, signal);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function attempt(
  { exec, httpGet, sleep: pause }: LifecycleHandler,
  target: ProbeTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (exec) {
    const command = exec.command ?? [];
    const { exitCode, output } = await target.exec(command, signal);
    const words = command.join(" ");
    if (signal.aborted) return `command '${words}' did not end in time`;
    return exitCode === 0 ? undefined : `command '${words}' exited with ${exitCode}: ${output}`;
  }
  if (httpGet) {
    await httpStatus(httpGet, target, signal);
    return undefined;
  }
  if (pause) {
    await sleep(clock, pause.seconds * 1000, signal);
    return signal.aborted ? "the container ended before its pause did" : undefined;
  }
  return "Cannot run handler: invalid handler: tcpSocket is not supported; use exec, httpGet or sleep";
}
